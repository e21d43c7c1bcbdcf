// From a description of the network to systemd-networkd's files. The target is what netplan writes for the same
// description; docs/network.md lists where and why this differs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cloud-init/network/model.hpp"
#include "common/result/result.hpp"

namespace ingot::cloud_init {

/// network-config version 1 or 2, with or without "network:" above it. invalid_input with every fault as its own
/// line.
Result<NetworkConfig> read_network_config(std::string_view text, std::string_view file);
/// OpenStack's network_data.json.
Result<NetworkConfig> read_network_data(std::string_view text, std::string_view file);

struct NetworkFile {
    std::string name; ///< "10-ingot-eth0.network"
    std::string content;
};
/// The files of /etc/systemd/network, sorted by name: .netdev for what is made, .link for what is renamed, .network
/// for each.
std::vector<NetworkFile> render_networkd(const NetworkConfig& config);

/// What the names of all files begin with.
inline constexpr std::string_view kNetworkFilePrefix = "10-ingot-";

} // namespace ingot::cloud_init
