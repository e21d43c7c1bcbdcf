// A program's command line as values, so that help, manual page and completions say the same.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace CLI { // NOLINT(readability-identifier-naming): the library's own name
class App;
}

namespace ingot::cli {

struct Option {
    std::vector<std::string> names{}; ///< "--format", "-w"; of a positional its one name: "IMAGE"
    std::string help{};
    bool takes_value = false;
    bool required = false;
    bool repeats = false;               ///< takes several values
    std::string standard{};             ///< what it is without; empty: not said
    std::vector<std::string> choices{}; ///< if only these are taken
};

struct Command {
    std::string name{};
    std::string help{};
    std::vector<Option> options{};
    std::vector<Option> positionals{};
    std::vector<Command> commands{};
};

/// What a program adds to its manual page.
struct ManualNotes {
    int section = 1;
    std::string version{};
    std::string date{};  ///< "2026-11-28"
    std::string title{}; ///< for NAME: what it does, without a final full stop
    std::vector<std::pair<std::string, std::string>> environment{};
    std::vector<std::pair<std::string, std::string>> files{};
    std::vector<std::pair<std::string, std::string>> exit_codes{};
    std::string see_also{};
};

/// Everything but what is hidden (group "").
Command describe(const CLI::App& app);

/// roff (man macros). Pure.
std::string render_manual(const Command& program, const ManualNotes& notes);

/// A script for the shell's own completion; needs nothing but the shell. Pure.
std::string render_bash(const Command& program);
std::string render_zsh(const Command& program);
std::string render_fish(const Command& program);

/// A command with the words that lead to it ("ingot upload hetzner").
struct Place {
    std::string path;
    const Command* command;
};
/// The program and all commands below, outermost first.
std::vector<Place> places(const Command& program);

} // namespace ingot::cli
