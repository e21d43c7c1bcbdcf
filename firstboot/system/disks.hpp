// Disks of cloud-config: partitions, filesystems, mounts, swap.
//
// SAFETY: nothing is ever made where something is. What a device holds is asked of blkid, which looks at the device
// itself, and its first mebibyte has to be zeros, because blkid does not know every kind of data. Only then a
// partition table or a filesystem is made, whatever the user-data says and whatever instance-id came with it. A mount
// is not made over a folder that holds files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cloud-init/userdata/userdata.hpp"
#include "firstboot/steps/steps.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot {

/// What blkid finds on a device.
struct DeviceContent {
    bool empty = false;
    std::string type; ///< of its filesystem; empty if it has none
    std::string label;
    std::string table; ///< of partitions: "gpt", "dos"; empty if it has none
};
/// From `blkid --probe --output export`: its exit code and its output. Anything but "looked and found nothing" (2)
/// with no output is not empty.
DeviceContent device_content(int exit_code, std::string_view output);

/// sfdisk's script for a layout on a device of so many bytes.
std::string render_sfdisk(const cloud_init::DiskLayout& disk, std::uint64_t bytes);
/// /etc/fstab with these lines in place of those that were written before.
std::string render_fstab(std::string_view existing, const std::vector<cloud_init::Mount>& mounts);

/// In their order: partitions, filesystems, mounts, swap. They hold up the node's role until they are done: a
/// database must not begin on the root disk because its own was late.
std::vector<Step> disk_steps(const cloud_init::MachineConfig& config, Environment& environment);

} // namespace ingot::firstboot
