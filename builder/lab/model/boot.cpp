#include "builder/lab/model/boot.hpp"

#include "common/text/text.hpp"

namespace ingot::builder::lab {

std::vector<std::string> boot_command(const BootPlan& plan) {
    std::vector<std::string> argv = {
        "systemd-nspawn",
        "--quiet",
        "--directory=" + plan.root.string(),
        "--machine=" + plan.member.name,
        "--uuid=" + plan.member.machine_id,
        // Nothing of the host's systemd takes part: no machined, no unit, no scope.
        "--register=no",
        "--keep-unit",
        "--network-namespace-path=" + plan.netns.string(),
        // nspawn takes this one away with a foreign network namespace; the machine configures its own network.
        "--capability=CAP_NET_ADMIN",
        "--resolv-conf=off",
        "--timezone=off",
        "--link-journal=no",
        "--console=pipe",
        "--kill-signal=SIGRTMIN+4",
    };
    for (const auto& [outside, inside] : plan.binds) {
        argv.push_back(text::format("--bind={}:{}", outside.string(), inside));
    }
    argv.insert(argv.end(), {"-b", "ds=hetzner"});
    if (plan.memory_mib) { argv.push_back(text::format("ingot.memory_mib={}", *plan.memory_mib)); }
    argv.insert(argv.end(), plan.options.begin(), plan.options.end());
    argv.insert(argv.end(), plan.words.begin(), plan.words.end());
    return argv;
}

} // namespace ingot::builder::lab
