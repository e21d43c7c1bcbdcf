#include "builder/lab/model/plan.hpp"

#include <algorithm>
#include <set>

#include "common/text/text.hpp"

namespace ingot::builder::lab {

namespace {

constexpr std::uint32_t kLaterMachines = 101; ///< host number from which machines are placed that have no room above
constexpr std::uint32_t kLastHost = 250;
constexpr std::uint32_t kRoleRange = 9;

std::uint32_t first_host(Role role) {
    switch (role) {
    case Role::etcd: return 11;
    case Role::db: return 21;
    case Role::proxy: return 31;
    case Role::backup: return 41;
    }
    return kLaterMachines;
}

std::uint32_t number_of(std::string_view address) {
    std::uint32_t number = 0;
    for (const auto& part : text::split(address, '.')) {
        number = (number << 8U) | static_cast<std::uint32_t>(text::to_number(part).value_or(0) & 0xff);
    }
    return number;
}

/// The number at the end of "db-12", or 0.
int name_number(std::string_view name, Role role) {
    const auto prefix = std::string(cloud_init::to_string(role)) + "-";
    if (!name.starts_with(prefix)) { return 0; }
    const auto number = text::to_number(name.substr(prefix.size()));
    constexpr long long kSensible = 1'000'000;
    return number && *number > 0 && *number < kSensible ? static_cast<int>(*number) : 0;
}

std::vector<std::uint32_t> candidate_hosts(Role role) {
    std::vector<std::uint32_t> hosts;
    for (std::uint32_t i = 0; i < kRoleRange; ++i) { hosts.push_back(first_host(role) + i); }
    for (std::uint32_t i = kLaterMachines; i <= kLastHost; ++i) { hosts.push_back(i); }
    return hosts;
}

} // namespace

Result<LabNetwork> LabNetwork::parse(std::string_view cidr) {
    const auto network = cloud_init::Network::parse(cidr);
    if (!network) { return fail(ErrorKind::invalid_input, text::format("\"{}\" is not a network", cidr)); }
    constexpr int kWidest = 16;
    constexpr int kNarrowest = 24;
    if (network->written().is_v6() || network->prefix() < kWidest || network->prefix() > kNarrowest) {
        return fail(ErrorKind::invalid_input,
                    text::format("the lab needs an IPv4 network from /16 to /24, and cluster.yaml says {}", cidr));
    }
    return LabNetwork(*network);
}

std::string LabNetwork::netmask() const {
    const auto mask = ~std::uint32_t{0} << static_cast<unsigned>(32 - network_.prefix());
    return text::format("{}.{}.{}.{}", mask >> 24U, (mask >> 16U) & 0xffU, (mask >> 8U) & 0xffU, mask & 0xffU);
}

bool LabNetwork::contains(std::string_view address) const {
    const auto parsed = cloud_init::Address::parse(address);
    return parsed && network_.contains(*parsed);
}

std::string mac_of(std::string_view address) {
    const auto number = number_of(address);
    return text::format("52:54:00:{:02x}:{:02x}:{:02x}", (number >> 16U) & 0xffU, (number >> 8U) & 0xffU,
                        number & 0xffU);
}

std::string port_of(std::string_view address) { return text::format("p{:06x}", number_of(address) & 0xffffffU); }

Result<Member> next_member(Role role, const std::vector<Member>& present, const UsedNumbers& used,
                           const LabNetwork& network, const MemberSeed& seed) {
    std::set<std::string> addresses;
    int number = 0;
    if (const auto known = used.find(role); known != used.end()) { number = known->second; }
    for (const auto& member : present) {
        addresses.insert(member.address);
        if (member.role == role) { number = std::max(number, name_number(member.name, role)); }
    }
    ++number;
    for (const auto host : candidate_hosts(role)) {
        auto address = network.host(host);
        if (addresses.contains(address)) { continue; }
        return Member{.name = text::format("{}-{}", cloud_init::to_string(role), number),
                      .role = role,
                      .address = std::move(address),
                      .instance_id = seed.instance_id,
                      .machine_id = seed.machine_id};
    }
    return fail(ErrorKind::refused,
                text::format("the network {} has no address left for another machine", network.cidr()));
}

std::size_t founding_count(const cloud_init::Topology& topology) {
    return topology.etcd.size() + static_cast<std::size_t>(topology.db) + static_cast<std::size_t>(topology.proxy);
}

Result<std::vector<Member>> founding_members(const cloud_init::Topology& topology, const LabNetwork& network,
                                             const std::vector<MemberSeed>& seeds,
                                             const std::vector<std::string>& backup_hosts) {
    if (seeds.size() < founding_count(topology) + backup_hosts.size()) {
        return fail(ErrorKind::bug, "too few seeds for the founding members");
    }
    std::vector<Member> members;
    const auto place = [&](const std::string& name, Role role, const std::string& address) -> Status {
        if (!network.contains(address) || address == network.gateway()) {
            return fail(
                ErrorKind::invalid_input,
                text::format("the {} {} has the address {}, which is {}",
                             role == Role::etcd ? "etcd founder" : "backup host", name, address,
                             address == network.gateway() ? "the lab's gateway" : "not in " + network.cidr()));
        }
        const auto& seed = seeds[members.size()];
        members.push_back({.name = name,
                           .role = role,
                           .address = address,
                           .instance_id = seed.instance_id,
                           .machine_id = seed.machine_id});
        return {};
    };
    for (const auto& [name, address] : topology.etcd) { INGOT_TRY(place(name, Role::etcd, address), ""); }
    for (std::size_t i = 0; i < backup_hosts.size(); ++i) {
        INGOT_TRY(place(text::format("backup-{}", i + 1), Role::backup, backup_hosts[i]), "");
    }
    for (const auto& [role, count] : {std::pair{Role::db, topology.db}, std::pair{Role::proxy, topology.proxy}}) {
        for (int i = 0; i < count; ++i) {
            INGOT_ASSIGN(auto member, next_member(role, members, {}, network, seeds[members.size()]),
                         "planning the lab");
            members.push_back(std::move(member));
        }
    }
    return members;
}

std::vector<std::string> backup_hosts(const cloud_init::BackupConfig& backup) {
    std::vector<std::string> addresses;
    for (const auto& repository : backup.repositories) {
        const auto* const host = std::get_if<cloud_init::HostStore>(&repository.store);
        if (host != nullptr) { addresses.push_back(host->address); }
    }
    return addresses;
}

void note_used(UsedNumbers& used, const Member& member) {
    auto& highest = used[member.role];
    highest = std::max(highest, name_number(member.name, member.role));
}

int db_memory_mib(std::uint64_t host_memory_mib, std::size_t db_machines) {
    constexpr std::uint64_t kLeast = 512;
    constexpr std::uint64_t kMost = 2048;
    const auto share = host_memory_mib / 2 / std::max<std::uint64_t>(db_machines, 1);
    return static_cast<int>(std::clamp(share, kLeast, kMost));
}

Status check_lab_name(std::string_view name) {
    constexpr std::size_t kLongest = 31;
    const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
    if (name.empty() || name.size() > kLongest || name.front() < 'a' || name.front() > 'z' ||
        !std::ranges::all_of(name, fits)) {
        return fail(ErrorKind::invalid_input, text::format("\"{}\" cannot be a lab's name: lower case letters, "
                                                           "digits and -, at most 31, beginning with a letter",
                                                           name));
    }
    return {};
}

} // namespace ingot::builder::lab
