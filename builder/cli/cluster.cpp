// ingot cluster: the two files of a cluster.
#include "builder/cli/commands.hpp"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cloud-init/cluster/cluster.hpp"
#include "cloud-init/userdata/sections.hpp"
#include "common/clock/clock.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::cli {

namespace {

struct InitArguments {
    std::string name;
    std::string directory = ".";
    std::string network = cloud_init::InitOptions{}.network;
    std::string synchronous = "off";
    std::vector<std::string> ssh_key_files;
    std::string restore_from; ///< folder of another cluster's two files
    std::string restore_to = "newest";
    std::string standby_of; ///< likewise
    std::vector<std::string> endpoints;
};

struct PasswordArguments {
    std::string user;
    std::string secrets{cloud_init::kSecretsFile};
};

Result<std::vector<std::string>> read_public_keys(const std::vector<std::string>& paths) {
    std::vector<std::string> keys;
    for (const auto& path : paths) {
        INGOT_ASSIGN(const auto content, files::read(path), "reading a public SSH key");
        for (const auto& line : text::lines(content)) {
            const auto key = text::trim(line);
            if (!key.empty() && !key.starts_with('#')) { keys.emplace_back(key); }
        }
    }
    return keys;
}

Result<cloud_init::NewCluster> read_both(const std::filesystem::path& directory) {
    INGOT_ASSIGN(auto cluster, cloud_init::read_cluster(directory / cloud_init::kClusterFile), "");
    INGOT_ASSIGN(auto secrets, cloud_init::read_secrets(directory / cloud_init::kSecretsFile), "");
    return cloud_init::NewCluster{.cluster = std::move(cluster), .secrets = std::move(secrets)};
}

/// "newest", "time=…", "lsn=…", "name=…", "xid=…".
Result<cloud_init::RestoreTarget> target_from(const std::string& word) {
    const auto equals = word.find('=');
    const auto value = equals == std::string::npos ? "" : word.substr(equals + 1);
    if (auto target = cloud_init::restore_target_from(word.substr(0, equals), value)) { return *std::move(target); }
    return fail(
        ErrorKind::invalid_input,
        text::format("'{}' is no target: newest, 'time=2026-11-28 01:02:03+00', lsn=0/3000060, name=…, xid=…", word));
}

Result<std::vector<cloud_init::SourceEndpoint>> endpoints_from(const std::vector<std::string>& words) {
    std::vector<cloud_init::SourceEndpoint> endpoints;
    for (const auto& word : words) {
        const auto colon = word.rfind(':');
        const auto port = colon == std::string::npos ? std::nullopt : text::to_number(word.substr(colon + 1));
        if (!port) {
            return fail(ErrorKind::invalid_input,
                        text::format("'{}' is no address with a port, as in 10.0.0.31:5000", word));
        }
        endpoints.push_back({.address = word.substr(0, colon), .port = static_cast<int>(*port)});
    }
    return endpoints;
}

/// Makes it a cluster of another one, if that was asked for.
Status derive(cloud_init::NewCluster& made, const InitArguments& arguments) {
    if (!arguments.restore_from.empty()) {
        INGOT_ASSIGN(const auto source, read_both(arguments.restore_from), "");
        INGOT_ASSIGN(auto target, target_from(arguments.restore_to), "");
        return cloud_init::restore_from(made, source, std::move(target));
    }
    if (!arguments.standby_of.empty()) {
        INGOT_ASSIGN(const auto source, read_both(arguments.standby_of), "");
        INGOT_ASSIGN(auto endpoints, endpoints_from(arguments.endpoints), "");
        return cloud_init::follow(made, source, std::move(endpoints), clock::SystemClock().now());
    }
    return {};
}

Result<int> init(const InitArguments& arguments) {
    cloud_init::InitOptions options{
        .name = arguments.name,
        .network = arguments.network,
        .synchronous = cloud_init::synchronous_from(arguments.synchronous).value_or(cloud_init::Synchronous::off)};
    INGOT_ASSIGN(options.ssh_authorized_keys, read_public_keys(arguments.ssh_key_files), "");
    INGOT_ASSIGN(auto made, cloud_init::init_cluster(options, clock::SystemClock().now()), "");
    INGOT_TRY(derive(made, arguments), "");
    INGOT_TRY(cloud_init::parse_cluster(cloud_init::render_cluster(made.cluster), cloud_init::kClusterFile), "");
    const std::filesystem::path directory = arguments.directory;
    INGOT_TRY(cloud_init::write_new_cluster(directory, made), "");
    const auto cluster = (directory / cloud_init::kClusterFile).lexically_normal().string();
    const auto secrets = (directory / cloud_init::kSecretsFile).lexically_normal().string();
    std::printf("%s: what the cluster is; edit it, keep it in git\n"
                "%s: its keys and passwords; keep it out of git, and keep a copy\n"
                "\nNext:  ingot lab up %s\n   or  ingot user-data db --cluster %s\n",
                cluster.c_str(), secrets.c_str(), text::shell_quote(cluster).c_str(),
                text::shell_quote(cluster).c_str());
    return 0;
}

Result<int> password(const PasswordArguments& arguments) {
    INGOT_ASSIGN(auto secrets, cloud_init::read_secrets(arguments.secrets), "");
    if (secrets.users.contains(arguments.user)) {
        return fail(ErrorKind::refused,
                    text::format("{} holds a password of '{}' already", arguments.secrets, arguments.user));
    }
    INGOT_ASSIGN(auto drawn, cloud_init::draw_user_secret(), "");
    secrets.users.insert_or_assign(arguments.user, std::move(drawn));
    const auto rendered = cloud_init::render_secrets(secrets);
    INGOT_TRY(cloud_init::parse_secrets(rendered.reveal(), arguments.secrets), "");
    INGOT_TRY(files::write(arguments.secrets, rendered.reveal(), {.mode = 0600}), "");
    std::printf("%s: drew a password for '%s'\n", arguments.secrets.c_str(), arguments.user.c_str());
    return 0;
}

} // namespace

void add_cluster(CLI::App& app, Action& action) {
    auto* cluster = app.add_subcommand("cluster", "Make the files that describe a cluster");
    cluster->require_subcommand(1);

    auto init_arguments = std::make_shared<InitArguments>();
    auto* make = cluster->add_subcommand("init", "Write cluster.yaml and secrets.yaml of a new cluster");
    make->add_option("NAME", init_arguments->name, "Name of the cluster")->required();
    make->add_option("--directory", init_arguments->directory, "Where to write the two files")->capture_default_str();
    make->add_option("--network", init_arguments->network, "Private network of the machines")->capture_default_str();
    make->add_option(
            "--synchronous", init_arguments->synchronous,
            "off; on: acknowledged rows are on two machines while two are there; strict, quorum: else writes wait")
        ->check(CLI::IsMember({"off", "on", "strict", "quorum"}))
        ->capture_default_str();
    make->add_option("--ssh-key", init_arguments->ssh_key_files,
                     "File with public SSH keys of root; may be repeated");
    auto* restore =
        make->add_option("--restore-from", init_arguments->restore_from,
                         "Folder with the two files of a cluster whose backups the new one is restored from");
    make->add_option("--to", init_arguments->restore_to,
                     "How far: newest, 'time=2026-11-28 01:02:03+00', lsn=…, name=…, xid=…")
        ->needs(restore)
        ->capture_default_str();
    auto* standby = make->add_option("--standby-of", init_arguments->standby_of,
                                     "Folder with the two files of a cluster that the new one follows")
                        ->excludes(restore);
    make->add_option("--endpoint", init_arguments->endpoints,
                     "Address and port where a proxy of that cluster is reached for writes; may be repeated. "
                     "Without any, changes come from its backup repository")
        ->needs(standby);
    make->callback([init_arguments, &action] { action = [init_arguments] { return init(*init_arguments); }; });

    auto password_arguments = std::make_shared<PasswordArguments>();
    auto* draw = cluster->add_subcommand("password", "Draw the password of a user added to cluster.yaml");
    draw->add_option("USER", password_arguments->user, "Name of the database user")->required();
    draw->add_option("--secrets", password_arguments->secrets, "The secrets file")->capture_default_str();
    draw->callback(
        [password_arguments, &action] { action = [password_arguments] { return password(*password_arguments); }; });
}

} // namespace ingot::builder::cli
