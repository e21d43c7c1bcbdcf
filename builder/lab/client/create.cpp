#include "builder/lab/client/create.hpp"

#include <cstdlib>

#include <unistd.h>

#include "builder/lab/model/client_bundle.hpp"
#include "builder/lab/world/supervise.hpp"
#include "common/clock/clock.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::lab {

namespace {

namespace fs = std::filesystem;

Result<cloud_init::NewCluster> obtain_cluster(const Paths& paths, const ClusterSource& source) {
    if (!source.cluster_file) {
        return cloud_init::init_cluster({.name = paths.name, .synchronous = cloud_init::Synchronous::on},
                                        clock::SystemClock().now());
    }
    INGOT_ASSIGN(auto cluster, cloud_init::read_cluster(*source.cluster_file), "");
    const auto secrets_file = fs::absolute(*source.cluster_file).parent_path() / cloud_init::kSecretsFile;
    INGOT_ASSIGN(auto secrets, cloud_init::read_secrets(secrets_file), "");
    if (secrets.id != cluster.id) {
        return fail(ErrorKind::invalid_input, text::format("{} belongs to another cluster than {}",
                                                           secrets_file.string(), source.cluster_file->string()));
    }
    return cloud_init::NewCluster{.cluster = std::move(cluster), .secrets = std::move(secrets)};
}

/// The files that a client needs, for the person who called sudo.
Status write_client_files(const Paths& paths, const cloud_init::NewCluster& made) {
    INGOT_TRY(files::write(paths.ca_bundle(), client_bundle(made.secrets)), "");
    const auto domain = cloud_init::domain_of(made.cluster.name);
    std::string passwords;
    for (const auto& [user, secret] : made.secrets.users) {
        for (const auto* name : {"primary", "replica"}) {
            passwords += text::format("{}.{}:*:*:{}:{}\n", name, domain, user, secret.password.reveal());
        }
    }
    INGOT_TRY(files::write(paths.pgpass(), passwords, {.mode = 0600}), "");
    const char* caller = std::getenv("SUDO_UID");
    const auto uid = caller == nullptr ? std::nullopt : text::to_number(caller);
    if (uid && ::chown(paths.pgpass().c_str(), static_cast<uid_t>(*uid), static_cast<gid_t>(-1)) != 0) {
        return fail_errno(errno, "giving the password file to the user who called sudo");
    }
    return {};
}

} // namespace

Result<LabState> create_lab(const Paths& paths, const ClusterSource& source, const std::string& images) {
    INGOT_ASSIGN(const auto made, obtain_cluster(paths, source), "");
    INGOT_ASSIGN(const auto network, LabNetwork::parse(made.cluster.network), "");
    std::vector<MemberSeed> seeds;
    const auto hosts = backup_hosts(made.cluster.backup);
    for (std::size_t i = 0; i < founding_count(made.cluster.topology) + hosts.size(); ++i) {
        seeds.push_back(draw_seed());
    }
    LabState state{.name = paths.name, .images = images};
    INGOT_ASSIGN(state.members, founding_members(made.cluster.topology, network, seeds, hosts), "");
    for (const auto& member : state.members) { note_used(state.used, member); }

    INGOT_TRY(files::make_directory(paths.state, {.mode = 0755}), "");
    INGOT_TRY(files::make_directory(paths.state / "nodes", {.mode = 0700}), "");
    INGOT_TRY(files::make_directory(paths.logs(), {.mode = 0755}), "");
    INGOT_TRY(cloud_init::write_new_cluster(paths.state, made), "");
    INGOT_TRY(write_client_files(paths, made), "");
    INGOT_TRY(files::write(paths.lab_json(), to_text(state)), "");
    return state;
}

Result<ConnectInfo> connect_info(const Paths& paths) {
    INGOT_ASSIGN(const auto cluster, cloud_init::read_cluster(paths.state / cloud_init::kClusterFile), "");
    ConnectInfo info{.domain = cloud_init::domain_of(cluster.name),
                     .user = "app",
                     .database = "app",
                     .ca_file = paths.ca_bundle().string(),
                     .pass_file = paths.pgpass().string()};
    const auto& postgres = cluster.postgres;
    if (postgres.databases.empty() || postgres.users.empty()) {
        return fail(ErrorKind::invalid_input,
                    "cluster.yaml names no database and no user, so nobody can connect to this lab");
    }
    info.database = postgres.databases.front().name;
    info.user = postgres.databases.front().owner.value_or(postgres.users.front());
    return info;
}

} // namespace ingot::builder::lab
