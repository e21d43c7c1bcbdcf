// ingot serve, from its options to its end by a signal.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "common/result/result.hpp"

namespace ingot::builder::serve {

struct ServeOptions {
    std::filesystem::path images{};
    std::filesystem::path config{};     ///< DIR/serve.yaml if empty
    std::filesystem::path state_file{}; ///< DIR/.serve-state.json if empty
    std::filesystem::path loaders = "/usr/lib/ipxe";
    std::string address = "0.0.0.0";
    std::uint16_t port = 8080;
    std::string url{};
    bool strict = false;
    std::string dhcp_card{};  ///< empty: no DHCP
    std::string dhcp_range{}; ///< "10.0.0.100,10.0.0.200"; empty: beside another server
};

/// Serves until SIGINT or SIGTERM.
Result<int> serve(const ServeOptions& options);

} // namespace ingot::builder::serve
