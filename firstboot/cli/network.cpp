#include "cloud-init/network/network.hpp"

#include <cstdio>

#include "common/files/files.hpp"
#include "common/text/text.hpp"
#include "firstboot/cli/commands.hpp"

namespace ingot::firstboot::cli {

Result<int> network(const std::string& file, const std::string& folder) {
    INGOT_ASSIGN(const auto content, files::read(file), "");
    // network_data.json is an object with links; no network-config begins with a brace and has that word.
    const bool openstack = text::trim(content).starts_with('{') && content.find("\"links\"") != std::string::npos;
    const auto config =
        openstack ? cloud_init::read_network_data(content, file) : cloud_init::read_network_config(content, file);
    if (!config) {
        std::printf("%s\n", config.error().message.c_str());
        return exit_code(config.error().kind);
    }
    for (const auto& warning : config->warnings) { std::fprintf(stderr, "warning: %s\n", warning.c_str()); }
    if (config->disabled) { std::fprintf(stderr, "the network is left as it is (config: disabled)\n"); }
    for (const auto& one : cloud_init::render_networkd(*config)) {
        if (folder.empty()) {
            std::printf("# %s\n%s\n", one.name.c_str(), one.content.c_str());
        } else {
            INGOT_TRY(files::write(std::filesystem::path(folder) / one.name, one.content), "");
            std::printf("%s/%s\n", folder.c_str(), one.name.c_str());
        }
    }
    return 0;
}

} // namespace ingot::firstboot::cli
