// Which machines a lab has, and everything about a machine that follows from its address.
//
// Addresses are handed out so that a person recognises a role by them (with a /24: etcd from .11, db from .21,
// proxy from .31, what comes later from .101). MAC address and switch port are made of the address, so that
// a machine keeps both over restarts without anything being written down.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cloud-init/cluster/cluster.hpp"
#include "cloud-init/userdata/network.hpp"
#include "cloud-init/userdata/userdata.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::lab {

using cloud_init::Role;

/// One machine of a lab.
struct Member {
    std::string name;
    Role role = Role::db;
    std::string address;
    std::uint32_t instance_id = 0; ///< of the metadata service; a number, as Hetzner's is
    std::string machine_id{};      ///< UUID given to systemd
    std::string hostname{};        ///< what the metadata calls it, if not by its name
    bool powered = true;           ///< what was asked for last: a restart of the lab starts it again or not
};

/// The random part of a member, drawn by the caller so that planning stays pure.
struct MemberSeed {
    std::uint32_t instance_id = 0;
    std::string machine_id{};
};

/// The lab's private network. IPv4 only, /16 to /24, so that the address plan fits.
class LabNetwork {
  public:
    /// invalid_input with the reason when the lab cannot use this network.
    static Result<LabNetwork> parse(std::string_view cidr);
    [[nodiscard]] std::string cidr() const { return network_.to_string(); }
    [[nodiscard]] std::string first() const { return network_.first().to_string(); }
    [[nodiscard]] std::string netmask() const;
    [[nodiscard]] int prefix() const { return network_.prefix(); }
    /// The switch itself: gateway, DHCP and DNS. Always the first address.
    [[nodiscard]] std::string gateway() const { return host(1); }
    [[nodiscard]] std::string host(std::uint32_t number) const { return network_.first().plus(number).to_string(); }
    [[nodiscard]] bool contains(std::string_view address) const;

  private:
    explicit LabNetwork(cloud_init::Network network) : network_(network) {}
    cloud_init::Network network_;
};

/// "52:54:00:00:00:15" for 10.0.0.21: the last three bytes are the address's.
std::string mac_of(std::string_view address);
/// The name of a machine's port on the lab's switch: "p000015" for 10.0.0.21.
std::string port_of(std::string_view address);

/// Names that were ever given, so that a removed machine's name is not given to another: role → highest number.
using UsedNumbers = std::map<Role, int>;

/// The next machine of a role: number and address that nobody has or had. refused when the network is full.
Result<Member> next_member(Role role, const std::vector<Member>& present, const UsedNumbers& used,
                           const LabNetwork& network, const MemberSeed& seed);

/// The machines of a new lab in the order of their start: etcd founders as cluster.yaml names them,
/// backup hosts at the addresses of their repositories, then db, then proxy. `seeds` has one per machine.
/// invalid_input if a fixed address is outside the network or the gateway's.
Result<std::vector<Member>> founding_members(const cloud_init::Topology& topology, const LabNetwork& network,
                                             const std::vector<MemberSeed>& seeds,
                                             const std::vector<std::string>& backup_hosts = {});
/// How many machines founding_members() makes, without backup hosts.
std::size_t founding_count(const cloud_init::Topology& topology);
/// Addresses of the machines that keep repositories.
std::vector<std::string> backup_hosts(const cloud_init::BackupConfig& backup);

/// Notes the number in a member's name ("db-4" → 4).
void note_used(UsedNumbers& used, const Member& member);

/// Memory in MiB that a db machine is told it has: half of the host's over all db machines, between 512 and 2048.
int db_memory_mib(std::uint64_t host_memory_mib, std::size_t db_machines);

/// A lab's name: also a file name, a cgroup and part of messages. [a-z][a-z0-9-]{0,30}.
Status check_lab_name(std::string_view name);

} // namespace ingot::builder::lab
