#include "firstboot/system/network.hpp"

#include <algorithm>

#include "cloud-init/network/network.hpp"
#include "common/log/log.hpp"
#include "common/text/text.hpp"
#include "firstboot/system/settings.hpp"

namespace ingot::firstboot {

namespace {

constexpr std::string_view kFolder = "/etc/systemd/network";

Result<cloud_init::NetworkConfig> read(const NetworkDescription& description) {
    if (description.format == NetworkDescription::Format::openstack) {
        return cloud_init::read_network_data(description.text, "network_data.json");
    }
    return cloud_init::read_network_config(description.text, "network-config");
}

/// Files of a description that no longer names them. True if there were any.
Result<bool> remove_others(const std::vector<cloud_init::NetworkFile>& files, Environment& environment) {
    bool removed = false;
    const auto names = files::list(environment.root.at(kFolder)).value_or(std::vector<std::string>{});
    for (const auto& name : names) {
        const bool ours = name.starts_with(cloud_init::kNetworkFilePrefix);
        if (!ours || std::ranges::find(files, name, &cloud_init::NetworkFile::name) != files.end()) { continue; }
        INGOT_TRY(files::remove_file(environment.root.at(text::format("{}/{}", kFolder, name))), "");
        removed = true;
    }
    return removed;
}

Status apply(const NetworkDescription& description, Environment& environment) {
    INGOT_ASSIGN(const auto config, read(description), "the description of the network");
    for (const auto& warning : config.warnings) { log::warning(warning); }
    if (config.disabled || config.links.empty()) { return {}; }
    const auto files = cloud_init::render_networkd(config);
    INGOT_ASSIGN(bool changed, remove_others(files, environment), "");
    for (const auto& file : files) {
        INGOT_ASSIGN(
            const bool different,
            files::write_if_different(environment.root.at(text::format("{}/{}", kFolder, file.name)), file.content),
            "");
        changed = changed || different;
    }
    if (!changed) { return {}; }
    INGOT_TRY(process::run_checked(environment.processes, {.argv = {"networkctl", "reload"}}), "");
    return {};
}

} // namespace

std::vector<Step> network_steps(const Metadata& metadata, Environment& environment) {
    if (!metadata.network) { return {}; }
    return {tolerant(
        {.name = "system.network",
         .description = "setting up the network as the datasource describes it",
         .apply = [description = *metadata.network, &environment] { return apply(description, environment); }})};
}

} // namespace ingot::firstboot
