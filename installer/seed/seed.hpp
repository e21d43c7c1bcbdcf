// The seed: what the machine is to become. Fetched before the disk is touched, and left on it where the agent (and
// cloud-init) looks first, so that the second boot needs no server.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "common/result/result.hpp"
#include "installer/fetch/client.hpp"

namespace ingot::installer {

struct SeedFile {
    std::string name;
    std::string content; ///< may hold secrets
};
using Seed = std::vector<SeedFile>;

/// `base` is the seed's address: "http://server/seed/", "%s" in it stands for the file's name. meta-data and
/// user-data have to be there; vendor-data and network-config may.
Result<Seed> fetch_seed(Client& client, std::string_view base);

/// Writes it into the root filesystem at `root`: /var/lib/cloud/seed/nocloud, for root alone.
Status write_seed(const std::filesystem::path& root, const Seed& seed);

} // namespace ingot::installer
