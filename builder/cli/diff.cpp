// ingot diff A B: what changed from one image to the other. Like diff: 0 the same, 1 different, 2 trouble.
#include "builder/cli/commands.hpp"

#include <cstdio>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "builder/inspect/diff.hpp"
#include "builder/inspect/image.hpp"
#include "common/json/json.hpp"

namespace ingot::builder::cli {

namespace {

constexpr int kTrouble = 2;

struct Options {
    std::string before{};
    std::string after{};
    bool json = false;
    bool files = false;
};

Result<inspect::Difference> compare(const Options& options) {
    INGOT_ASSIGN(const auto before, inspect::read_image(options.before, true), "");
    INGOT_ASSIGN(const auto after, inspect::read_image(options.after, true), "");
    return inspect::compare(before, after, options.before, options.after);
}

int run(const Options& options) {
    const auto difference = compare(options);
    if (!difference) {
        std::fprintf(stderr, "ingot: %s\n", difference.error().to_string().c_str());
        return kTrouble;
    }
    const auto text = options.json ? json::to_text(inspect::to_json(*difference))
                                   : inspect::render_text(*difference, options.files);
    std::fputs(text.c_str(), stdout);
    return difference->empty() ? 0 : 1;
}

} // namespace

void add_diff(CLI::App& app, Action& action) {
    auto options = std::make_shared<Options>();
    auto* command = app.add_subcommand("diff", "Say what differs between two images (exit code 1 if anything does)");
    command->add_option("BEFORE", options->before, "Folder of an image, or one of its files")->required();
    command->add_option("AFTER", options->after, "The other one")->required();
    command->add_flag("--files", options->files, "Name every file");
    command->add_flag("--json", options->json, "Print JSON");
    command->callback([options, &action] { action = [options]() -> Result<int> { return run(*options); }; });
}

} // namespace ingot::builder::cli
