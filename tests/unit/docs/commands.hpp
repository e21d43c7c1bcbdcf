// Commands in a text for people: which there are, and whether a program knows them.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace ingot::tests {

using Words = std::vector<std::string>;

/// Every command of `programs` in a Markdown text: in blocks (indented or fenced) and in `spans`. Each begins with
/// the program's name, without its folder; comments, what is behind a pipe and brackets around what may be left out
/// are gone.
std::vector<Words> commands_in(std::string_view markdown, const std::set<std::string>& programs);

/// What a program says of itself when it is asked for help.
class Helped {
  public:
    /// Where each program is, by its name.
    explicit Helped(std::map<std::string, std::filesystem::path> programs) : programs_(std::move(programs)) {}
    /// What is wrong with a command: a subcommand or an option that there is not. Empty if nothing is.
    std::string fault_of(const Words& command);

  private:
    struct Help {
        std::set<std::string> commands;
        std::map<std::string, bool> options; ///< true: a value follows
        bool positionals = false;
        bool passes_on = false; ///< what it does not know is another program's
    };
    const Help& help_of(const Words& path);

    std::map<std::string, std::filesystem::path> programs_;
    std::map<Words, Help> known_;
};

} // namespace ingot::tests
