// ingot: builds role images, writes user-data, runs a whole cluster on one machine.
#include <clocale>
#include <csignal>
#include <cstdio>
#include <exception>

#include <CLI/CLI.hpp>

#include "builder/cli/commands.hpp"
#include "common/cli/commands.hpp"

namespace {

ingot::cli::ManualNotes manual() {
    return {.section = 1,
            .version = INGOT_VERSION,
            .date = INGOT_DATE,
            .title = "build, publish and try images of a highly available PostgreSQL cluster",
            .environment = {{"HCLOUD_TOKEN",
                             "The API token of a project of Hetzner Cloud, for upload hetzner and hetzner"},
                            {"HCLOUD_ENDPOINT", "Another address than Hetzner Cloud's own API"},
                            {"AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY", "Keys of an object storage, for upload s3"},
                            {"SOURCE_DATE_EPOCH", "The date of everything in an image, in seconds"}},
            .files = {{"roles/", "Specs of the roles; overlays/ is beside it"},
                      {"build/images/", "Where images go, one folder for each role"},
                      {"/var/cache/ingot", "Packages and layers (for others than root: ~/.cache/ingot)"}},
            .exit_codes = {{"0", "It is done"},
                           {"1", "It failed"},
                           {"2", "What was asked for is not right; the message says where"},
                           {"3", "It was refused, to be on the safe side"},
                           {"75", "It may work later"}},
            .see_also = "ingot\\-agent(8)"};
}

} // namespace

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
        ingot::builder::cli::add_schema(app, action);
        ingot::builder::cli::add_inspect(app, action);
        ingot::builder::cli::add_diff(app, action);
        ingot::builder::cli::add_lab(app, action);
        ingot::builder::cli::add_serve(app, action);
        ingot::builder::cli::add_upload(app, action);
        app.set_version_flag("--version", "ingot " INGOT_VERSION);
        ingot::cli::add_documentation(app, manual(), action);
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
