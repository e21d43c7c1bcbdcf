#include <algorithm>
#include <cstdio>

#include "cloud-init/userdata/field_tables.hpp"
#include "cloud-init/userdata/key_tables.hpp"
#include "common/text/text.hpp"
#include "firstboot/cli/commands.hpp"

namespace ingot::firstboot::cli {

namespace {

void print(const cloud_init::KeyInfo& key) {
    std::printf(
        "%s", text::format("{}: {}{}{}\n", key.name, key.type, key.fallback.empty() ? "" : ", default ", key.fallback)
                  .c_str());
    std::printf("  %s\n", std::string(key.meaning).c_str());
    if (!key.example.empty()) { std::printf("  %s\n", std::string(key.example).c_str()); }
}

/// "users[0].name" and "users.name" as the table of fields has it: "users[].name".
std::string without_places(std::string_view path) {
    std::string plain;
    bool inside = false;
    for (const char letter : path) {
        inside = inside ? letter != ']' && letter != '}' : letter == '[' || letter == '{';
        if (!inside && letter != ']' && letter != '}') { plain += letter; }
    }
    return plain;
}

/// What is said of a key inside of another one; false if the table has none of that name.
bool print_nested(const std::string& key) {
    bool found = false;
    const auto wanted = without_places(key);
    for (const auto& field : cloud_init::nested_fields()) {
        const auto path = without_places(field.path);
        const bool below = path.size() > wanted.size() && path.starts_with(wanted) && path[wanted.size()] == '.';
        if (path != wanted && !below) { continue; }
        found = true;
        std::printf("%s", text::format("{}: {}{}{}{}\n", field.path, field.type, field.needed ? ", needed" : "",
                                       field.meaning.empty() ? "" : "; ", field.meaning)
                              .c_str());
    }
    return found;
}

} // namespace

Result<int> explain(const std::string& key) {
    const auto keys = cloud_init::applied_keys();
    if (key.empty()) {
        for (const auto& one : keys) { print(one); }
        return 0;
    }
    if (key.find_first_of(".[") != std::string::npos && print_nested(key)) { return 0; }
    const auto top = key.substr(0, key.find_first_of(".["));
    const auto found = std::ranges::find(keys, top, &cloud_init::KeyInfo::name);
    if (found != keys.end()) {
        print(*found);
        static_cast<void>(print_nested(key));
        return 0;
    }
    const auto& known = cloud_init::known_keys();
    if (std::ranges::find(known, top) != known.end()) {
        std::printf("%s: a key of cloud-init that is not applied here; user-data that has it gets a warning\n",
                    top.c_str());
        return 0;
    }
    auto names = cloud_init::applied_key_names();
    names.insert(names.end(), known.begin(), known.end());
    const auto near = text::nearest(top, names);
    return fail(ErrorKind::invalid_input, text::format("neither this program nor cloud-init has a key '{}'{}", top,
                                                       near ? text::format("; did you mean '{}'?", *near) : ""));
}

} // namespace ingot::firstboot::cli
