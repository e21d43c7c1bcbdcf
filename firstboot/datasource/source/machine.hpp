// The machine as its firmware and its command line describe it: what detection goes by, without any network.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/files/files.hpp"

namespace ingot::firstboot {

/// In a container DMI is the host's, so every field of it stays empty there.
struct Machine {
    bool container = false;
    std::vector<std::string> command_line{};
    std::string vendor;          ///< sys_vendor: "Hetzner", "Amazon EC2", "OpenStack Foundation"
    std::string product;         ///< product_name
    std::string serial;          ///< product_serial
    std::string uuid;            ///< product_uuid, lower case
    std::string board_asset_tag; ///< on EC2 the instance-id
};

/// Never fails: what cannot be read stays empty.
Machine read_machine(const files::Root& root);

/// What ds= (or ci.ds=, ci.datasource=) says on the command line, without "ds="; empty if it does not.
std::string datasource_words(const Machine& machine);

/// `text` with every `__dmi.KEY__` replaced by what DMI says for cloud-init's names of the keys
/// (system-serial-number, chassis-asset-tag, …); a key that is not known stays as it is.
std::string expand_dmi(std::string text, const files::Root& root);

/// Whether a UUID and the machine's are the same; firmware may give the first three groups in the other byte order.
bool same_uuid(std::string_view one, std::string_view other);

} // namespace ingot::firstboot
