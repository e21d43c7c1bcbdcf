#include "builder/packages/messages.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "common/text/text.hpp"

namespace ingot::builder::packages {

namespace {

using Phrases = std::vector<std::string_view>;

bool mentions(std::string_view text, const Phrases& phrases) {
    return std::ranges::any_of(phrases, [&](auto phrase) { return text.find(phrase) != std::string_view::npos; });
}

ErrorKind kind_of(std::string_view said) {
    // The order matters: a repository with a bad signature is also one that failed to download.
    const static Phrases kUnsigned = {
        "NO_PUBKEY",         "BADSIG",           "EXPKEYSIG",           "is not signed", "GPG error",
        "invalid signature", "no longer signed", "couldn't be verified"};
    const static Phrases kUnknown = {"Unable to locate package",
                                     "Unable to correct problems",
                                     "was not found",
                                     "has no installation candidate",
                                     "unmet dependencies",
                                     "does not have a Release file",
                                     "Unsupported file"};
    if (mentions(said, kUnsigned)) { return ErrorKind::refused; }
    if (mentions(said, kUnknown)) { return ErrorKind::invalid_input; }
    return ErrorKind::transient;
}

} // namespace

std::string acquire_settings(std::string_view dump) {
    constexpr std::array<std::string_view, 8> kTaken = {
        "acquire::http::",   "acquire::https::",  "acquire::http ",       "acquire::https ",
        "acquire::retries ", "acquire::forceipv", "acquire::check-date ", "acquire::check-valid-until "};
    std::string settings;
    for (const auto& line : text::lines(dump)) {
        const auto name = text::lower(line.substr(0, line.find('"')));
        const bool taken = std::ranges::any_of(kTaken, [&](auto prefix) { return name.starts_with(prefix); });
        const bool weakens = mentions(name, {"verify-", "insecure", "allow"});
        if (taken && !weakens) { settings += line + "\n"; }
    }
    return settings;
}

Error explain_failure(std::string_view doing, std::string_view said) {
    std::vector<std::string> faults;
    for (const auto& line : text::lines(said)) {
        const bool fault =
            line.starts_with("E: ") || mentions(line, {"unmet dependencies", " : Depends:", "GPG error"});
        const bool repeats = mentions(line, {"Some index files failed to download"});
        auto text =
            std::string(text::trim(line.starts_with("E: ") || line.starts_with("W: ") ? line.substr(3) : line));
        if (fault && !repeats && std::ranges::find(faults, text) == faults.end()) {
            faults.push_back(std::move(text));
        }
    }
    if (faults.empty()) { faults.emplace_back(text::trim(said)); }
    return fail(kind_of(said), text::format("{}: {}", doing, text::join(faults, "; ")));
}

Error fetch_failure(std::string_view said, std::string_view uri) {
    const auto start = text::format("E: Failed to fetch {}  ", uri);
    for (const auto& line : text::lines(said)) {
        if (!line.starts_with(start)) { continue; }
        const auto reason = std::string(text::trim(std::string_view(line).substr(start.size())));
        // The status comes first; further on stand address and port of the mirror, which may be any number.
        if (reason.starts_with("404 ") || reason.starts_with("410 ") ||
            mentions(reason, {"File not found", "No such file"})) {
            return fail(ErrorKind::not_found, reason);
        }
        if (mentions(reason, {"Hash Sum mismatch", "unexpected size"})) { return fail(ErrorKind::refused, reason); }
        return fail(ErrorKind::transient, reason);
    }
    return fail(ErrorKind::transient, "it did not arrive");
}

std::string package_in_question(std::string_view said) {
    constexpr std::array<std::string_view, 2> kBefore = {"Unable to locate package ", "E: Package '"};
    for (const auto phrase : kBefore) {
        const auto found = said.find(phrase);
        if (found == std::string_view::npos) { continue; }
        const auto rest = said.substr(found + phrase.size());
        return std::string(rest.substr(0, rest.find_first_of("' \n;")));
    }
    return {};
}

} // namespace ingot::builder::packages
