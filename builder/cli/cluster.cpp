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

struct RotateArguments {
    std::string role;
    std::string cluster{cloud_init::kClusterFile};
    std::string secrets; ///< beside the cluster file if empty
};

std::filesystem::path secrets_path_of(const RotateArguments& arguments) {
    return arguments.secrets.empty()
               ? std::filesystem::path(arguments.cluster).parent_path() / cloud_init::kSecretsFile
               : std::filesystem::path(arguments.secrets);
}

/// Never a file that could not be read back: what is in it exists nowhere else.
Status write_secrets(const std::filesystem::path& path, const cloud_init::Secrets& secrets) {
    const auto rendered = cloud_init::render_secrets(secrets);
    INGOT_TRY(cloud_init::parse_secrets(rendered.reveal(), path.string()), "");
    return files::write(path, rendered.reveal(), {.mode = 0600});
}

constexpr const char* kToEtcdNodes = "Next:  ingot user-data etcd | ssh root@NODE ingot-agent trust accept      on "
                                     "each etcd node, one after the other\n"
                                     "       new machines: the user-data of every role anew\n";

Result<int> rotate_token(const RotateArguments& arguments) {
    const auto path = secrets_path_of(arguments);
    INGOT_ASSIGN(auto secrets, cloud_init::read_secrets(path), "");
    const auto role = cloud_init::role_from(arguments.role).value_or(cloud_init::Role::db); // CLI11 has checked it
    INGOT_ASSIGN(const int epoch, cloud_init::rotate_token(secrets, role), "");
    INGOT_TRY(write_secrets(path, secrets), "");
    std::printf(
        "%s: the token of role %s is of epoch %d now; that of epoch %d is still accepted, older ones are not\n%s",
        path.c_str(), arguments.role.c_str(), epoch, epoch - 1, kToEtcdNodes);
    return 0;
}

const char* words_of(cloud_init::RotationPhase phase) {
    switch (phase) {
    case cloud_init::RotationPhase::bundle: return "a new CA is trusted beside the one that signs (step 1 of 3)";
    case cloud_init::RotationPhase::switched: return "the new CA signs, the old one is still trusted (step 2 of 3)";
    case cloud_init::RotationPhase::dropped: return "the old CA is not trusted any more (step 3 of 3)";
    }
    return "";
}

Result<int> rotate_ca(const RotateArguments& arguments) {
    const auto path = secrets_path_of(arguments);
    INGOT_ASSIGN(const auto cluster, cloud_init::read_cluster(arguments.cluster), "");
    INGOT_ASSIGN(auto secrets, cloud_init::read_secrets(path), "");
    if (secrets.id != cluster.id) {
        return fail(ErrorKind::invalid_input, text::format("{} belongs to another cluster", path.string()));
    }
    const auto role = cloud_init::role_from(arguments.role).value_or(cloud_init::Role::db); // CLI11 has checked it
    INGOT_ASSIGN(const auto phase,
                 cloud_init::rotate_authority(secrets, role, cluster.name, clock::SystemClock().now()), "");
    INGOT_TRY(write_secrets(path, secrets), "");
    std::printf("%s: role %s: %s\n%s", path.c_str(), arguments.role.c_str(), words_of(phase), kToEtcdNodes);
    if (phase != cloud_init::RotationPhase::dropped) {
        std::printf("Then: `ingot-agent trust` on an etcd node shows generation %d for every node (half a minute); "
                    "then the next step: "
                    "ingot cluster rotate-ca %s\n",
                    secrets.generation, arguments.role.c_str());
    }
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

    auto rotate_arguments = std::make_shared<RotateArguments>();
    const auto add_rotation = [&](const char* name, const char* help, std::vector<std::string> roles,
                                  Result<int> (*rotate)(const RotateArguments&)) {
        auto* command = cluster->add_subcommand(name, help);
        command->add_option("ROLE", rotate_arguments->role, text::join(roles, ", "))
            ->required()
            ->check(CLI::IsMember(roles));
        command->add_option("--cluster", rotate_arguments->cluster, "The cluster file")->capture_default_str();
        command->add_option("--secrets", rotate_arguments->secrets,
                            "The secrets file (default: secrets.yaml beside the cluster file)");
        command->callback([rotate_arguments, rotate, &action] {
            action = [rotate_arguments, rotate] { return rotate(*rotate_arguments); };
        });
    };
    add_rotation("rotate-token", "Draw a new token of a role; the one before stays accepted",
                 {"db", "proxy", "backup"}, rotate_token);
    add_rotation("rotate-ca", "Replace the CA of a role, one of three steps at a time", {"etcd", "db", "proxy"},
                 rotate_ca);

    auto password_arguments = std::make_shared<PasswordArguments>();
    auto* draw = cluster->add_subcommand("password", "Draw the password of a user added to cluster.yaml");
    draw->add_option("USER", password_arguments->user, "Name of the database user")->required();
    draw->add_option("--secrets", password_arguments->secrets, "The secrets file")->capture_default_str();
    draw->callback(
        [password_arguments, &action] { action = [password_arguments] { return password(*password_arguments); }; });
}

} // namespace ingot::builder::cli
