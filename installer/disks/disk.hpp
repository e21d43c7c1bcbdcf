// The disks of this machine, as the kernel and udev describe them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/files/files.hpp"
#include "common/result/result.hpp"

namespace ingot::installer {

struct Disk {
    std::string name{};               ///< "sda": says nothing that lasts
    std::string path{};               ///< "/dev/sda"
    std::vector<std::string> by_id{}; ///< "virtio-S1234": names of links in /dev/disk/by-id
    std::string serial{};
    std::string wwn{};
    std::string model{};
    std::string transport{}; ///< nvme, sata, scsi, virtio, usb, …
    std::uint64_t size = 0;
    std::uint32_t sector_size = 0;
    bool rotational = false;
    bool removable = false;
    bool read_only = false;
    bool virtual_device = false;        ///< loop, zram, md, dm, ram, optical: no disk of this machine's own
    std::vector<std::string> used_by{}; ///< what holds it or a partition of it: "md127", "swap", a mount point
};

/// Everything in /sys/block, sorted by name. What cannot be read of a disk stays empty.
Result<std::vector<Disk>> list_disks(const files::Root& root);

/// Names a disk so that a person finds it: path, size, model, and every name that lasts.
std::string describe(const Disk& disk);

} // namespace ingot::installer
