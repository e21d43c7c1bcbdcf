#include "builder/lab/world/switch.hpp"

#include <csignal>

#include "common/files/files.hpp"
#include "common/log/log.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::lab {

namespace {

constexpr auto* kBridge = "lab0";
constexpr auto* kFolder = "/run/ingot-lab";

process::Command ip_batch(std::string lines) { return {.argv = {"ip", "-batch", "-"}, .input = std::move(lines)}; }

} // namespace

Status Switch::bring_up(const std::vector<Member>& members, const std::filesystem::path& log_file) {
    const auto commands = text::format("link set lo up\n"
                                       "link add {0} type bridge forward_delay 0 mcast_snooping 0\n"
                                       "addr add {1}/{2} dev {0}\n"
                                       "addr add {3}/32 dev {0}\n"
                                       "link set {0} up\n",
                                       kBridge, network_.gateway(), network_.prefix(), kMetadataAddress);
    INGOT_TRY(run_checked(processes_, ip_batch(commands)), "making the lab's network");
    log_file_ = log_file;
    // Before dnsmasq starts: until it is ready for SIGHUP, that would end it.
    INGOT_TRY(know(members), "");
    return tend();
}

Status Switch::tend() {
    if (dnsmasq_) {
        const auto code = dnsmasq_->poll();
        constexpr auto kPause = std::chrono::seconds(1);
        if (!code || std::chrono::steady_clock::now() < dnsmasq_started_ + kPause) { return {}; }
        log::warning(text::format("dnsmasq ended with exit code {}; it is started again", *code));
    }
    dnsmasq_started_ = std::chrono::steady_clock::now();
    const std::string folder = kFolder;
    INGOT_ASSIGN(
        dnsmasq_,
        process::Background::start(
            {.argv = {"dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--user=root",
                      "--pid-file=", "--log-facility=-", text::format("--interface={}", kBridge), "--bind-interfaces",
                      "--except-interface=lo",
                      // DHCP: only reservations; addresses are known to be free, so no pinging before an offer.
                      "--dhcp-authoritative", "--no-ping", "--dhcp-leasefile=" + folder + "/leases",
                      text::format("--dhcp-range={},static,{},24h", network_.first(), network_.netmask()),
                      "--dhcp-hostsfile=" + folder + "/dhcp-hosts",
                      "--dhcp-option=option:router," + network_.gateway(),
                      "--dhcp-option=option:dns-server," + network_.gateway(),
                      "--dhcp-option=option:domain-name," + domain_,
                      // Names: the lab's own; there is no way out, so everything else does not exist.
                      text::format("--host-record=host.{},{}", domain_, network_.gateway()), "--no-resolv",
                      "--no-hosts", "--addn-hosts=" + folder + "/dns-hosts", "--local=//"},
             .log_file = log_file_}),
        "starting dnsmasq");
    return {};
}

Status Switch::know(const std::vector<Member>& members) {
    const std::filesystem::path folder = kFolder;
    INGOT_TRY(files::write(folder / "dhcp-hosts", dhcp_hosts(members)), "");
    INGOT_TRY(files::write(folder / "dns-hosts", dns_hosts(members, domain_)), "");
    if (dnsmasq_) { dnsmasq_->signal(SIGHUP); }
    return {};
}

Status Switch::plug(const Member& member) {
    unplug(member);
    INGOT_TRY(run_checked(processes_, {.argv = {"ip", "netns", "add", member.name}}),
              "making the network of " + member.name);
    const auto commands = text::format("link add {0} type veth peer name eth0 netns {1} address {2}\n"
                                       "link set {0} master {3} up\n",
                                       port_of(member.address), member.name, mac_of(member.address), kBridge);
    INGOT_TRY(run_checked(processes_, ip_batch(commands)), "connecting " + member.name);
    return {};
}

void Switch::unplug(const Member& member) {
    if (!files::exists(namespace_of(member))) { return; }
    const auto quietly = [&](std::vector<std::string> argv) {
        if (const auto done = processes_.run({.argv = std::move(argv)}); !done) {
            log::warning(done.error().to_string());
        }
    };
    quietly({"ip", "link", "del", port_of(member.address)});
    quietly({"ip", "netns", "del", member.name});
}

Status Switch::cut(const Cuts& cuts, const std::vector<Member>& members) {
    INGOT_TRY(run_checked(processes_, {.argv = {"nft", "-f", "-"}, .input = nft_rules(cuts, members)}),
              "cutting the lab's network");
    return {};
}

} // namespace ingot::builder::lab
