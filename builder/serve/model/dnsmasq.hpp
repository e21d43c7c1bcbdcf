// The configuration of dnsmasq, which answers DHCP and TFTP for us. Pure.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "common/result/result.hpp"

namespace ingot::builder::serve {

struct DhcpOptions {
    std::string interface{};
    std::string network{};        ///< proxy: another server gives the addresses, and we add where to boot from
    std::string first{};          ///< not empty: we give the addresses as well, from here …
    std::string last{};           ///< … to here
    std::string server{};         ///< "http://10.0.0.1:8080"
    std::string own_address{};    ///< 10.0.0.1
    std::filesystem::path tftp{}; ///< folder with undionly.kpxe and snponly.efi
    std::filesystem::path scratch{};
};

std::string render_dnsmasq(const DhcpOptions& options);

} // namespace ingot::builder::serve
