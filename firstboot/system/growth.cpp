#include "firstboot/system/growth.hpp"

#include "firstboot/node/command_line.hpp"
#include "firstboot/system/settings.hpp"

namespace ingot::firstboot {

namespace {

/// Not in /usr/lib/repart.d: there systemd would find it, and grow the root before anybody could say that it must
/// not.
constexpr const char* kDefinitions = "--definitions=/usr/lib/ingot/repart.d";

bool root_is_partition(const files::Root& root) {
    return !files::exists(root.at("/run/systemd/container")) && !option(read_command_line(root), "ingot.root");
}

Step program_step(std::string name, std::string description, std::vector<std::string> argv,
                  Environment& environment) {
    return tolerant({.name = std::move(name),
                     .description = std::move(description),
                     .apply = [argv = std::move(argv), &environment]() -> Status {
                         INGOT_TRY(process::run_checked(environment.processes, {.argv = argv}), "");
                         return {};
                     }});
}

} // namespace

std::vector<Step> growth_steps(const cloud_init::Growth& growth, Environment& environment) {
    std::vector<Step> steps;
    if (!root_is_partition(environment.root)) { return steps; }
    if (growth.partition) {
        steps.push_back(program_step("system.grow-partition", "growing the root's partition to the end of its disk",
                                     {"systemd-repart", "--dry-run=no", kDefinitions}, environment));
    }
    if (growth.filesystem) {
        steps.push_back(program_step("system.grow-root", "growing the root into its partition",
                                     {"/usr/lib/systemd/systemd-growfs", "/"}, environment));
    }
    return steps;
}

} // namespace ingot::firstboot
