// ingot: builds role images, writes user-data, runs a whole cluster on one machine.
#include <clocale>
#include <csignal>
#include <cstdio>
#include <exception>

#include <CLI/CLI.hpp>

#include "builder/cli/commands.hpp"

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN); // NOLINT(cert-err33-c,bugprone-unused-return-value): cannot fail for SIGPIPE
    // libarchive reads file names in this character set; in plain "C" it marks every other name as binary.
    std::setlocale(LC_CTYPE, "C.UTF-8"); // NOLINT(cert-err33-c,concurrency-mt-unsafe): before any thread
    try {
        CLI::App app("Ingot: PostgreSQL clusters from role images, without an orchestrator.", "ingot");
        app.require_subcommand(1);
        ingot::builder::cli::Action action;
        ingot::builder::cli::add_build(app, action);
        ingot::builder::cli::add_lock(app, action);
        ingot::builder::cli::add_trust(app, action);
        ingot::builder::cli::add_reproduce(app, action);
        ingot::builder::cli::add_cluster(app, action);
        ingot::builder::cli::add_user_data(app, action);
        ingot::builder::cli::add_check(app, action);
        ingot::builder::cli::add_inspect(app, action);
        ingot::builder::cli::add_diff(app, action);
        ingot::builder::cli::add_lab(app, action);
        ingot::builder::cli::add_serve(app, action);
        try {
            app.parse(argc, argv);
        } catch (const CLI::ParseError& problem) { return app.exit(problem) == 0 ? 0 : 2; }
        if (!action) { return 2; }
        const auto result = action();
        if (result) { return *result; }
        std::fprintf(stderr, "ingot: %s\n", result.error().to_string().c_str());
        return ingot::exit_code(result.error().kind);
    } catch (const std::exception& problem) {
        std::fprintf(stderr, "ingot: this is a bug in ingot, please report it: %s\n", problem.what());
        return 1;
    }
}
