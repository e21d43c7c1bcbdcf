#include "firstboot/node/command_line.hpp"

#include <utility>

namespace ingot::firstboot {

std::vector<std::string> read_command_line(const files::Root& root) {
    const bool container = files::exists(root.at("/run/systemd/container"));
    const auto raw = files::read_if_exists(root.at(container ? "/proc/1/cmdline" : "/proc/cmdline"));
    if (!raw || !*raw) { return {}; }
    return split_command_line(**raw);
}

std::vector<std::string> split_command_line(std::string_view line) {
    std::vector<std::string> words;
    std::string word;
    bool quoted = false;
    const auto end_word = [&] {
        if (!word.empty()) { words.push_back(std::exchange(word, {})); }
    };
    for (const char letter : line) {
        // GRUB users have to quote the ';' of ds=nocloud;s=…, and the kernel keeps the quotes they wrote.
        if (letter == '"') {
            quoted = !quoted;
        } else if (letter == '\0' || letter == '\n' || (!quoted && (letter == ' ' || letter == '\t'))) {
            end_word();
        } else {
            word += letter;
        }
    }
    end_word();
    return words;
}

std::optional<std::string> option(const std::vector<std::string>& words, std::string_view key) {
    std::optional<std::string> value;
    for (const auto& word : words) {
        if (word == key) { value = ""; }
        if (word.size() > key.size() && word.starts_with(key) && word[key.size()] == '=') {
            value = word.substr(key.size() + 1);
        }
    }
    return value;
}

} // namespace ingot::firstboot
