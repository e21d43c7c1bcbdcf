// fish takes one `complete` line for each word, with a condition: in which command the cursor is.
#include "common/cli/program.hpp"
#include "common/text/text.hpp"

namespace ingot::cli {

namespace {

std::string quoted(std::string text) {
    text = text::replace_all(std::move(text), "\\", "\\\\");
    return "'" + text::replace_all(std::move(text), "'", "\\'") + "'";
}

std::string option_names(const Option& option) {
    std::string names;
    for (const auto& name : option.names) {
        names += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    }
    return names;
}

} // namespace

std::string render_fish(const Command& program) {
    const auto name = text::replace_all(program.name, "-", "_");
    std::string commands;
    std::string values;
    std::string lines;
    for (const auto& [path, command] : places(program)) {
        const auto here = text::format("complete -c {} -n '__{}_in \"{}\"'", program.name, name, path);
        if (command->positionals.empty()) { lines += here + " -f\n"; }
        for (const auto& below : command->commands) {
            commands += text::format("            case '{} {}'\n                set place '{} {}'\n", path,
                                     below.name, path, below.name);
            lines += text::format("{} -a {} -d {}\n", here, below.name, quoted(below.help));
        }
        for (const auto& positional : command->positionals) {
            for (const auto& choice : positional.choices) {
                lines += text::format("{} -f -a {} -d {}\n", here, choice, quoted(positional.help));
            }
        }
        for (const auto& option : command->options) {
            auto line = text::format("{}{} -d {}", here, option_names(option), quoted(option.help));
            if (option.takes_value) {
                for (const auto& option_name : option.names) {
                    values += text::format(" '{} {}'", path, option_name);
                }
                line += option.choices.empty() ? " -r -F"
                                               : text::format(" -x -a {}", quoted(text::join(option.choices, " ")));
            }
            lines += line + "\n";
        }
    }
    return text::format(R"(# fish completion for {0}: `{0} completion fish`
function __{1}_in
    set -l tokens (commandline -opc)
    set -l place {0}
    set -l skip no
    for word in $tokens[2..-1]
        if test $skip = yes
            set skip no
            continue
        end
        if contains -- "$place $word"{3}
            set skip yes
            continue
        end
        switch "$place $word"
{2}            case '*'
        end
    end
    test "$place" = "$argv[1]"
end
{4})",
                        program.name, name, commands, values, lines);
}

} // namespace ingot::cli
