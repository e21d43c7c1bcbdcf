// dnsmasq beside the web server: started, watched, started again.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "builder/serve/model/dnsmasq.hpp"
#include "common/files/files.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::serve {

class Dhcp {
  public:
    using Log = std::function<void(const std::string& line)>;
    /// `options.tftp` and `scratch` are filled in here. not_found if dnsmasq or iPXE are not installed.
    static Result<std::unique_ptr<Dhcp>> start(DhcpOptions options, const std::filesystem::path& loaders, Log log);
    Dhcp(const Dhcp&) = delete;
    Dhcp& operator=(const Dhcp&) = delete;
    Dhcp(Dhcp&&) = delete;
    Dhcp& operator=(Dhcp&&) = delete;
    ~Dhcp() = default;

  private:
    Dhcp(files::TempDir folder, Log log) : folder_(std::move(folder)), log_(std::move(log)) {}
    void watch(const std::stop_token& stop);
    files::TempDir folder_;
    Log log_;
    std::jthread thread_{};
};

/// The IPv4 address and network of a card: {"10.0.0.1", "10.0.0.0"}.
struct CardAddress {
    std::string address;
    std::string network;
};
Result<CardAddress> address_of_card(const std::string& name);

} // namespace ingot::builder::serve
