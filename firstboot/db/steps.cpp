// The db role, wired: which step does what, in which order.

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include "common/log/log.hpp"
#include "common/text/text.hpp"
#include "firstboot/backup/clients.hpp"
#include "firstboot/coordination/endpoints.hpp"
#include "firstboot/db/backup_runner.hpp"
#include "firstboot/db/backup_status.hpp"
#include "firstboot/db/checkpoint_watch.hpp"
#include "firstboot/db/clone_turn.hpp"
#include "firstboot/db/db.hpp"
#include "firstboot/db/duties.hpp"
#include "firstboot/db/etcd_snapshots.hpp"
#include "firstboot/db/figures.hpp"
#include "firstboot/db/observe.hpp"
#include "firstboot/db/render.hpp"
#include "firstboot/db/restore_test.hpp"
#include "firstboot/db/rewind_watch.hpp"
#include "firstboot/db/room.hpp"
#include "firstboot/db/settings.hpp"
#include "firstboot/db/source.hpp"
#include "firstboot/db/stanza.hpp"
#include "firstboot/identity/identity.hpp"

namespace ingot::firstboot {

namespace {

using namespace db;
using namespace std::chrono_literals;

/// What the steps and duties of one node share. A duty's own memory is touched by its own thread only.
struct Shared {
    Database database;
    BootstrapJanitor janitor{};
    Provisioning provisioning{};
    StanzaWatch stanza{};
    BackupRunner backup{};
    RestoreTestRunner restore_test{};
    EtcdSnapshots etcd_snapshots{};
    backup::ServerCertificate server_certificate{};
    CertificateWatch certificate{};
    CloneTurn turn{};
    RoomWatch room{};
    RewindWatch rewind{};
    std::optional<clock::Monotonic> not_serving_since{};
    std::optional<clock::Monotonic> looked_around{};
};

Status await_etcd(const Database& database) {
    auto etcd = database.etcd();
    INGOT_TRY(etcd->check_quorum(), "etcd has no quorum yet");
    return {};
}

/// The image brings what it brings.
Status check_version(const Database& database) {
    const auto& root = database.environment.root;
    if (!root.is_system() || files::exists(root.at(bin_directory(database.node)))) { return {}; }
    auto present = files::list(root.at("/usr/lib/postgresql"));
    return fail(ErrorKind::refused,
                text::format("the user-data asks for PostgreSQL {}, but this image has {}; boot an image with it, or "
                             "change postgres.version before the first boot",
                             database.node.config.postgres.version,
                             present && !present->empty() ? text::join(*present, ", ") : "none"));
}

/// A machine without a watchdog gets the kernel's own. Not in a container: the kernel is somebody else's.
Status find_watchdog(const Database& database) {
    const auto& root = database.environment.root;
    const auto device = root.at("/dev/watchdog");
    if (root.is_system() && !files::exists(device) && !files::exists(root.at("/run/systemd/container"))) {
        const auto loaded = database.environment.processes.run(
            {.argv = {"modprobe", "softdog"}, .timeout = std::chrono::seconds(10)});
        if (!loaded || loaded->exit_code != 0) {
            log::warning(
                "there is no watchdog and softdog cannot be loaded: a leader that hangs is not stopped by force");
        }
    }
    const auto mark = root.at(kWatchdogMark);
    return files::exists(device) ? files::write(mark, "") : files::remove_file(mark);
}

/// Files for reading from another cluster, where there is one.
Status configure_source(const Database& database) {
    const auto& root = database.environment.root;
    const auto& node = database.node;
    const auto secret = owned_by(database, 0640, "root", "postgres");
    if (reads_source_repository(node)) {
        for (const auto& file : source_files(node)) {
            INGOT_TRY(files::write_if_different(root.at(file.path), file.content,
                                                file.secret ? secret : files::Ownership{.mode = 0644}),
                      "");
        }
        INGOT_TRY(
            files::write_if_different(root.at(kSourceFile), render_source(node, observe_machine(database)), secret),
            "");
    }
    if (!streams_from_source(node)) { return {}; }
    const auto& standby = *node.config.standby_of;
    INGOT_TRY(files::write_if_different(root.at(kStandbyCertificate), standby.certificate), "");
    INGOT_TRY(files::write_if_different(root.at(kStandbyKey), standby.key.reveal(), secret), "");
    INGOT_ASSIGN(const auto hosts, files::read_if_exists(root.at("/etc/hosts")), "");
    INGOT_TRY(files::write_if_different(root.at("/etc/hosts"), with_source_hosts(hosts.value_or(""), node)), "");
    return {};
}

/// The WAL's folder on its disk, with what makes a mount point no longer empty (lost+found) beside it.
Status make_wal_folder(const Database& database) {
    const auto& root = database.environment.root;
    if (!observe_machine(database).wal_disk) { return {}; }
    const auto parent = std::filesystem::path(wal_directory(database.node)).parent_path().string();
    return files::make_directory(root.at(parent), owned_by(database, 0700, "postgres", "postgres"));
}

Status make_folders(const Database& database) {
    const auto& root = database.environment.root;
    // A disk of its own that was just formatted is root's; Patroni writes its password file there.
    INGOT_TRY(files::make_directory(root.at("/var/lib/postgresql"), owned_by(database, 0755, "postgres", "postgres")),
              "");
    const auto parent = std::filesystem::path(data_directory(database.node)).parent_path().string();
    INGOT_TRY(files::make_directory(root.at(parent), owned_by(database, 0700, "postgres", "postgres")), "");
    for (const auto& repository : database.node.config.backup.repositories) {
        if (!std::holds_alternative<cloud_init::PosixStore>(repository.store)) { continue; }
        const auto path = root.at(repository_path(database.node, repository));
        if (files::exists(path)) { continue; } // shared: whoever came first made it
        INGOT_TRY(files::make_directory(path, owned_by(database, 0750, "postgres", "postgres")),
                  "making the folder of the backup repository");
    }
    return {};
}

Status configure(const Database& database) {
    const auto& root = database.environment.root;
    const auto secret = owned_by(database, 0640, "root", "postgres");
    INGOT_TRY(check_version(database), "");
    INGOT_TRY(configure_source(database), "");
    INGOT_ASSIGN(const bool new_cas, write_trusted_cas(database), "");
    if (has_repository(database.node)) {
        for (const auto& file : backup::repository_files(database.node)) {
            INGOT_TRY(files::write_if_different(root.at(file.path), file.content,
                                                file.secret ? secret : files::Ownership{.mode = 0644}),
                      "");
        }
        const auto config = render_pgbackrest(database.node, observe_machine(database));
        INGOT_TRY(files::write_if_different(root.at(backup::kConfigFile), config, secret), "");
        const auto direct = render_pgbackrest(database.node, observe_machine(database), backup::Scope::direct);
        INGOT_TRY(files::write_if_different(root.at(backup::kDirectConfigFile), direct, secret), "");
    }
    INGOT_ASSIGN(const bool changed, write_patroni_config(database), "");
    if (!changed && !new_cas) { return {}; }
    INGOT_ASSIGN(const auto state, database.environment.services.state(kPatroniUnit), "");
    if (state != "active") { return {}; }
    return database.environment.services.reload(kPatroniUnit);
}

/// The members of etcd as they are now: where this agent and Patroni begin to look at their next start.
Status follow_etcd(const Database& database) {
    auto etcd = database.etcd();
    INGOT_ASSIGN(const auto members, etcd->members(), "");
    INGOT_ASSIGN(const bool changed, remember_members(database.environment.root, members), "");
    if (!changed) { return {}; }
    log::info("the members of etcd have changed");
    return configure(database);
}

/// This node's name for the servers of others. Before anything is asked of a backup host: it turns away whom it does
/// not know.
Status announce(const Database& database) {
    if (!has_repository(database.node)) { return {}; }
    auto etcd = database.etcd();
    INGOT_TRY(backup::announce(database.node, *etcd), "telling the others that this is a db node");
    return {};
}

/// The TLS server by which another node makes backups from this one; and this node's name for the servers of others.
Status keep_backup_server(const Database& database) {
    if (!has_repository(database.node)) { return {}; }
    INGOT_TRY(announce(database), "");
    auto etcd = database.etcd();
    return backup::keep_server(database.node, database.environment, *etcd);
}

/// Acts on decide_start(): refuses, clears away what was cut off, or writes the claim and lets Patroni start.
class Claimant {
  public:
    Claimant(const Database& database, const Past& past) : database_(database), past_(past) {}

    Status operator()(const Start& /*decision*/) const {
        const Claim claim{.cluster_id = past_.cluster_id, .instance_id = past_.instance_id};
        const bool own = past_.claim && past_.claim->cluster_id == claim.cluster_id &&
                         past_.claim->instance_id == claim.instance_id;
        if (own) { return {}; }
        return write_claim(database_, claim);
    }
    Status operator()(const Discard& decision) const {
        log::warning(text::format("{}: removing {}", past_.data_directory, decision.reason));
        INGOT_TRY(files::remove_tree(data()), "");
        return look_again();
    }
    Status operator()(const SetAside& decision) const {
        auto aside = data();
        aside += ".set-aside";
        log::warning(text::format("{}: moving {} to {}", past_.data_directory, decision.reason, aside.string()));
        INGOT_TRY(files::remove_tree(aside), "");
        std::error_code error;
        std::filesystem::rename(data(), aside, error);
        if (error) { return fail_errno(error.value(), "moving " + past_.data_directory); }
        INGOT_TRY(files::sync_directory(aside.parent_path()), "");
        return look_again();
    }
    Status operator()(const Refuse& decision) const { return fail(ErrorKind::refused, decision.reason); }

  private:
    [[nodiscard]] std::filesystem::path data() const { return database_.environment.root.at(past_.data_directory); }
    static Status look_again() { return fail(ErrorKind::transient, "the data directory was cleared; looking again"); }

    const Database& database_;
    const Past& past_;
};

Status claim_data_directory(const Database& database) {
    INGOT_ASSIGN(const auto state, database.environment.services.state(kPatroniUnit), "");
    if (is_running(state)) { return {}; }
    INGOT_ASSIGN(const auto past, observe_past(database), "");
    return std::visit(Claimant(database, past), decide_start(past));
}

/// Somebody removed files of a running database, or its filesystem forgot them: without its pg_control PostgreSQL
/// never starts again, and Patroni tries for ever. The rules of the boot say what to do: it is cleared away, and
/// copied anew, only while another member leads.
Status mend_data_directory(const Database& database) {
    INGOT_ASSIGN(const auto status, ask_patroni(database), "");
    if (status.state != "start failed") { return {}; } // a copy that is under way has no pg_control either
    INGOT_ASSIGN(const auto past, observe_past(database), "");
    if (!past.has_files || past.system_id) { return {}; }
    const auto decision = decide_start(past);
    if (const auto* const refusal = std::get_if<Refuse>(&decision)) {
        return fail(ErrorKind::refused, refusal->reason);
    }
    INGOT_TRY(database.environment.services.stop(kPatroniUnit), "");
    static_cast<void>(claim_data_directory(database)); // looks again, decides again, and says so
    return database.environment.services.start(kPatroniUnit);
}

/// That this member serves; and what can be done if it does not for a while.
Status serve(Shared& shared) {
    constexpr auto kWhile = 30s;
    auto serving = check_service(shared.database);
    const auto now = shared.database.environment.clock.monotonic();
    if (serving) {
        shared.not_serving_since.reset();
    } else if (!shared.not_serving_since) {
        shared.not_serving_since = now;
    } else if (now - *shared.not_serving_since >= kWhile) {
        shared.not_serving_since = now;
        INGOT_TRY(mend_data_directory(shared.database), "");
    }
    return serving;
}

/// Before the first database of a cluster is restored: is there what it is to be restored from?
Status check_source(const Database& database) {
    INGOT_ASSIGN(const auto state, database.environment.services.state(kPatroniUnit), "");
    if (is_running(state)) { return {}; }
    INGOT_ASSIGN(const auto past, observe_past(database), "");
    if (past.has_files || past.initialize) { return {}; }
    INGOT_ASSIGN(const auto backups, observe_source_backups(database), "");
    return check_restore(*database.node.config.restore, backups);
}

Status start(const Database& database) {
    if (files::exists(database.environment.root.at(kRetiredFile))) {
        return fail(ErrorKind::refused, "this node was retired and takes no part in the cluster any more; delete the "
                                        "machine, or take it back with `ingot-agent retire --undo`");
    }
    return database.environment.services.start(kPatroniUnit);
}

/// What helps a member that does not serve yet, once a second: nodes that ask systemd and etcd all the time slow down
/// what they wait for.
Status look_around(Shared& shared) {
    constexpr auto kPause = 1s;
    const auto now = shared.database.environment.clock.monotonic();
    if (shared.looked_around && now - *shared.looked_around < kPause) { return check_patroni(shared.database); }
    shared.looked_around = now;
    auto serving = check_service(shared.database);
    if (!serving) {
        shared.turn.keep();
        INGOT_TRY(shared.janitor(shared.database), "");
        INGOT_TRY(shared.rewind(shared.database), "");
    }
    return serving;
}

/// Done when this member serves; from then on the claim calls it a member.
Status await_service(Shared& shared) {
    const auto& database = shared.database;
    if (!check_patroni(database)) { INGOT_TRY(look_around(shared), ""); }
    shared.turn.give_back();
    INGOT_ASSIGN(auto claim, read_claim(database), "");
    if (claim && !claim->member) {
        claim->member = true;
        INGOT_TRY(write_claim(database, *claim), "recording that this node is a member");
    }
    // A new cluster's first clients wait for this. If it fails now, the duty tries again and says why.
    static_cast<void>(shared.provisioning(database).has_value());
    return {};
}

void add_backup_duties(Role& role, const std::shared_ptr<Shared>& shared) {
    const auto add = [&](const char* name, std::chrono::milliseconds interval, std::function<Status()> run) {
        role.duties.push_back({.name = name, .interval = interval, .run = std::move(run)});
    };
    add("db.stanza", 2s, [shared] { return shared->stanza(shared->database); });
    add("db.backup", 2s, [shared] { return shared->backup(shared->database); });
    add("db.restore-test", 10s, [shared] { return shared->restore_test(shared->database); });
    role.duties.push_back({.name = "db.etcd-snapshots",
                           .interval = 10s,
                           .run = [shared] { return shared->etcd_snapshots(shared->database); },
                           .words = [shared] { return shared->etcd_snapshots.words(); }});
    add("db.backup-status", 5s, [shared] { return watch_backups(shared->database); });
    add("db.backup-server", 2s, [shared] { return keep_backup_server(shared->database); });
    add("db.backup-certificate", 5s, [shared] { return shared->server_certificate(shared->database.environment); });
}

} // namespace

std::vector<Step> db_machine_steps(const NodeSpec& node, Environment& environment) {
    const auto database = std::make_shared<Database>(Database{.node = node, .environment = environment});
    return {{.name = "db.folders",
             .description = "making the folders of PostgreSQL and of its backups",
             .apply = [database]() -> Status {
                 INGOT_TRY(make_folders(*database), "");
                 return make_wal_folder(*database);
             }},
            {.name = "db.watchdog", .description = "looking for a watchdog", .apply = [database] {
                 return find_watchdog(*database);
             }}};
}

Role make_db_role(const NodeSpec& node, Environment& environment) {
    const auto shared = std::make_shared<Shared>(Shared{.database = {.node = node, .environment = environment}});
    Role role;
    role.steps.push_back({.name = "db.wait-for-etcd",
                          .description = "waiting for etcd to have a quorum",
                          .apply = [shared] { return await_etcd(shared->database); }});
    role.steps.push_back({.name = "db.configure",
                          .description = "writing the configuration of Patroni and pgBackRest",
                          .apply = [shared] { return configure(shared->database); }});
    role.steps.push_back({.name = "db.announce",
                          .description = "telling the others that this is a db node",
                          .apply = [shared] { return announce(shared->database); }});
    role.steps.push_back({.name = "db.claim",
                          .description = "making sure that no earlier database is overwritten",
                          .apply = [shared] { return claim_data_directory(shared->database); }});
    if (node.config.restore) {
        role.steps.push_back({.name = "db.source",
                              .description = "looking for the backup to restore",
                              .apply = [shared] { return check_source(shared->database); }});
    }
    role.steps.push_back({.name = "db.start", .description = "starting Patroni", .apply = [shared]() -> Status {
                              INGOT_TRY(shared->turn.await(shared->database), "");
                              INGOT_TRY(shared->certificate.begin(shared->database), "");
                              return start(shared->database);
                          }});
    // While Patroni begins, which takes a second.
    role.steps.push_back({.name = "db.backup-server",
                          .description = "starting pgBackRest's server",
                          .apply = [shared] { return keep_backup_server(shared->database); }});
    role.steps.push_back({.name = "db.ready",
                          .description = "waiting for PostgreSQL to lead or to stream",
                          .apply = [shared] { return await_service(*shared); }});
    role.duties.push_back({.name = "db.serve", .interval = 5s, .run = [shared] { return serve(*shared); }});
    role.duties.push_back({.name = "db.users-and-databases", .interval = 500ms, .run = [shared] {
                               return shared->provisioning(shared->database);
                           }});
    if (has_repository(node)) { add_backup_duties(role, shared); }
    role.duties.push_back(
        {.name = "db.room", .interval = 2s, .run = [shared] { return shared->room(shared->database); }});
    role.duties.push_back(
        {.name = "db.checkpoint", .interval = 5s, .run = [shared] { return watch_checkpoint(shared->database); }});
    role.duties.push_back(
        {.name = "db.rewind", .interval = 10s, .run = [shared] { return shared->rewind(shared->database); }});
    role.duties.push_back(
        {.name = "db.settings", .interval = 30s, .run = [shared] { return follow_settings(shared->database); }});
    role.duties.push_back(
        {.name = "db.etcd-members", .interval = 15s, .run = [shared] { return follow_etcd(shared->database); }});
    role.duties.push_back({.name = "db.certificate", .interval = 5s, .run = [shared] {
                               return shared->certificate(shared->database);
                           }});
    role.figures.push_back([shared] { return figures(shared->database); });
    return role;
}

} // namespace ingot::firstboot
