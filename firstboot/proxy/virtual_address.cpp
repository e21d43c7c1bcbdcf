#include "firstboot/proxy/virtual_address.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include <arpa/inet.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include "cloud-init/userdata/network.hpp"
#include "common/log/log.hpp"
#include "common/text/text.hpp"
#include "firstboot/coordination/pause.hpp"

namespace ingot::firstboot::proxy {

namespace {

constexpr std::string_view kPeersBegin = "    unicast_peer {";

/// Routers on one network are told apart by a number; ours is made of the address, so that clusters do not meet.
int router_id(std::string_view address) {
    constexpr int kNumbers = 255;
    constexpr int kFactor = 31;
    int number = 0;
    for (const char letter : address) { number = (number * kFactor + letter) % kNumbers; }
    return number + 1;
}

int prefix_of(std::string_view network) {
    constexpr int kHost = 32;
    const auto parsed = cloud_init::Network::parse(network);
    return parsed ? parsed->prefix() : kHost;
}

} // namespace

std::string render_keepalived(const NodeSpec& node, std::string_view card, const std::set<std::string>& peers) {
    const auto address = node.config.proxy.virtual_address.value_or("");
    std::string out = text::format("# Written by ingot-agent; changes here are lost.\n"
                                   "global_defs {{\n"
                                   "    router_id {}\n"
                                   "    script_user nobody\n"
                                   "    enable_script_security\n"
                                   "    vrrp_garp_master_refresh 30\n"
                                   "}}\n"
                                   "\n"
                                   "vrrp_script answers {{\n"
                                   "    script \"/usr/lib/ingot/proxy-answers {} {}\"\n"
                                   "    interval 1\n"
                                   "    timeout 2\n"
                                   "    fall 2\n"
                                   "    rise 2\n"
                                   "    weight -50\n"
                                   "}}\n"
                                   "\n"
                                   "track_file finds-a-leader {{\n"
                                   "    file \"{}\"\n"
                                   "    weight 1\n"
                                   "}}\n"
                                   "\n"
                                   "vrrp_instance ingot {{\n"
                                   "    state BACKUP\n"
                                   "    interface {}\n"
                                   "    virtual_router_id {}\n"
                                   "    priority 200\n"
                                   "    advert_int 1\n"
                                   "    unicast_src_ip {}\n",
                                   node.name, node.config.proxy.pool_port, node.config.proxy.primary_port,
                                   kHealthFile, card, router_id(address), node.address);
    if (!peers.empty()) {
        out += std::string(kPeersBegin) + "\n";
        for (const auto& peer : peers) { out += text::format("        {}\n", peer); }
        out += "    }\n";
    }
    out += text::format("    virtual_ipaddress {{\n"
                        "        {}/{}\n"
                        "    }}\n"
                        "    track_script {{\n"
                        "        answers\n"
                        "    }}\n"
                        "    track_file {{\n"
                        "        finds-a-leader\n"
                        "    }}\n"
                        "}}\n",
                        address, prefix_of(node.config.network));
    return out;
}

std::set<std::string> peers_from_config(std::string_view config) {
    std::set<std::string> peers;
    bool inside = false;
    for (const auto& line : text::lines(config)) {
        const auto word = std::string(text::trim(line));
        if (line == kPeersBegin) {
            inside = true;
        } else if (word == "}") {
            inside = false;
        } else if (inside && cloud_init::Address::parse(word)) {
            peers.insert(word);
        }
    }
    return peers;
}

std::set<std::string> peers_to_know(const std::set<std::string>& known, const std::set<std::string>& registered,
                                    std::string_view own) {
    constexpr std::size_t kMany = 16;
    auto peers = registered;
    peers.insert(known.begin(), known.end());
    if (peers.size() > kMany) { peers = registered; }
    peers.erase(std::string(own));
    return peers;
}

Result<std::string> card_of(const std::string& address) {
    constexpr std::size_t kMany = 256;
    const files::Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket.valid()) { return fail_errno(errno, "looking for the card of " + address); }
    std::vector<::ifreq> cards(kMany);
    ::ifconf list{};
    list.ifc_len = static_cast<int>(cards.size() * sizeof(::ifreq));
    list.ifc_req = cards.data();
    if (::ioctl(socket.get(), SIOCGIFCONF, &list) != 0) {
        return fail_errno(errno, "looking for the card of " + address);
    }
    cards.resize(static_cast<std::size_t>(list.ifc_len) / sizeof(::ifreq));
    for (const auto& card : cards) {
        ::sockaddr_in own{};
        std::memcpy(&own, &card.ifr_addr, sizeof own);
        std::array<char, INET_ADDRSTRLEN> text{};
        if (::inet_ntop(AF_INET, &own.sin_addr, text.data(), text.size()) != nullptr && address == text.data()) {
            return std::string(static_cast<const char*>(card.ifr_name));
        }
    }
    return fail(ErrorKind::transient, "no card of this machine has " + address);
}

Status VirtualAddress::write_health() const {
    const auto slots = observe_slots(proxy_);
    const bool leads = slots && std::ranges::any_of(*slots, [](const Slot& slot) {
                           return slot.backend == kBackends[0] && slot.open && slot.up;
                       });
    INGOT_TRY(files::write_if_different(proxy_.environment.root.at(kHealthFile), leads ? "0\n" : "-20\n"), "");
    return {};
}

Status VirtualAddress::operator()() {
    const auto& node = proxy_.node;
    auto& environment = proxy_.environment;
    INGOT_TRY(write_health(), "");
    if (card_.empty()) { INGOT_ASSIGN(card_, card_of(node.address), ""); }
    if (!etcd_) { etcd_ = proxy_.etcd(); }
    std::set<std::string> registered;
    if (const auto listing = etcd_->list(proxies_prefix(node.config.cluster))) {
        for (const auto& entry : listing->entries) {
            if (cloud_init::Address::parse(entry.value)) { registered.insert(entry.value); }
        }
    }
    const auto path = environment.root.at(kKeepalivedFile);
    INGOT_ASSIGN(const auto present, files::read_if_exists(path), "");
    const auto peers = peers_to_know(peers_from_config(present.value_or("")), registered, node.address);
    INGOT_ASSIGN(const bool changed, files::write_if_different(path, render_keepalived(node, card_, peers)), "");
    INGOT_ASSIGN(const auto state, environment.services.state(kKeepalivedUnit), "");
    if (state != "active" && state != "activating" && state != "reloading") {
        return environment.services.start(kKeepalivedUnit);
    }
    if (changed) {
        log::info(text::format("keepalived: {} other proxies", peers.size()));
        return environment.services.reload(kKeepalivedUnit);
    }
    return {};
}

} // namespace ingot::firstboot::proxy
