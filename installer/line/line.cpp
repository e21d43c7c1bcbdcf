#include "installer/line/line.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "common/text/text.hpp"

namespace ingot::installer {

namespace {

Error wrong(const std::string& what) { return fail(ErrorKind::invalid_input, "the kernel's command line: " + what); }

/// "nocloud;s=URL". The instance-id and host name of that word would be lost with the command line.
Result<std::string> seed_of(std::string_view value) {
    std::string seed;
    const auto parts = text::split(value, ';');
    if (parts.front() != "nocloud" && parts.front() != "nocloud-net") { return std::string(); }
    for (const auto& part : parts) {
        const auto equals = part.find('=');
        if (equals == std::string::npos) { continue; }
        const auto key = part.substr(0, equals);
        if (key == "s" || key == "seedfrom") { seed = part.substr(equals + 1); }
        if (key == "i" || key == "h" || key == "instance-id" || key == "local-hostname") {
            return wrong(
                text::format("ds= has {}=, which does not outlive an installation; put it into meta-data", key));
        }
    }
    if (!seed.empty() && !seed.starts_with("http://") && !seed.starts_with("https://")) {
        return wrong(text::format("the seed '{}' is no http:// address", seed));
    }
    return seed;
}

} // namespace

bool is_sha256(std::string_view text) {
    constexpr std::size_t kDigits = 64;
    return text.size() == kDigits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Result<Wanted> parse_line(std::string_view line) {
    Wanted wanted;
    const std::array<std::pair<std::string_view, std::string*>, 6> known = {{{"ingot.install", &wanted.image},
                                                                             {"ingot.map", &wanted.map_sha256},
                                                                             {"ingot.disk", &wanted.disk},
                                                                             {"ingot.wipe", &wanted.wipe},
                                                                             {"ingot.again", &wanted.again},
                                                                             {"ingot.report", &wanted.report}}};
    for (const auto& word : text::split(text::trim(line), ' ')) {
        const auto equals = word.find('=');
        const auto key = std::string_view(word).substr(0, equals);
        const auto value = equals == std::string::npos ? std::string() : word.substr(equals + 1);
        if (key == "ds") {
            INGOT_ASSIGN(wanted.seed, seed_of(value), "");
            continue;
        }
        if (!key.starts_with("ingot.")) { continue; }
        const auto* const found = std::ranges::find(known, key, [](const auto& entry) { return entry.first; });
        if (found == known.end()) {
            std::vector<std::string> names;
            for (const auto& entry : known) { names.emplace_back(entry.first); }
            // A rule for the disk that is misspelt must not be a rule that does not exist.
            return wrong(
                text::format("'{}' means nothing to the installer; there are: {}", key, text::join(names, ", ")));
        }
        *found->second = value;
    }
    if (wanted.image.empty()) { return wrong("ingot.install= does not say where the image is"); }
    if (!wanted.map_sha256.empty() && !is_sha256(wanted.map_sha256)) {
        return wrong(text::format("ingot.map= is '{}', not a SHA-256", wanted.map_sha256));
    }
    return wanted;
}

} // namespace ingot::installer
