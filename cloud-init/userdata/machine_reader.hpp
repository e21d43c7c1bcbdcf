// What the readers of the machine's keys share. Only for the files of this folder.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cloud-init/userdata/parts.hpp"

namespace ingot::cloud_init {

/// The text of a scalar; empty if it is none.
std::string scalar_of(const document::Value* value);
/// A text or a list of texts.
std::vector<std::string> one_or_many(const document::Value* value);
/// The items of a list; a fault if it is none.
const document::Sequence& items_of(document::Fields& fields, std::string_view key);

/// growpart, resize_rootfs, disk_setup, fs_setup, mounts, swap.
void read_disk_config(MachineConfig& config, document::Fields& fields, Findings& findings);

} // namespace ingot::cloud_init
