#include "installer/seed/seed.hpp"

#include <array>

#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::installer {

namespace {

constexpr const char* kFolder = "var/lib/cloud/seed/nocloud";
constexpr std::uint64_t kLimit = 16U << 20U;

struct Part {
    const char* name;
    bool needed;
};
constexpr std::array kParts = {Part{"meta-data", true}, Part{"user-data", true}, Part{"vendor-data", false},
                               Part{"network-config", false}};

std::string address_of(std::string_view base, std::string_view name) {
    if (base.find("%s") != std::string_view::npos) { return text::replace_all(std::string(base), "%s", name); }
    const bool closed = base.ends_with('/') || base.find('?') != std::string_view::npos;
    return text::format("{}{}{}", base, closed ? "" : "/", name);
}

} // namespace

Result<Seed> fetch_seed(Client& client, std::string_view base) {
    Seed seed;
    for (const auto& part : kParts) {
        INGOT_ASSIGN(const auto url, parse_url(address_of(base, part.name)), "the seed");
        auto content = client.get(url, kLimit);
        if (!content && content.error().kind == ErrorKind::not_found && !part.needed) { continue; }
        INGOT_ASSIGN(auto text, std::move(content), "the seed");
        seed.push_back({.name = part.name, .content = std::move(text)});
    }
    return seed;
}

Status write_seed(const std::filesystem::path& root, const Seed& seed) {
    if (seed.empty()) { return {}; }
    constexpr mode_t kRootOnly = 0700;
    INGOT_TRY(files::make_directory(root / kFolder, {.mode = kRootOnly}), "leaving the seed on the disk");
    for (const auto& file : seed) {
        INGOT_TRY(files::write(root / kFolder / file.name, file.content, {.mode = 0600}),
                  "leaving the seed on the disk");
    }
    return {};
}

} // namespace ingot::installer
