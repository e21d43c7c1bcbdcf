#include "firstboot/system/renewal.hpp"

#include "common/crypto/crypto.hpp"
#include "common/text/text.hpp"

namespace ingot::firstboot {

namespace {

Step host_keys_step(Environment& environment) {
    return {.name = "system.host-keys",
            .description = "making new ssh host keys: this disk belonged to another instance",
            .frequency = Frequency::per_instance,
            .apply = [&environment]() -> Status {
                INGOT_ASSIGN(const auto names, files::list(environment.root.at("/etc/ssh")), "");
                for (const auto& name : names) {
                    if (!name.starts_with("ssh_host_")) { continue; }
                    INGOT_TRY(files::remove_file(environment.root.at("/etc/ssh/" + name)), "");
                }
                return environment.services.restart("ssh.service"); // its unit makes a missing key
            }};
}

Step machine_id_step(Environment& environment) {
    return {.name = "system.machine-id",
            .description = "making a new machine-id: this disk belonged to another instance",
            .frequency = Frequency::per_instance,
            .apply = [&environment]() -> Status {
                auto id = crypto::random_uuid();
                std::erase(id, '-');
                INGOT_TRY(files::write(environment.root.at("/etc/machine-id"), id + "\n", {.mode = 0444}), "");
                return {};
            }};
}

Step state_step(Environment& environment) {
    return {.name = "system.agent-state",
            .description = "forgetting what was of another instance: its certificate, its results, its random seed",
            .frequency = Frequency::per_instance,
            .apply = [&environment]() -> Status {
                for (const auto* const file : {"node.key", "node.crt"}) {
                    INGOT_TRY(files::remove_file(environment.root.at(text::format("{}/{}", paths::kPki, file))), "");
                }
                INGOT_TRY(files::remove_file(environment.root.at("/var/lib/ingot/runcmd.json")), "");
                return files::remove_file(environment.root.at("/var/lib/systemd/random-seed"));
            }};
}

} // namespace

std::vector<Step> renewal_steps(Environment& environment) {
    return {host_keys_step(environment), machine_id_step(environment), state_step(environment)};
}

} // namespace ingot::firstboot
