// What this machine is to be: metadata, user-data and facts in one validated value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cloud-init/userdata/userdata.hpp"

namespace ingot::firstboot {

/// A description of the network as a datasource gave it; cloud-init/network reads it.
struct NetworkDescription {
    enum class Format { network_config, openstack }; ///< network-config v1 or v2; network_data.json
    Format format = Format::network_config;
    std::string text;
};

/// What a datasource gave.
struct Metadata {
    std::string datasource; ///< "nocloud", "configdrive", "hetzner", "ec2"
    std::string instance_id;
    std::string hostname;
    std::vector<std::string> public_keys{};
    std::string user_data;     ///< raw
    std::string vendor_data{}; ///< raw: the provider's, weaker than user-data
    std::string signature{};   ///< of user_data, where it lies beside it
    std::optional<NetworkDescription> network{};
    std::string place{}; ///< where it was read: "/dev/sr0 (iso9660)", a URL
};

/// What the machine is, read from it.
struct Facts {
    std::vector<std::string> addresses{}; ///< "10.0.0.21", without prefix length, loopback left out
    std::uint64_t memory_bytes = 0;       ///< what this machine (or its cgroup) may use
    unsigned cpus = 1;
    std::string image_role; ///< /usr/lib/ingot/role; empty if not an Ingot image
};

/// The node of a cluster. Exists only if user-data, metadata and facts fit together.
struct NodeSpec {
    std::string name; ///< host name; an etcd founder's name as in the user-data
    std::string instance_id;
    std::string address; ///< own address in the private network
    std::uint64_t memory_bytes = 0;
    unsigned cpus = 1;
    cloud_init::IngotConfig config{};
};

/// What can be judged before the network is up: there is an ingot: section, and its role is the image's.
Status check_fit(const cloud_init::UserData& user_data, const Facts& facts);

/// Puts them together. transient while the machine has no address in the private network yet;
/// refused if the role is not the image's; invalid_input if user-data has no ingot: section.
Result<NodeSpec> make_node(const Metadata& metadata, const cloud_init::UserData& user_data, const Facts& facts);

} // namespace ingot::firstboot
