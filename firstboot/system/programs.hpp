// Programs of the user-data: bootcmd, runcmd and scripts, each with its result recorded.
#pragma once

#include <string>
#include <vector>

#include "cloud-init/userdata/userdata.hpp"
#include "firstboot/node/node.hpp"
#include "firstboot/steps/steps.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot {

/// boothooks and bootcmd: at every boot, before users and files.
std::vector<Step> early_program_steps(const cloud_init::UserData& user_data, const Metadata& metadata,
                                      Environment& environment);
/// Scripts and runcmd, in cloud-init's order: the provider's, per-once, per-boot, per-instance; then the user's
/// scripts and runcmd by the names of their files, where all of runcmd is called "runcmd".
std::vector<Step> late_program_steps(const cloud_init::UserData& user_data, const Metadata& metadata,
                                     Environment& environment);

} // namespace ingot::firstboot
