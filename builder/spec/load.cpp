// From a folder of specs to one Role: follows `extends`, and checks that what a spec names is there.
#include <algorithm>

#include "builder/spec/spec.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::spec {

namespace {

constexpr std::string_view kEnding = ".yaml";
constexpr std::string_view kLockEnding = ".lock.yaml";

Result<std::vector<std::string>> role_names(const std::filesystem::path& roles) {
    INGOT_ASSIGN(const auto entries, files::list(roles), "looking for role specs");
    std::vector<std::string> names;
    for (const auto& entry : entries) {
        if (entry.ends_with(kEnding) && !entry.ends_with(kLockEnding)) {
            names.push_back(entry.substr(0, entry.size() - kEnding.size()));
        }
    }
    return names;
}

std::string hint_for(std::string_view word, const std::vector<std::string>& names) {
    if (const auto near = text::nearest(word, names)) { return text::format("did you mean '{}'?", *near); }
    return names.empty() ? std::string("there are none") : "there are: " + text::join(names, ", ");
}

/// Overlay folders and keys that a layer names but that are not there.
void check_files(const Layer& layer, const std::filesystem::path& roles, const std::filesystem::path& overlays,
                 Faults& faults) {
    std::vector<std::string> folders;
    if (auto listed = files::list(overlays)) { folders = *std::move(listed); }
    for (const auto& overlay : layer.overlays) {
        if (std::filesystem::is_directory(overlays / overlay.text)) { continue; }
        faults.add(overlay.position,
                   text::format("there is no overlay folder {}", (overlays / overlay.text).string()),
                   hint_for(overlay.text, folders));
    }
    for (const auto& source : layer.sources) {
        const auto& key = source.signed_by;
        if (key.text.empty() || std::filesystem::is_regular_file(roles / key.text)) { continue; }
        faults.add(key.position, text::format("there is no key file {}", (roles / key.text).string()));
    }
}

} // namespace

Result<Role> load(const std::filesystem::path& roles, const std::filesystem::path& overlays, std::string_view name) {
    INGOT_ASSIGN(const auto names, role_names(roles), "");
    if (std::ranges::find(names, name) == names.end()) {
        return fail(ErrorKind::invalid_input,
                    text::format("there is no role '{}' in {} ({})", name, roles.string(), hint_for(name, names)));
    }
    Faults faults;
    std::vector<RoleFile> chain; // outermost first; turned round at the end
    for (std::string next(name); !next.empty();) {
        const auto file = roles / (next + std::string(kEnding));
        INGOT_ASSIGN(const auto text, files::read(file), "reading " + file.string());
        chain.push_back(parse(text, file.string(), next, faults));
        check_files(chain.back().layer, roles, overlays, faults);
        const auto& extends = chain.back().extends;
        if (std::ranges::any_of(chain, [&](const RoleFile& seen) { return seen.layer.name == extends.text; })) {
            faults.add(extends.position, text::format("extends: '{}' leads in a circle", extends.text));
            break;
        }
        if (!extends.text.empty() && std::ranges::find(names, extends.text) == names.end()) {
            faults.add(extends.position, text::format("extends: there is no role '{}'", extends.text),
                       hint_for(extends.text, names));
            break;
        }
        next = extends.text;
    }
    std::ranges::reverse(chain);
    auto role = combine(chain);
    if (faults.empty() && role.suite.empty()) {
        faults.add({.file = (roles / (role.name + std::string(kEnding))).string()},
                   "no file of the role names a suite");
    }
    const auto named = std::ranges::find_if(chain.rbegin(), chain.rend(),
                                            [](const RoleFile& file) { return !file.formats.empty(); });
    if (role.formats.empty()) {
        role.formats = role.kernel.flavour == Flavour::none ? std::vector{Format::squashfs, Format::tar_zst}
                                                            : std::vector{Format::raw_zst, Format::netboot};
    } else if (auto possible = check_formats(role); !possible && named != chain.rend()) {
        faults.add(named->formats_at, std::move(possible).error().message);
    }
    if (!faults.empty()) { return faults.to_error(); }
    return role;
}

} // namespace ingot::builder::spec
