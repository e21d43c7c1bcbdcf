// The two halves of user-data's reader. Only for the files of this folder.
#pragma once

#include "cloud-init/userdata/sections.hpp"

namespace ingot::cloud_init {

/// The ordinary keys at the top of a #cloud-config.
CloudConfig read_cloud_config(const document::Value& root, Findings& findings);
/// What stands under `ingot:`.
IngotConfig read_ingot(const document::Value& section, Findings& findings);

} // namespace ingot::cloud_init
