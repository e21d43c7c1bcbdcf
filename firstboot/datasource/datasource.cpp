#include "firstboot/datasource/datasource.hpp"

#include "common/text/text.hpp"
#include "firstboot/node/command_line.hpp"

namespace ingot::firstboot {

namespace {

constexpr std::string_view kSeedFolder = "/var/lib/cloud/seed/nocloud";

Result<Metadata> nothing_there(std::string_view looked_at) {
    return fail(ErrorKind::transient, text::format("no metadata yet: looked at {}", looked_at));
}

Result<Metadata> read_chosen_seed(Environment& environment, const std::string& seed) {
    if (seed.starts_with("http://") || seed.starts_with("https://")) { return read_seed_url(environment, seed); }
    INGOT_ASSIGN(auto found, read_seed_folder(environment.root, seed), "");
    if (!found) { return nothing_there(seed); }
    return *std::move(found);
}

bool is_hetzner_machine(const files::Root& root) {
    if (files::exists(root.at("/run/systemd/container"))) { return false; } // DMI there is the host's
    const auto vendor = files::read_if_exists(root.at("/sys/class/dmi/id/sys_vendor"));
    return vendor && *vendor && text::trim(**vendor) == "Hetzner";
}

} // namespace

Result<DatasourceChoice> datasource_choice(const std::vector<std::string>& command_line) {
    const auto line = option(command_line, "ds");
    if (!line || line->empty()) { return DatasourceChoice{}; }
    const auto parts = text::split(*line, ';');
    DatasourceChoice choice{.name = text::lower(parts.front())};
    if (choice.name == "nocloud-net") { choice.name = "nocloud"; }
    if (choice.name != "nocloud" && choice.name != "hetzner") {
        return fail(ErrorKind::invalid_input,
                    text::format("the command line asks for datasource \"{}\"; this agent knows nocloud and hetzner",
                                 parts.front()));
    }
    for (const auto& part : parts) {
        for (const std::string_view key : {"s=", "seedfrom="}) {
            if (part.starts_with(key)) { choice.seed = part.substr(key.size()); }
        }
    }
    constexpr std::string_view kFile = "file://";
    if (choice.seed && choice.seed->starts_with(kFile)) { choice.seed = choice.seed->substr(kFile.size()); }
    if (choice.seed && !choice.seed->ends_with('/')) { *choice.seed += '/'; }
    return choice;
}

Result<Metadata> read_datasource(Environment& environment) {
    INGOT_ASSIGN(const auto choice, datasource_choice(read_command_line(environment.root)), "");
    if (choice.name == "hetzner") { return read_hetzner(environment); }
    if (choice.seed) { return read_chosen_seed(environment, *choice.seed); }

    INGOT_ASSIGN(auto folder, read_seed_folder(environment.root, kSeedFolder), "");
    if (folder) { return *std::move(folder); }
    const bool container = files::exists(environment.root.at("/run/systemd/container"));
    if (!container) {
        INGOT_ASSIGN(auto device, read_seed_device(environment), "");
        if (device) { return *std::move(device); }
    }
    if (choice.name.empty() && is_hetzner_machine(environment.root)) { return read_hetzner(environment); }
    return nothing_there(text::format("{} and filesystems labelled cidata", kSeedFolder));
}

} // namespace ingot::firstboot
