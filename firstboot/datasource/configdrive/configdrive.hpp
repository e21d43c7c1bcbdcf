// ConfigDrive: openstack/<version>/meta_data.json, user_data, network_data.json, vendor_data.json on a filesystem
// labelled config-2, or in a folder.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/result/result.hpp"
#include "firstboot/datasource/source/machine.hpp"
#include "firstboot/node/node.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot::configdrive {

/// Nothing if there is no drive. refused if it belongs to another machine of the same OpenStack (its uuid is not the
/// firmware's); invalid_input if it is there and wrong.
Result<std::optional<Metadata>> read(const Environment& environment, const Machine& machine);

/// The drive's documents; those that are not there are empty.
struct Documents {
    std::string meta_data;
    std::string user_data{};
    std::string network_data{};
    std::string vendor_data{};
};
Result<Metadata> parse(Documents documents);

} // namespace ingot::firstboot::configdrive
