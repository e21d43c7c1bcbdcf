#include "common/log/log.hpp"
#include "common/process/process.hpp"
#include "common/text/text.hpp"
#include "firstboot/firewall/firewall.hpp"

namespace ingot::firstboot {

namespace {

Status load(std::string_view file, Environment& environment) {
    INGOT_TRY(process::run_checked(environment.processes, {.argv = {"nft", "-f", environment.root.at(file).string()},
                                                           .timeout = std::chrono::seconds(30)}),
              text::format("loading {}", file));
    return {};
}

/// Of another life of this disk, when it belonged to another cluster.
Status forget_others(const NodeSpec& node, Environment& environment) {
    INGOT_ASSIGN(const auto present, files::read_if_exists(environment.root.at(kShutOutFile)), "");
    if (!present || present->find(node.config.cluster_id) != std::string::npos) { return {}; }
    return shut_out(node, {}, environment);
}

} // namespace

Status shut_out(const NodeSpec& node, const std::vector<std::string>& addresses, Environment& environment) {
    const auto file = environment.root.at(kShutOutFile);
    INGOT_ASSIGN(const auto present, files::read_if_exists(file), "");
    if (!present && addresses.empty()) { return {}; }
    const auto rules = render_shut_out(node.config.cluster_id, addresses);
    if (present == rules) { return {}; }
    INGOT_TRY(files::write(file, rules), "writing who was revoked");
    // By a unit: the agent has no right to do so itself.
    const auto loaded =
        process::run_checked(environment.processes, {.argv = {"systemctl", "restart", std::string(kShutOutUnit)},
                                                     .timeout = std::chrono::seconds(30)});
    if (!loaded) {
        INGOT_TRY(files::remove_file(file), ""); // so that the next round tries again
        return Error(loaded.error()).with_context(text::format("loading {}", kShutOutFile));
    }
    log::warning(addresses.empty()
                     ? std::string("no revoked node is shut out any more")
                     : text::format("shut out, because a node there was revoked: {}", text::join(addresses, ", ")));
    return {};
}

Step firewall_step(const NodeSpec& node, const cloud_init::FirewallConfig& firewall, Environment& environment) {
    return {.name = "firewall",
            .description = "closing every port that this role does not need",
            .apply = [node, rules = render_firewall(openings(node, firewall)), &environment]() -> Status {
                INGOT_TRY(files::write_if_different(environment.root.at(kFirewallFile), rules), "writing the rules");
                // At each boot: ingot-firewall.service loads what the boot before has written.
                INGOT_TRY(load(kFirewallFile, environment), "");
                return forget_others(node, environment);
            }};
}

} // namespace ingot::firstboot
