// ingot inspect IMAGE: what is in it and why it is that big.
#include "builder/cli/commands.hpp"

#include <cstdio>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "builder/inspect/image.hpp"
#include "builder/inspect/report.hpp"
#include "common/files/files.hpp"
#include "common/json/json.hpp"

namespace ingot::builder::cli {

namespace {

struct Options {
    std::string image{};
    std::string html{};
    bool json = false;
    bool all = false;
};

Result<int> run(const Options& options) {
    INGOT_ASSIGN(const auto image, inspect::read_image(options.image), "");
    const auto report = inspect::make_report(image, options.image);
    if (!options.html.empty()) {
        INGOT_TRY(files::write(options.html, inspect::render_html(report)), "writing " + options.html);
        std::fprintf(stderr, "%s is written\n", options.html.c_str());
        if (!options.json) { return 0; }
    }
    const auto text =
        options.json ? json::to_text(inspect::to_json(report)) : inspect::render_text(report, options.all);
    std::fputs(text.c_str(), stdout);
    return 0;
}

} // namespace

void add_inspect(CLI::App& app, Action& action) {
    auto options = std::make_shared<Options>();
    auto* command = app.add_subcommand("inspect", "Say what is in an image and how big it is");
    command->add_option("IMAGE", options->image, "Folder of an image (build/images/db), or one of its files")
        ->required();
    command->add_flag("--all", options->all, "Leave nothing out");
    command->add_flag("--json", options->json, "Print JSON");
    command->add_option("--html", options->html, "Write a page with a map of the sizes");
    command->callback([options, &action] { action = [options] { return run(*options); }; });
}

} // namespace ingot::builder::cli
