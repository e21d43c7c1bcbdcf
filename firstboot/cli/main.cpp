// ingot-agent: makes the machine it runs on a member of its cluster, and keeps it one.
#include <csignal>
#include <cstdio>
#include <exception>
#include <functional>
#include <iostream>

#include <CLI/CLI.hpp>

#include "firstboot/cli/commands.hpp"

namespace {

using Action = std::function<ingot::Result<int>()>;

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

    app.add_subcommand("version", "Print the version")->callback([&action] {
        action = []() -> ingot::Result<int> {
            std::printf("ingot-agent %s\n", INGOT_VERSION);
            return 0;
        };
    });
}

} // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN); // NOLINT(cert-err33-c,bugprone-unused-return-value): cannot fail for SIGPIPE
    try {
        CLI::App app("The agent of an Ingot node.", "ingot-agent");
        app.require_subcommand(1);
        Action action;
        add_commands(app, action);
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
