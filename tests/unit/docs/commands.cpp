#include "tests/unit/docs/commands.hpp"

#include <algorithm>
#include <cctype>

#include "common/process/process.hpp"
#include "common/text/text.hpp"

namespace ingot::tests {

namespace {

/// What people put before a program: sudo, ssh and its host, variables, a prompt.
bool may_stand_before(const std::string& word) {
    return word == "sudo" || word == "ssh" || word == "$" || word == "exec" || word.find('@') != std::string::npos ||
           word.find('=') != std::string::npos;
}

/// Words of a line as a shell sees them, as far as documentation goes; words in quotes lose them.
Words words_of(std::string_view line) {
    Words words;
    std::string word;
    char quote = 0;
    bool begun = false;
    for (const char letter : line) {
        if (quote != 0) {
            if (letter == quote) {
                quote = 0;
            } else {
                word += letter;
            }
        } else if (letter == '\'' || letter == '"') {
            quote = letter;
            begun = true;
        } else if (letter == ' ') {
            if (begun || !word.empty()) { words.push_back(std::exchange(word, "")); }
            begun = false;
        } else {
            word += letter;
        }
    }
    if (begun || !word.empty()) { words.push_back(word); }
    return words;
}

bool ends_a_command(const std::string& word) {
    return word == "|" || word == "||" || word == "&&" || word == ";" || word == "--" || word.starts_with('>') ||
           word.starts_with('<') || word.starts_with('#');
}

void add_commands(std::string_view line, const std::set<std::string>& programs, std::vector<Words>& found) {
    for (const auto* drawn : {"→", "│", "▼"}) {
        if (line.find(drawn) != std::string_view::npos) { return; } // a picture
    }
    // A column of explanations begins after some blanks.
    auto text = std::string(text::trim(line));
    text = text::replace_all(text.substr(0, text.find("   ")), "$(", " ; ");
    Words command;
    const auto end = [&] {
        if (!command.empty() && programs.contains(command.front())) { found.push_back(command); }
        command.clear();
    };
    for (auto word : words_of(text)) {
        if (ends_a_command(word)) {
            end();
            continue;
        }
        const bool last = word.ends_with(';') || word.ends_with(')');
        while (!word.empty() && std::string_view("[];),…").find(word.back()) != std::string_view::npos) {
            word.pop_back();
        }
        if (word.starts_with('[')) { word.erase(0, 1); }
        if (command.empty()) {
            if (may_stand_before(word)) { continue; }
            const auto name = std::filesystem::path(word).filename().string();
            command.push_back(programs.contains(name) ? name : word);
        } else if (!word.empty() && word != "\\") {
            command.push_back(word);
        }
        if (last) { end(); }
    }
    end();
}

} // namespace

std::vector<Words> commands_in(std::string_view markdown, const std::set<std::string>& programs) {
    std::vector<Words> found;
    bool fenced = false;
    std::string begun; // of a line that goes on
    for (const auto& line : text::lines(markdown)) {
        if (line.starts_with("```")) {
            fenced = !fenced;
        } else if (fenced || line.starts_with("    ")) {
            begun += text::trim(line);
            if (begun.ends_with('\\')) {
                begun.back() = ' ';
                continue;
            }
            add_commands(begun, programs, found);
            begun.clear();
        } else {
            const auto parts = text::split(line, '`');
            for (std::size_t part = 1; part < parts.size(); part += 2) { add_commands(parts[part], programs, found); }
        }
    }
    return found;
}

const Helped::Help& Helped::help_of(const Words& path) {
    if (const auto known = known_.find(path); known != known_.end()) { return known->second; }
    Words argv = path;
    argv.front() = programs_.at(path.front()).string();
    argv.emplace_back("--help");
    process::PosixProcesses processes;
    const auto said = processes.run({.argv = argv});
    Help help;
    help.passes_on = said && said->out.find("further arguments are") != std::string::npos;
    std::string section;
    for (const auto& line : text::lines(said && said->exit_code == 0 ? said->out : "")) {
        if (!line.starts_with(' ')) {
            section = line;
            continue;
        }
        constexpr std::size_t kIndent = 2;
        if (line.size() <= kIndent || line[kIndent] == ' ') { continue; } // goes on from the line before
        const auto names = line.substr(kIndent, line.find(' ', kIndent) - kIndent);
        if (section == "Subcommands:") { help.commands.insert(names); }
        if (section == "Positionals:") { help.positionals = true; }
        if (section == "Options:") {
            const auto behind = kIndent + names.size() + 1;
            const bool value = behind < line.size() && std::isupper(static_cast<unsigned char>(line[behind])) != 0;
            for (const auto& name : text::split(names, ',')) { help.options[name] = value; }
        }
    }
    return known_[path] = help;
}

std::string Helped::fault_of(const Words& command) {
    Words path = {command.front()};
    const auto* help = &help_of(path);
    for (std::size_t at = 1; at < command.size(); ++at) {
        const auto& word = command[at];
        if (word.starts_with('-')) {
            const auto option = help->options.find(word.substr(0, word.find('=')));
            if (option == help->options.end() && help->passes_on) { return {}; }
            if (option == help->options.end()) { return text::join(path, " ") + " has no option " + word; }
            if (option->second && word.find('=') == std::string::npos) { ++at; }
        } else if (help->commands.contains(word)) {
            path.push_back(word);
            help = &help_of(path);
        } else if (!help->commands.empty()) {
            return text::join(path, " ") + " has no subcommand " + word;
        } else if (!help->positionals) {
            return text::join(path, " ") + " takes no " + word;
        }
    }
    return help->options.empty() ? text::join(path, " ") + " says no help" : "";
}

} // namespace ingot::tests
