// Text → RoleFile → Role. Pure.
#include "builder/spec/spec.hpp"

#include <algorithm>
#include <array>

#include "common/document/document.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::spec {

namespace {

using document::Fields;
using document::Value;

constexpr std::string_view kSmall = "abcdefghijklmnopqrstuvwxyz0123456789";

bool only(std::string_view text, std::string_view allowed) {
    return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

bool is_package(std::string_view name) {
    return only(name, "abcdefghijklmnopqrstuvwxyz0123456789+-.") && name.size() > 1 && kSmall.contains(name.front());
}

bool is_unit(std::string_view name) {
    constexpr std::array<std::string_view, 7> kSuffixes = {".service", ".socket", ".timer", ".target",
                                                           ".mount",   ".path",   ".slice"};
    return name.find('/') == std::string_view::npos && std::ranges::any_of(kSuffixes, [&](auto suffix) {
               return name.size() > suffix.size() && name.ends_with(suffix);
           });
}

bool is_folder_name(std::string_view name) { return only(name, "abcdefghijklmnopqrstuvwxyz0123456789-_"); }

bool is_suite(std::string_view name) {
    return only(name, "abcdefghijklmnopqrstuvwxyz0123456789-./") && kSmall.contains(name.front());
}

bool is_image_path(std::string_view path) {
    return path.starts_with('/') && path.size() > 1 && path.find("/../") == std::string_view::npos &&
           !path.ends_with("/..") && !path.ends_with('/');
}

bool is_pattern(std::string_view pattern) {
    return pattern.starts_with('/') && pattern.find_first_of("\n\r") == std::string_view::npos;
}

/// A list of texts with their places; each has to satisfy `valid`, described by `what`.
template <typename Check>
std::vector<Word> words(Fields& fields, std::string_view key, Check valid, std::string_view what) {
    const Value* list = fields.optional(key);
    if (list == nullptr) { return {}; }
    if (list->sequence() == nullptr) {
        fields.faults().add(list->position,
                            text::format("{}: expected a list, found {}", fields.path(key), list->kind()));
        return {};
    }
    std::vector<Word> result;
    for (const auto& item : *list->sequence()) {
        const auto text = document::as_text(item, fields.faults());
        if (!text) { continue; }
        if (!valid(*text)) {
            fields.faults().add(item.position, text::format("{}: '{}' is not {}", fields.path(key), *text, what));
        } else if (std::ranges::any_of(result, [&](const Word& word) { return word.text == *text; })) {
            fields.faults().add(item.position, text::format("{}: '{}' stands here twice", fields.path(key), *text));
        } else {
            result.push_back({*text, item.position});
        }
    }
    return result;
}

std::vector<std::string> texts_of(const std::vector<Word>& list) {
    std::vector<std::string> result;
    result.reserve(list.size());
    for (const auto& word : list) { result.push_back(word.text); }
    return result;
}

Units read_units(const Value& value, std::string_view where, Faults& faults) {
    Fields fields(value, std::string(where), faults);
    constexpr auto kWhat = "the full name of a unit, such as ssh.service";
    Units units{.enable = words(fields, "enable", is_unit, kWhat),
                .disable = words(fields, "disable", is_unit, kWhat),
                .mask = words(fields, "mask", is_unit, kWhat)};
    fields.finish();
    return units;
}

Trim read_trim(const Value& value, std::string_view where, Faults& faults) {
    Fields fields(value, std::string(where), faults);
    constexpr auto kWhat = "an absolute path pattern";
    Trim trim{.drop = texts_of(words(fields, "drop", is_pattern, kWhat)),
              .keep = texts_of(words(fields, "keep", is_pattern, kWhat))};
    fields.finish();
    return trim;
}

/// A non-empty list under a key that must be there.
std::vector<std::string> needed(Fields& fields, std::string_view key) {
    const Value* value = fields.required(key);
    if (value == nullptr) { return {}; }
    auto list = texts_of(words(
        fields, key,
        [](std::string_view text) {
            return only(text, text) && text.find_first_of(" \t\n") == std::string_view::npos;
        },
        "one word"));
    if (list.empty() && value->sequence() != nullptr && value->sequence()->empty()) {
        fields.faults().add(value->position, text::format("{}: the list is empty", fields.path(key)));
    }
    return list;
}

AptSource read_source(const std::string& name, const Value& value, std::string_view where, Faults& faults) {
    Fields fields(value, std::string(where), faults);
    AptSource source{.name = name,
                     .uris = needed(fields, "uris"),
                     .suites = needed(fields, "suites"),
                     .components = needed(fields, "components")};
    if (const Value* key = fields.required("signed_by")) {
        source.signed_by = {document::as_text(*key, faults).value_or(""), key->position};
    }
    fields.finish();
    return source;
}

std::vector<AptSource> read_sources(const Value& value, std::string_view where, Faults& faults) {
    if (value.mapping() == nullptr) {
        faults.add(value.position,
                   text::format("{}: expected a mapping from names to repositories, found {}", where, value.kind()));
        return {};
    }
    std::vector<AptSource> sources;
    for (const auto& entry : *value.mapping()) {
        if (!is_folder_name(entry.key)) {
            faults.add(entry.position, text::format("{}: '{}' is not a name in small letters", where, entry.key));
            continue;
        }
        sources.push_back(read_source(entry.key, entry.value, text::format("{}.{}", where, entry.key), faults));
    }
    return sources;
}

std::vector<EarlyFile> read_early_files(const Value& value, std::string_view where, Faults& faults) {
    if (value.mapping() == nullptr) {
        faults.add(value.position,
                   text::format("{}: expected a mapping from paths to contents, found {}", where, value.kind()));
        return {};
    }
    std::vector<EarlyFile> early;
    for (const auto& entry : *value.mapping()) {
        if (!is_image_path(entry.key)) {
            faults.add(entry.position, text::format("{}: '{}' is not an absolute path of a file", where, entry.key));
        }
        if (auto content = document::as_text(entry.value, faults)) { early.push_back({entry.key, *content}); }
    }
    return early;
}

void read_formats(Fields& fields, RoleFile& file) {
    const auto names = format_names();
    for (const auto& word : words(fields, "formats", [](std::string_view) { return true; }, "")) {
        if (const auto format = format_of(word.text)) {
            file.formats.push_back(*format);
            continue;
        }
        const auto near = text::nearest(word.text, names);
        fields.faults().add(
            word.position,
            text::format("formats: '{}' is not a format; there are: {}", word.text, text::join(names, ", ")),
            near ? text::format("did you mean '{}'?", *near) : std::string());
    }
    if (const auto* value = fields.optional("formats")) { file.formats_at = value->position; }
}

} // namespace

RoleFile parse(std::string_view text, std::string_view file, std::string_view name, Faults& faults) {
    RoleFile result;
    result.layer.name = name;
    Faults found;
    const Value root = document::parse(text, file, found);
    if (!found.empty()) {
        faults.merge(std::move(found));
        return result;
    }
    Fields fields(root, "", faults);
    auto& layer = result.layer;
    if (const Value* extends = fields.optional("extends")) {
        result.extends = {document::as_text(*extends, faults).value_or(""), extends->position};
    }
    if (const auto suite = fields.text("suite")) {
        if (!is_suite(*suite)) {
            faults.add(root.find("suite")->position, text::format("suite: '{}' is not the name of a suite", *suite));
        }
        result.suite = *suite;
    }
    layer.packages = words(fields, "packages", is_package, "the name of a package");
    layer.overlays = words(fields, "overlays", is_folder_name, "the name of a folder of overlays/");
    read_formats(fields, result);
    if (const Value* value = fields.optional("kernel")) { read_kernel(*value, result, faults); }
    if (const Value* value = fields.optional("disk")) { read_disk(*value, result, faults); }
    if (const Value* value = fields.optional("units")) { layer.units = read_units(*value, "units", faults); }
    if (const Value* value = fields.optional("trim")) { layer.trim = read_trim(*value, "trim", faults); }
    if (const Value* value = fields.optional("sources")) { layer.sources = read_sources(*value, "sources", faults); }
    if (const Value* value = fields.optional("before_packages")) {
        layer.before_packages = read_early_files(*value, "before_packages", faults);
    }
    fields.finish();
    return result;
}

namespace {

/// They have the place of the words that ask for the kernel.
void add_kernel_packages(Role& role) {
    auto& packages = role.layers.front().packages;
    for (auto& name : packages_of(role.kernel.flavour, role.suite)) {
        if (std::ranges::find(packages, name, &Word::text) != packages.end()) { continue; }
        packages.push_back({std::move(name), role.kernel.position});
    }
}

} // namespace

Role combine(const std::vector<RoleFile>& chain) {
    Role role;
    constexpr std::array<std::string_view, 4> kNodeRoles = {"backup", "db", "etcd", "proxy"};
    for (const auto& file : chain) {
        role.name = file.layer.name;
        if (std::ranges::find(kNodeRoles, role.name) != kNodeRoles.end()) { role.node_role = role.name; }
        if (!file.suite.empty()) { role.suite = file.suite; }
        if (!file.formats.empty()) { role.formats = file.formats; }
        if (file.flavour) {
            role.kernel.flavour = *file.flavour;
            role.kernel.position = file.flavour_at;
        }
        if (file.command_line) { role.kernel.command_line = *file.command_line; }
        if (file.free_bytes) { role.disk.free_bytes = *file.free_bytes; }
        // A drop of a file below that is kept here, word for word, is taken back: excluded files never get installed.
        for (auto& below : role.layers) {
            std::erase_if(below.trim.drop, [&](const std::string& pattern) {
                return std::ranges::find(file.layer.trim.keep, pattern) != file.layer.trim.keep.end();
            });
        }
        role.layers.push_back(file.layer);
    }
    if (role.layers.empty()) { return role; }
    if (role.node_role.empty()) { role.node_role = role.name; }
    add_kernel_packages(role);
    return role;
}

void change_suite(Role& role, std::string suite) {
    role.suite = std::move(suite);
    if (role.layers.empty()) { return; }
    const auto kernel = role.kernel.position.to_string();
    std::erase_if(role.layers.front().packages,
                  [&kernel](const Word& word) { return word.position.to_string() == kernel; });
    add_kernel_packages(role);
}

} // namespace ingot::builder::spec
