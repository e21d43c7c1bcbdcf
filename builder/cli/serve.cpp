// ingot serve DIR: what machines boot from the network.
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "builder/cli/commands.hpp"
#include "builder/serve/world/serve.hpp"

namespace ingot::builder::cli {

void add_serve(CLI::App& app, Action& action) {
    auto options = std::make_shared<serve::ServeOptions>();
    auto* command = app.add_subcommand("serve", "Give machines that boot from the network their image and user-data");
    command->add_option("DIR", options->images, "Folder of images: build/images")->required();
    command->add_option("--config", options->config, "What machines are to become (DIR/serve.yaml)");
    command->add_option("--state", options->state_file, "Who has become what (DIR/.serve-state.json)");
    command->add_option("--listen", options->address, "IPv4 address to listen on")->capture_default_str();
    command->add_option("--port", options->port, "Port to listen on")->capture_default_str();
    command->add_option("--url", options->url, "How machines reach this server (as they did when they asked)");
    command->add_flag("--strict", options->strict, "Refuse machines that the configuration does not list");
    command->add_option("--dhcp", options->dhcp_card,
                        "Answer PXE on this network card, by dnsmasq, beside the DHCP server that is there");
    command->add_option("--dhcp-range", options->dhcp_range, "FIRST,LAST: give addresses as well")->needs("--dhcp");
    command->add_option("--loaders", options->loaders, "Folder of iPXE's files")->capture_default_str();
    command->callback([options, &action] { action = [options] { return serve::serve(*options); }; });
}

} // namespace ingot::builder::cli
