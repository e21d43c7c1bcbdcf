#include "builder/packages/package_json.hpp"

namespace ingot::builder::packages {

json::Json to_json(const PackageSet& set) {
    auto list = json::Json::array();
    for (const auto& package : set) {
        list.push_back({{"name", package.name},
                        {"version", package.version},
                        {"architecture", package.architecture},
                        {"size", package.size},
                        {"sha256", package.sha256},
                        {"uri", package.uri}});
    }
    return list;
}

Result<PackageSet> from_json(const json::Json& value) {
    PackageSet set;
    if (!value.is_array()) { return fail(ErrorKind::invalid_input, "a package set has to be a JSON array"); }
    for (const auto& item : value) {
        const auto text = [&](std::string_view key) { return json::string_at(item, key).value_or(""); };
        Package package{.name = text("name"),
                        .version = text("version"),
                        .architecture = text("architecture"),
                        .size = json::unsigned_at(item, "size").value_or(0),
                        .sha256 = text("sha256"),
                        .uri = text("uri")};
        if (package.name.empty() || package.version.empty() || package.sha256.size() != kHashDigits) {
            return fail(ErrorKind::invalid_input,
                        "a package needs a name, a version and a sha256: " + json::to_line(item));
        }
        set.push_back(std::move(package));
    }
    return set;
}

} // namespace ingot::builder::packages
