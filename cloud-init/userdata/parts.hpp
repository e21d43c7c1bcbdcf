// The two halves of user-data's reader. Only for the files of this folder.
#pragma once

#include "cloud-init/userdata/sections.hpp"

namespace ingot::cloud_init {

/// The ordinary keys at the top of a #cloud-config.
CloudConfig read_cloud_config(const document::Value& root, Findings& findings);
/// The keys about the machine itself.
MachineConfig read_machine_config(const document::Value& root, Findings& findings);
/// Warns about keys of a mapping that are not applied: valid ones by name, others with the nearest valid one. `where`
/// is the mapping's place in this user-data, `row` what the table of fields calls it ("users[]").
void warn_of_others(const document::Value& value, std::string_view where, std::string_view row, Findings& findings);
/// Whose certificates and keys these are to be; no role if that itself is a fault.
struct PkiOwner {
    std::string cluster;
    std::optional<Role> role{};
};
/// What stands under `ingot.pki`.
Pki read_pki(const document::Value& section, std::string where, const PkiOwner& owner, AccessConfig& access,
             Findings& findings);
/// What stands under `ingot:`.
IngotConfig read_ingot(const document::Value& section, AccessConfig& access, Findings& findings);

} // namespace ingot::cloud_init
