// roff is picky about the beginning of a line (a dot or an apostrophe is a request), backslashes, and hyphens that
// are to be copied from a screen.
#include "common/cli/program.hpp"
#include "common/text/text.hpp"

namespace ingot::cli {

namespace {

std::string roff(std::string_view text) {
    std::string out;
    for (const char character : text) {
        switch (character) {
        case '\\': out += "\\e"; break;
        case '-': out += "\\-"; break;
        case '\'': out += "\\(aq"; break;
        case '`': out += "\\(ga"; break;
        case '^': out += "\\(ha"; break;
        case '~': out += "\\(ti"; break;
        default: out += character;
        }
    }
    return out.starts_with('.') ? "\\&" + out : out;
}

/// Ends with one full stop, as a sentence of a manual does.
std::string sentence(const std::string& text) {
    if (text.empty() || text.ends_with('.')) { return roff(text); }
    return roff(text) + ".";
}

/// "ROLE..." of an option or positional.
std::string value_of(const Option& option) {
    std::string name = "VALUE";
    if (!option.choices.empty()) { name = text::join(option.choices, "|"); }
    return name + (option.repeats ? "..." : "");
}

std::string usage_of(const Command& command) {
    std::string usage;
    if (!command.options.empty()) { usage += " [\\fIOPTION\\fR...]"; }
    for (const auto& positional : command.positionals) {
        const auto name = roff(positional.names.front()) + (positional.repeats ? "..." : "");
        usage += positional.required ? text::format(" \\fI{}\\fR", name) : text::format(" [\\fI{}\\fR]", name);
    }
    if (!command.commands.empty()) { usage += " \\fICOMMAND\\fR"; }
    return usage;
}

std::string render_option(const Option& option, bool positional) {
    std::vector<std::string> names;
    for (const auto& name : option.names) {
        names.push_back(text::format("{}{}\\fR", positional ? "\\fI" : "\\fB", roff(name)));
    }
    auto head = text::join(names, ", ");
    if (!positional && option.takes_value) { head += text::format(" \\fI{}\\fR", roff(value_of(option))); }
    auto body = sentence(option.help);
    if (!option.standard.empty()) { body += text::format(" Default: {}.", roff(option.standard)); }
    return text::format(".TP\n{}\n{}\n", head, body);
}

std::string render_options(const Command& command) {
    std::string out;
    for (const auto& positional : command.positionals) { out += render_option(positional, true); }
    for (const auto& option : command.options) { out += render_option(option, false); }
    return out;
}

std::string render_terms(std::string_view title, const std::vector<std::pair<std::string, std::string>>& terms) {
    if (terms.empty()) { return {}; }
    auto out = text::format(".SH {}\n", title);
    for (const auto& [term, meaning] : terms) {
        out += text::format(".TP\n\\fB{}\\fR\n{}\n", roff(term), sentence(meaning));
    }
    return out;
}

} // namespace

std::string render_manual(const Command& program, const ManualNotes& notes) {
    auto out = text::format(".TH {} {} {} \"{} {}\" \"Ingot\"\n", roff(program.name), notes.section, notes.date,
                            roff(program.name), roff(notes.version));
    out += text::format(".SH NAME\n{} \\- {}\n", roff(program.name), roff(notes.title));
    out += text::format(".SH SYNOPSIS\n\\fB{}\\fR{}\n", roff(program.name), usage_of(program));
    out += text::format(".SH DESCRIPTION\n{}\n", sentence(program.help));
    if (const auto options = render_options(program); !options.empty()) { out += ".SH OPTIONS\n" + options; }
    out += ".SH COMMANDS\n";
    for (const auto& [path, command] : places(program)) {
        if (!command->commands.empty()) { continue; } // it cannot be run by itself
        out += text::format(".SS \"{}\"\n\\fB{}\\fR{}\n.PP\n{}\n", roff(path), roff(path), usage_of(*command),
                            sentence(command->help));
        out += render_options(*command);
    }
    out += render_terms("ENVIRONMENT", notes.environment);
    out += render_terms("FILES", notes.files);
    out += render_terms("EXIT STATUS", notes.exit_codes);
    if (!notes.see_also.empty()) { out += text::format(".SH SEE ALSO\n{}\n", notes.see_also); }
    return out;
}

} // namespace ingot::cli
