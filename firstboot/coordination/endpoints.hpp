// Where the members of etcd are, now and after a restart.
//
// The user-data names the founders, which is true on day one. Members are replaced, and their addresses change; so
// every node writes down the list of members whenever it sees another one, and begins with it at its next boot. The
// founders stay behind the known members: a node that was off while all members were replaced finds nobody at
// the places it knows, and is told by a person (docs/operations.md).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/files/files.hpp"
#include "common/result/result.hpp"
#include "firstboot/coordination/etcd_client.hpp"

namespace ingot::firstboot {

using EtcdAddresses = std::map<std::string, std::string>; ///< name → address

/// The members that were seen last; the founders if none ever were.
EtcdAddresses known_members(const files::Root& root, const EtcdAddresses& founders);
/// The known members, and the founders that are not among them. Reads the disk.
EtcdAddresses addresses_to_try(const files::Root& root, const EtcdAddresses& founders);
/// The same as endpoints.
std::vector<std::string> etcd_endpoints(const files::Root& root, const EtcdAddresses& founders);
/// Writes the voters down. True if they differ from what was known.
Result<bool> remember_members(const files::Root& root, const std::vector<EtcdMember>& members);

/// "https://10.0.0.11:2379", with brackets for IPv6.
std::string etcd_url(std::string_view address);

} // namespace ingot::firstboot
