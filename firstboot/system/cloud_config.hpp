// The ordinary cloud-config of the user-data as steps: host name, ssh keys, users, files, commands.
#pragma once

#include <vector>

#include "cloud-init/userdata/userdata.hpp"
#include "firstboot/node/node.hpp"
#include "firstboot/steps/steps.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot {

/// Steps that work with copies of what they are given; `environment` must outlive them.
std::vector<Step> cloud_config_steps(const cloud_init::UserData& user_data, const Metadata& metadata,
                                     Environment& environment);

/// The ssh keys that the datasource itself names, for root: before the user-data is looked at.
std::vector<Step> metadata_keys_steps(const Metadata& metadata, Environment& environment);

} // namespace ingot::firstboot
