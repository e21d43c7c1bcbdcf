#include "common/identity/identity.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "common/text/text.hpp"

namespace ingot::identity {

namespace {

constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::size_t kLongestSerial = 128;

/// Lower case, only letters and digits: fillers are spelled in every way.
std::string essence(std::string_view text) {
    std::string kept;
    for (const char letter : text::lower(text)) {
        if ((letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9')) { kept += letter; }
    }
    return kept;
}

bool one_letter_only(std::string_view text) { return std::set<char>(text.begin(), text.end()).size() <= 1; }

constexpr std::array<std::string_view, 21> kSerialFillers = {"tobefilledbyoem",
                                                             "tobefilledbyom",
                                                             "defaultstring",
                                                             "systemserialnumber",
                                                             "serialnumber",
                                                             "notspecified",
                                                             "notapplicable",
                                                             "notavailable",
                                                             "none",
                                                             "na",
                                                             "unknown",
                                                             "oem",
                                                             "invalid",
                                                             "empty",
                                                             "123456789",
                                                             "0123456789",
                                                             "1234567890",
                                                             "12345678",
                                                             "chassisserialnumber",
                                                             "baseboardserialnumber",
                                                             "default"};

constexpr std::array<std::string_view, 5> kUuidFillers = {
    "03000200-0400-0500-0006-000700080009", "00020003-0004-0005-0006-000700080009",
    "12345678-1234-5678-90ab-cddeefaabbcc", "01020304-0506-0708-090a-0b0c0d0e0f10",
    "fefefefe-fefe-fefe-fefe-fefefefefefe"};

} // namespace

std::optional<std::string> mac_of(std::string_view given) {
    std::string digits;
    for (const char letter : text::lower(text::trim(given))) {
        if (kHex.find(letter) != std::string_view::npos) {
            digits += letter;
        } else if (letter != ':' && letter != '-') {
            return std::nullopt;
        }
    }
    if (digits.size() != 12 || one_letter_only(digits)) { return std::nullopt; }
    const auto low = kHex.find(digits[1]);
    if (low % 2 == 1) { return std::nullopt; } // a group's address, not a card's
    std::string mac;
    for (std::size_t at = 0; at < digits.size(); at += 2) {
        if (at > 0) { mac += ':'; }
        mac += digits.substr(at, 2);
    }
    return mac;
}

std::optional<std::string> uuid_of(std::string_view given) {
    auto uuid = text::lower(text::trim(given));
    constexpr std::string_view kForm = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    if (uuid.size() != kForm.size()) { return std::nullopt; }
    for (std::size_t at = 0; at < uuid.size(); ++at) {
        const bool good = kForm[at] == '-' ? uuid[at] == '-' : kHex.find(uuid[at]) != std::string_view::npos;
        if (!good) { return std::nullopt; }
    }
    if (one_letter_only(essence(uuid))) { return std::nullopt; }
    if (std::ranges::find(kUuidFillers, uuid) != kUuidFillers.end()) { return std::nullopt; }
    return uuid;
}

std::optional<std::string> serial_of(std::string_view given) {
    const auto serial = text::trim(given);
    const auto letters = essence(serial);
    // Two cards of one maker with the serial "1" are no rarity.
    if (letters.size() < 3 || serial.size() > kLongestSerial || one_letter_only(letters)) { return std::nullopt; }
    if (std::ranges::find(kSerialFillers, letters) != kSerialFillers.end()) { return std::nullopt; }
    for (const char letter : serial) {
        if (letter < ' ' || letter > '~') { return std::nullopt; }
    }
    return std::string(serial);
}

} // namespace ingot::identity
