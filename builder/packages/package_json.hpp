// A package set as JSON. Apart from package_set.hpp, because the JSON library is slow to compile.
#pragma once

#include "builder/packages/package_set.hpp"
#include "common/json/json.hpp"

namespace ingot::builder::packages {

json::Json to_json(const PackageSet& set);
/// invalid_input if a package has no name, version or hash.
Result<PackageSet> from_json(const json::Json& value);

} // namespace ingot::builder::packages
