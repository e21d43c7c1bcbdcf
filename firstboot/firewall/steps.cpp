#include "common/process/process.hpp"
#include "firstboot/firewall/firewall.hpp"

namespace ingot::firstboot {

Step firewall_step(const NodeSpec& node, const cloud_init::FirewallConfig& firewall, Environment& environment) {
    return {.name = "firewall",
            .description = "closing every port that this role does not need",
            .apply = [rules = render_firewall(openings(node, firewall)), &environment]() -> Status {
                const auto file = environment.root.at(kFirewallFile);
                INGOT_TRY(files::write_if_different(file, rules), "writing the rules");
                // At each boot: ingot-firewall.service loads what the boot before has written.
                INGOT_TRY(process::run_checked(environment.processes, {.argv = {"nft", "-f", file.string()},
                                                                       .timeout = std::chrono::seconds(30)}),
                          "loading the rules");
                return {};
            }};
}

} // namespace ingot::firstboot
