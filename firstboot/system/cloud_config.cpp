#include "firstboot/system/cloud_config.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include <unistd.h>

#include "common/log/log.hpp"
#include "common/text/text.hpp"
#include "firstboot/system/accounts.hpp"
#include "firstboot/system/disks.hpp"
#include "firstboot/system/growth.hpp"
#include "firstboot/system/programs.hpp"
#include "firstboot/system/settings.hpp"

namespace ingot::firstboot {

namespace {

std::string wanted_host_name(const cloud_init::CloudConfig& config, const Metadata& metadata) {
    const auto full = config.hostname.value_or(config.fqdn.value_or(metadata.hostname));
    return full.substr(0, full.find('.'));
}

std::string running_host_name() {
    constexpr std::size_t kLongest = 256;
    std::array<char, kLongest> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data()) : std::string();
}

Step host_name_step(const std::string& name, Environment& environment) {
    return {.name = "system.hostname",
            .description = "setting the host name to " + name,
            .apply = [name, &environment]() -> Status {
                if (name.empty()) { return {}; }
                INGOT_TRY(files::write_if_different(environment.root.at("/etc/hostname"), name + "\n"),
                          "setting the host name");
                if (environment.root.is_system() && running_host_name() != name &&
                    ::sethostname(name.data(), name.size()) != 0) {
                    return fail_errno(errno, "setting the host name");
                }
                return {};
            }};
}

Step root_keys_step(std::vector<std::string> keys, Environment& environment) {
    return {.name = "system.ssh-keys",
            .description = "giving root the ssh keys",
            .apply = [keys = std::move(keys), &environment] { return authorize_keys(environment, "root", keys); }};
}

Step users_step(const cloud_init::CloudConfig& config, const std::vector<std::string>& keys,
                Environment& environment) {
    auto users = config.users;
    for (auto& user : users) {
        if (user.name == "default") { user = default_user(keys); }
    }
    return {.name = "system.users",
            .description = "setting up users",
            .frequency = Frequency::per_instance,
            .apply = [users = std::move(users), &environment]() -> Status {
                for (const auto& user : users) { INGOT_TRY(apply_user(environment, user), ""); }
                return apply_sudo(environment, users);
            }};
}

Status write_one(const cloud_init::WriteFile& file, Environment& environment) {
    files::Ownership ownership{.mode = static_cast<mode_t>(file.permissions)};
    if (environment.root.is_system()) {
        const auto colon = file.owner.find(':');
        ownership.user = file.owner.substr(0, colon);
        if (colon != std::string::npos) { ownership.group = file.owner.substr(colon + 1); }
    }
    const auto path = environment.root.at(file.path);
    auto content = file.content;
    if (file.append) {
        INGOT_ASSIGN(const auto existing, files::read_if_exists(path), "");
        // What is already at the end was appended before the power went.
        content = existing && existing->ends_with(content) ? *existing : existing.value_or("") + content;
    }
    INGOT_TRY(files::write_if_different(path, content, ownership), "");
    return {};
}

/// One bad entry (an unknown owner) does not keep the others from being written.
Step files_step(std::vector<cloud_init::WriteFile> list, Environment& environment) {
    return {.name = "system.files",
            .description = "writing files of the user-data",
            .frequency = Frequency::per_instance,
            .apply = [list = std::move(list), &environment]() -> Status {
                std::optional<Error> first;
                for (const auto& file : list) {
                    auto written = write_one(file, environment);
                    if (written) { continue; }
                    auto problem = std::move(written).error().with_context("writing " + file.path);
                    log::warning(problem.to_string());
                    if (!first) { first = std::move(problem); }
                }
                if (first) { return *std::move(first); }
                return {};
            }};
}

} // namespace

std::vector<Step> cloud_config_steps(const cloud_init::UserData& user_data, const Metadata& metadata,
                                     Environment& environment) {
    const auto& config = user_data.cloud_config;
    const auto& machine = config.machine;
    auto keys = config.ssh_authorized_keys;
    for (const auto& key : metadata.public_keys) {
        if (std::ranges::find(keys, key) == keys.end()) { keys.push_back(key); }
    }
    const auto name = wanted_host_name(config, metadata);
    std::vector<Step> steps;
    const auto add = [&steps](std::vector<Step> more) {
        steps.insert(steps.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
    };
    // First what lets a person in, in the order of how sure it is to work; then what may fail or take time.
    if (!machine.preserve_hostname) { steps.push_back(host_name_step(name, environment)); }
    add(hosts_steps(machine, name, config.fqdn.value_or(metadata.hostname), environment));
    if (!keys.empty()) { steps.push_back(root_keys_step(keys, environment)); }
    add(early_program_steps(user_data, metadata, environment));
    // Users before files, so that files can belong to them.
    add(group_steps(machine, environment));
    if (!config.users.empty()) { steps.push_back(users_step(config, keys, environment)); }
    add(access_steps(machine, environment));
    add(growth_steps(machine.growth, environment));
    add(disk_steps(machine, environment));
    if (!config.write_files.empty()) { steps.push_back(files_step(config.write_files, environment)); }
    add(settings_steps(machine, environment));
    add(package_steps(machine, environment));
    add(late_program_steps(user_data, metadata, environment));
    return steps;
}

std::vector<Step> metadata_keys_steps(const Metadata& metadata, Environment& environment) {
    if (metadata.public_keys.empty()) { return {}; }
    auto step = root_keys_step(metadata.public_keys, environment);
    step.name = "system.metadata-keys";
    step.description = "giving root the ssh keys of the datasource";
    return {tolerant(std::move(step))};
}

} // namespace ingot::firstboot
