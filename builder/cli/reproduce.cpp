// ingot reproduce IMAGE: does the same come out again?
#include "builder/cli/commands.hpp"

#include <cstdio>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "builder/cli/build_options.hpp"
#include "builder/pipeline/reproduce_image.hpp"
#include "builder/progress/progress.hpp"
#include "common/process/process.hpp"

namespace ingot::builder::cli {

namespace {

struct Options : BuildOptions {
    std::string image{};
};

Result<int> run(Options& options) {
    INGOT_TRY(complete(options, AgentNeed::optional), "");
    process::PosixProcesses processes;
    progress::Progress progress(stderr, progress::Progress::stderr_is_terminal());
    INGOT_ASSIGN(const auto result, pipeline::reproduce_image(options.image, options.request, processes, progress),
                 "");
    for (const auto& name : result.same) { std::printf("%s: the same\n", name.c_str()); }
    for (const auto& difference : result.differences) { std::printf("%s\n", difference.c_str()); }
    if (result.differences.empty()) { return 0; }
    for (const auto& hint : result.hints) { std::printf("note: %s\n", hint.c_str()); }
    return 1;
}

} // namespace

void add_reproduce(CLI::App& app, Action& action) {
    auto options = std::make_shared<Options>();
    auto* command = app.add_subcommand("reproduce", "Build an image again from its manifest, elsewhere, and compare");
    command->add_option("IMAGE", options->image, "Folder of the image: build/images/db")->required();
    command->add_flag("--locked", options->request.locked, "Packages from the role's lock, not from the manifest");
    add_build_options(*command, *options);
    command->callback([options, &action] { action = [options] { return run(*options); }; });
}

} // namespace ingot::builder::cli
