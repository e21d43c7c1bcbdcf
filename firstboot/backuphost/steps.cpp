// The backup role, wired. The db nodes do all the work, stanza and backups included; this machine keeps their files
// behind pgBackRest's TLS server and cannot reach any of them.

#include <filesystem>
#include <memory>

#include "common/text/text.hpp"
#include "firstboot/backup/clients.hpp"
#include "firstboot/backup/render.hpp"
#include "firstboot/backuphost/backuphost.hpp"
#include "firstboot/coordination/session.hpp"
#include "firstboot/identity/identity.hpp"

namespace ingot::firstboot {

namespace {

using namespace std::chrono_literals;

/// A duty's own memory is touched by its own thread only.
struct Shared {
    NodeSpec node;
    Environment& environment;
    backup::ServerCertificate certificate{};

    [[nodiscard]] EtcdSession etcd() const {
        return {environment.make_http(), node.config.etcd.founders, tls_for(environment.root, "etcd")};
    }
};

files::Ownership owned_by(const Environment& environment, mode_t mode, const char* user, const char* group) {
    if (!environment.root.is_system()) { return {.mode = mode}; }
    return {.mode = mode, .user = user, .group = group};
}

const cloud_init::Repository* own_repository(const NodeSpec& node) {
    for (const auto& repository : node.config.backup.repositories) {
        const auto* const host = std::get_if<cloud_init::HostStore>(&repository.store);
        if (host != nullptr && host->address == node.address) { return &repository; }
    }
    return nullptr;
}

Status make_folder(const NodeSpec& node, const Environment& environment) {
    const auto* const repository = own_repository(node);
    // User-data in which it is not is refused by the role's first step.
    if (repository == nullptr) { return {}; }
    const auto folder = environment.root.at(backup::repository_path(node, *repository));
    if (files::exists(folder)) { return {}; }
    return files::make_directory(folder, owned_by(environment, 0750, "postgres", "postgres"));
}

Status configure(const Shared& shared) {
    const auto& environment = shared.environment;
    INGOT_ASSIGN(const auto config, backup::render_host_config(shared.node), "");
    INGOT_TRY(files::write_if_different(environment.root.at(backup::kConfigFile), config,
                                        owned_by(environment, 0640, "root", "postgres")),
              "");
    return {};
}

Status await_etcd(const Shared& shared) {
    auto etcd = shared.etcd();
    INGOT_TRY(etcd->check_quorum(), "etcd has no quorum yet");
    return {};
}

Status keep_server(const Shared& shared) {
    auto etcd = shared.etcd();
    return backup::keep_server(shared.node, shared.environment, *etcd);
}

/// pgBackRest's own question to its server, answered before any name is asked for.
Status ping(const Shared& shared) {
    const process::Command command{.argv = {"pgbackrest", "server-ping", shared.node.address,
                                            text::format("--tls-server-port={}", backup::kServerPort)},
                                   .timeout = 10s};
    auto answered = process::run_checked(shared.environment.processes, command);
    if (answered) { return {}; }
    return fail(ErrorKind::transient,
                text::format("pgBackRest's server does not answer: {}", answered.error().message));
}

Status watch_space(const Shared& shared) {
    constexpr std::uintmax_t kPercent = 100;
    constexpr std::uintmax_t kLow = 10;
    std::error_code error;
    const auto* const repository = own_repository(shared.node);
    if (repository == nullptr) { return {}; }
    const auto folder = shared.environment.root.at(backup::repository_path(shared.node, *repository));
    const auto space = std::filesystem::space(folder, error);
    if (error) { return fail_errno(error.value(), "asking how full " + folder.string() + " is"); }
    if (space.available >= space.capacity / kPercent * kLow) { return {}; }
    return fail(
        ErrorKind::transient,
        text::format("the repository's disk has {} of {} left: keep fewer backups (retention) or give it more; "
                     "when it is full, WAL stays on the database's disk",
                     text::human_bytes(space.available), text::human_bytes(space.capacity)));
}

} // namespace

std::vector<Step> backup_machine_steps(const NodeSpec& node, Environment& environment) {
    return {{.name = "backup.folder",
             .description = "making the folder of the repository",
             .apply = [node, &environment] { return make_folder(node, environment); }}};
}

Role make_backup_role(const NodeSpec& node, Environment& environment) {
    const auto shared = std::make_shared<Shared>(Shared{.node = node, .environment = environment});
    Role role;
    role.steps.push_back({.name = "backup.configure",
                          .description = "writing the configuration of pgBackRest",
                          .apply = [shared] { return configure(*shared); }});
    role.steps.push_back({.name = "backup.wait-for-etcd",
                          .description = "waiting for etcd to have a quorum",
                          .apply = [shared] { return await_etcd(*shared); }});
    role.steps.push_back({.name = "backup.start", .description = "starting pgBackRest's server", .apply = [shared] {
                              return keep_server(*shared);
                          }});
    role.steps.push_back({.name = "backup.ready",
                          .description = "waiting for pgBackRest's server to answer",
                          .apply = [shared] { return ping(*shared); }});
    role.duties.push_back({.name = "backup.serve", .interval = 2s, .run = [shared] { return keep_server(*shared); }});
    role.duties.push_back(
        {.name = "backup.space", .interval = 60s, .run = [shared] { return watch_space(*shared); }});
    role.duties.push_back({.name = "backup.certificate", .interval = 5s, .run = [shared] {
                               return shared->certificate(shared->environment);
                           }});
    return role;
}

} // namespace ingot::firstboot
