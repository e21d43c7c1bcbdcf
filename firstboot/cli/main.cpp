// ingot-agent: makes the machine it runs on a member of its cluster, and keeps it one.
#include <csignal>
#include <cstdio>
#include <exception>
#include <functional>
#include <iostream>
#include <string_view>

#include <CLI/CLI.hpp>

#include "common/cli/commands.hpp"
#include "firstboot/cli/commands.hpp"
#include "firstboot/cli/etcd_orders.hpp"

namespace {

using Action = std::function<ingot::Result<int>()>;

void add_trust(CLI::App& app, Action& action) {
    namespace cli = ingot::firstboot::cli;
    static std::string node;
    auto* const trust =
        app.add_subcommand("trust", "Say who belongs to the cluster and who follows a rotation (on an etcd node)");
    trust->require_subcommand(0, 1);
    auto* const accept = trust->add_subcommand("accept", "Take CAs and tokens of newer user-data (standard input)");
    static bool anyway = false;
    accept->add_flag("--anyway", anyway,
                     "Also if nodes that live have not followed the step before, and are shut out");
    auto* const revoke =
        trust->add_subcommand("revoke", "Sign nothing for this node any more, and let no node talk to it");
    revoke->add_option("NODE", node, "Its name")->required();
    auto* const lift = trust->add_subcommand("lift", "Let a revoked node join again");
    lift->add_option("NODE", node, "Its name")->required();
    trust->callback([&action, accept, revoke, lift] {
        if (accept->parsed()) {
            action = [] { return cli::trust_accept(anyway); };
        } else if (revoke->parsed()) {
            action = [] { return cli::trust_revoke(node); };
        } else if (lift->parsed()) {
            action = [] { return cli::trust_lift(node); };
        } else {
            action = [] { return cli::trust_list(); };
        }
    });
}

void add_backup_commands(CLI::App& app, Action& action) {
    namespace cli = ingot::firstboot::cli;
    auto* const backup = app.add_subcommand("backup", "Backups of this cluster: list, now, test, verify");
    backup->require_subcommand(1);
    static bool json = false;
    auto* const list = backup->add_subcommand("list", "What there is, when it was made, and the last restore test");
    list->add_flag("--json", json, "The whole report");
    list->callback([&action] { action = [] { return cli::backup_list(json); }; });

    static std::string kind = "diff";
    static int repository = 1;
    auto* const now = backup->add_subcommand("now", "Ask the cluster for a backup; a replica makes it");
    now->add_option("--type", kind, "full, diff or incr")->capture_default_str();
    now->add_option("--repo", repository, "The repository's number")->capture_default_str();
    now->callback([&action] { action = [] { return cli::backup_now(kind, repository); }; });
    backup->add_subcommand("test", "Ask the cluster for a restore test")->callback([&action] {
        action = [] { return cli::backup_test(); };
    });
    auto* const verify = backup->add_subcommand("verify", "Read a whole repository and compare checksums");
    verify->add_option("--repo", repository, "The repository's number")->capture_default_str();
    verify->callback([&action] { action = [] { return cli::backup_verify(repository); }; });

    static std::string plan_file;
    static std::string result_file;
    auto* const test =
        app.add_subcommand("restore-test", "Restore a backup and check it (ingot-restore-test.service)");
    test->add_option("--plan", plan_file, "What to do")->required();
    test->add_option("--result", result_file, "What came of it")->required();
    test->callback([&action] { action = [] { return cli::restore_test(plan_file, result_file); }; });
}

void add_commands(CLI::App& app, Action& action) {
    namespace cli = ingot::firstboot::cli;
    app.add_subcommand("run", "Make this machine a member and look after it (the unit ingot-agent.service does this)")
        ->callback([&action] { action = [] { return cli::run(); }; });
    app.add_subcommand("setup", "Set this machine up as its user-data says (the unit ingot-setup.service does this)")
        ->callback([&action] { action = [] { return cli::set_up(); }; });

    static cli::StatusOptions options;
    static std::int64_t timeout = options.timeout.count();
    auto* const status = app.add_subcommand("status", "Say what is done, what is waited for and why");
    status->add_flag("--wait", options.wait, "Wait until the node is ready or has failed");
    status->add_option("--timeout", timeout, "Seconds to wait at most")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    status->add_flag("--json", options.json, "Print JSON");
    status->callback([&action] {
        options.timeout = std::chrono::seconds(timeout);
        action = [] { return cli::status(options); };
    });

    static std::string file;
    auto* const check = app.add_subcommand("check", "Report every fault of a user-data file");
    check->add_option("FILE", file, "The user-data")->required();
    check->callback([&action] { action = [] { return cli::check(file); }; });

    static std::string wal_file;
    static std::string wal_path;
    auto* const restore = app.add_subcommand(
        "may-restore", "Say whether recovery may read a WAL file from the archive (restore_command asks this)");
    restore->add_option("FILE", wal_file, "Its name (%f)")->required();
    restore->add_option("PATH", wal_path, "Where it is to go (%p)")->required();
    restore->callback([&action] { action = [] { return cli::may_restore(wal_file, wal_path); }; });

    static std::vector<std::string> archiving;
    auto* const archive = app.add_subcommand(
        "archive",
        "Archive a WAL file, or leave it if nobody needs it and there is another one (archive_command does this)");
    archive->add_option("PATH", wal_path, "Where it is (%p)")->required();
    archive->add_option("COMMAND", archiving, "What archives it, after --")->required();
    archive->callback([&action] { action = [] { return cli::archive(wal_path, archiving); }; });

    add_backup_commands(app, action);

    static cli::PlanOptions plan_options;
    auto* const plan = app.add_subcommand("plan", "Say what a machine would do with this user-data; changes nothing");
    plan->add_option("FILE", plan_options.file, "The user-data")->required();
    plan->add_option("--vendor-data", plan_options.vendor_data, "The provider's vendor-data");
    plan->add_option("--network", plan_options.network, "A description of the network, as for `network`");
    plan->callback([&action] { action = [] { return cli::plan(plan_options); }; });

    static std::string key;
    auto* const explain = app.add_subcommand("explain", "Say what a key of cloud-config does here");
    explain->add_option("KEY", key, "The key; all of them without it");
    explain->callback([&action] { action = [] { return cli::explain(key); }; });

    static std::string network_file;
    static std::string folder;
    auto* const network =
        app.add_subcommand("network", "Write systemd-networkd's files for a network-config or a network_data.json");
    network->add_option("FILE", network_file, "The description")->required();
    network->add_option("--out", folder, "The folder for the files; without it they are printed");
    network->callback([&action] { action = [] { return cli::network(network_file, folder); }; });

    static cli::SwitchoverOptions switchover_options;
    auto* const switchover =
        app.add_subcommand("switchover", "Let another member lead; the proxies hold clients back meanwhile");
    switchover->add_option("--to", switchover_options.to, "Who shall lead; without it, whoever is best");
    switchover->add_flag("--anyway", switchover_options.anyway, "Also if transactions do not end in time: they fail");
    switchover->callback([&action] { action = [] { return cli::switchover(switchover_options); }; });

    app.add_subcommand("doctor", "Say what is the matter with this machine, and what to do")->callback([&action] {
        action = [] { return cli::doctor(); };
    });

    static std::string svg;
    auto* const timeline = app.add_subcommand("timeline", "Show the boot: kernel, units and our steps on one axis");
    timeline->add_option("--svg", svg, "Write a picture to this file instead");
    timeline->callback([&action] { action = [] { return cli::timeline(svg); }; });

    add_trust(app, action);

    app.add_subcommand("version", "Print the version")->callback([&action] {
        action = []() -> ingot::Result<int> {
            std::printf("ingot-agent %s\n", INGOT_VERSION);
            return 0;
        };
    });
}

void add_database_commands(CLI::App& app, Action& action) {
    namespace cli = ingot::firstboot::cli;
    static cli::RetireCommand command;
    static std::int64_t timeout = command.timeout.count();
    auto* const retire =
        app.add_subcommand("retire", "Take this db node out of its cluster: no write fails, no row is lost");
    retire->add_flag("--alone", command.alone, "Also if the rest is left without a replica");
    retire->add_flag("--undo", command.undo, "Take the node back into its cluster");
    retire->add_option("--timeout", timeout, "Seconds to wait at most for the rest to be healthy")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    retire->callback([&action] {
        command.timeout = std::chrono::seconds(timeout);
        action = [] { return cli::retire(command); };
    });

    app.add_subcommand("apply",
                       "Make the cluster follow the postgres section of this node's user-data (on the leader)")
        ->callback([&action] { action = [] { return cli::apply_settings(); }; });

    static std::string typed;
    static bool source_may_live = false;
    auto* const promote = app.add_subcommand("promote-cluster", "Make this standby cluster one that takes writes");
    promote->add_option("NAME", typed, "The cluster's name, to confirm")->required();
    promote->add_flag("--source-may-live", source_may_live, "Also if the cluster that it follows still answers");
    promote->callback([&action] { action = [] { return cli::promote_cluster(typed, source_may_live); }; });
    auto* const demote =
        app.add_subcommand("demote-cluster", "Make this cluster take no writes, until it is promoted");
    demote->add_option("NAME", typed, "The cluster's name, to confirm")->required();
    demote->callback([&action] { action = [] { return cli::demote_cluster(typed); }; });
}

void add_etcd_commands(CLI::App& app, Action& action) {
    namespace cli = ingot::firstboot::cli;
    auto* const etcd = app.add_subcommand("etcd", "Orders for an etcd node, and snapshots of it");
    etcd->require_subcommand(1);
    static bool anyway = false;
    // `ingot-agent leave` is what people try first.
    for (auto* const parent : {etcd, &app}) {
        auto* const leave = parent->add_subcommand("leave", "Take this machine out of the etcd cluster, for good");
        leave->add_flag("--anyway", anyway, "Also if fewer machines may fail afterwards");
        leave->callback([&action] { action = [] { return cli::etcd_leave(anyway); }; });
    }
    static std::string copy;
    auto* const snapshot = etcd->add_subcommand("snapshot", "Save the data of the cluster to a file");
    snapshot->add_option("FILE", copy, "The new file")->required();
    snapshot->callback([&action] { action = [] { return cli::etcd_snapshot(copy); }; });

    etcd->add_subcommand("snapshots", "List the snapshots in the backup repositories (on a db node)")
        ->callback([&action] { action = [] { return cli::etcd_list_snapshots(); }; });
    static std::string fetched;
    static std::string name;
    static int repository = 0;
    auto* const fetch = etcd->add_subcommand(
        "fetch-snapshot", "Get a snapshot out of a backup repository (on a db node), for recover on an etcd node");
    fetch->add_option("FILE", fetched, "The new file")->required();
    fetch->add_option("--name", name, "Which one, as `snapshots` lists it; the newest without it");
    fetch->add_option("--repo", repository, "The repository's number; any without it");
    fetch->callback([&action] { action = [] { return cli::etcd_fetch_snapshot(fetched, name, repository); }; });

    static std::string source;
    static bool own_data = false;
    auto* const recover = etcd->add_subcommand(
        "recover", "Make a new cluster of this machine alone, when the quorum is lost for good; asks first");
    auto* const from = recover->add_option("--from-snapshot", source,
                                           "A snapshot: hourly ones are in /var/lib/ingot/etcd-snapshots, and in the "
                                           "backup repositories (fetch-snapshot)");
    recover->add_flag("--from-own-data", own_data, "What is on this machine's own disk")->excludes(from);
    recover->callback([&action] { action = [] { return cli::etcd_recover(source, own_data); }; });
}

/// The program under the name cloud-init: only what other tools ask of that one while they wait for a machine.
void add_cloud_init_commands(CLI::App& app, Action& action) {
    namespace cli = ingot::firstboot::cli;
    static cli::CloudInitStatusOptions options;
    auto* const status = app.add_subcommand("status", "Say whether the machine is set up");
    status->add_flag("-w,--wait", options.wait, "Wait until it is, or has failed");
    status->add_flag("-l,--long", options.details, "Say more");
    status->add_option("--format", options.format, "tabular, json or yaml")
        ->check(CLI::IsMember({"tabular", "json", "yaml"}));
    status->callback([&action] { action = [] { return cli::cloud_init_status(options); }; });
}

ingot::cli::ManualNotes manual() {
    return {.section = 8,
            .version = INGOT_VERSION,
            .date = INGOT_DATE,
            .title = "make a machine a member of its PostgreSQL cluster, and keep it one",
            .files = {{"/etc/ingot", "What the machine was told and made of it"},
                      {"/var/lib/ingot", "The journal of what is done; certificates"},
                      {"/run/ingot", "The state of now, which status prints"}},
            .exit_codes = {{"0", "All is well"},
                           {"1", "It failed"},
                           {"2", "What was asked for is not right"},
                           {"3", "It was refused, to be on the safe side"},
                           {"75", "It may work later"}},
            .see_also = "ingot(1), patronictl(1), pgbackrest(1), systemctl(1)"};
}

bool is_called_cloud_init(std::string_view program) {
    return program.substr(program.find_last_of('/') + 1) == "cloud-init";
}

} // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN); // NOLINT(cert-err33-c,bugprone-unused-return-value): cannot fail for SIGPIPE
    try {
        const bool as_cloud_init = argc > 0 && is_called_cloud_init(*argv);
        CLI::App app(as_cloud_init ? "ingot-agent, answering as cloud-init does." : "The agent of an Ingot node.",
                     as_cloud_init ? "cloud-init" : "ingot-agent");
        app.require_subcommand(1);
        Action action;
        if (as_cloud_init) {
            add_cloud_init_commands(app, action);
        } else {
            add_commands(app, action);
            add_database_commands(app, action);
            app.set_version_flag("--version", "ingot-agent " INGOT_VERSION);
            ingot::cli::add_documentation(app, manual(), action);
            add_etcd_commands(app, action);
        }
        try {
            app.parse(argc, argv);
        } catch (const CLI::ParseError& problem) { return app.exit(problem) == 0 ? 0 : 2; }
        const auto result = action();
        if (result) { return *result; }
        std::cerr << "ingot-agent: " << result.error().to_string() << '\n';
        return ingot::exit_code(result.error().kind);
    } catch (const std::exception& problem) {
        std::cerr << "ingot-agent: this is a bug in ingot-agent, please report it: " << problem.what() << '\n';
        return 1;
    }
}
