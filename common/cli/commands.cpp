#include "common/cli/commands.hpp"

#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>

namespace ingot::cli {

namespace {

Result<int> print(const std::string& text) {
    if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0) {
        return fail(ErrorKind::tool_failed, "writing to standard output");
    }
    return 0;
}

} // namespace

void add_documentation(CLI::App& app, ManualNotes notes, std::function<Result<int>()>& action) {
    auto shell = std::make_shared<std::string>();
    auto* completion = app.add_subcommand("completion", "Print the completion script for a shell");
    completion->add_option("SHELL", *shell, "bash, zsh or fish")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
    completion->callback([&app, shell, &action] {
        action = [&app, shell] {
            const auto program = describe(app);
            if (*shell == "zsh") { return print(render_zsh(program)); }
            return print(*shell == "fish" ? render_fish(program) : render_bash(program));
        };
    });
    auto* manual = app.add_subcommand("man", "Print the manual page")->group("");
    manual->callback([&app, notes = std::move(notes), &action] {
        action = [&app, notes] { return print(render_manual(describe(app), notes)); };
    });
}

} // namespace ingot::cli
