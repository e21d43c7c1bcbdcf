// ingot-agent: makes the machine it runs on a member of its cluster, and keeps it one.
#include <csignal>
#include <cstdio>
#include <exception>
#include <functional>
#include <iostream>
#include <string_view>

#include <CLI/CLI.hpp>

#include "firstboot/cli/commands.hpp"

namespace {

using Action = std::function<ingot::Result<int>()>;

void add_trust(CLI::App& app, Action& action) {
    namespace cli = ingot::firstboot::cli;
    static std::string node;
    auto* const trust = app.add_subcommand("trust", "Say who belongs to the cluster (on an etcd node)");
    trust->require_subcommand(0, 1);
    auto* const accept = trust->add_subcommand("accept", "Take CAs and tokens of newer user-data (standard input)");
    auto* const revoke = trust->add_subcommand("revoke", "Sign nothing for this node any more");
    revoke->add_option("NODE", node, "Its name")->required();
    auto* const lift = trust->add_subcommand("lift", "Let a revoked node join again");
    lift->add_option("NODE", node, "Its name")->required();
    trust->callback([&action, accept, revoke, lift] {
        if (accept->parsed()) {
            action = [] { return cli::trust_accept(); };
        } else if (revoke->parsed()) {
            action = [] { return cli::trust_revoke(node); };
        } else if (lift->parsed()) {
            action = [] { return cli::trust_lift(node); };
        } else {
            action = [] { return cli::trust_list(); };
        }
    });
}

void add_commands(CLI::App& app, Action& action) {
    namespace cli = ingot::firstboot::cli;
    app.add_subcommand("run", "Set this machine up and look after it (the unit ingot-agent.service does this)")
        ->callback([&action] { action = [] { return cli::run(); }; });

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
