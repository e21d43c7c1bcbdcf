#include "firstboot/node/command_line.hpp"

#include "common/text/text.hpp"

namespace ingot::firstboot {

std::vector<std::string> read_command_line(const files::Root& root) {
    const bool container = files::exists(root.at("/run/systemd/container"));
    const auto raw = files::read_if_exists(root.at(container ? "/proc/1/cmdline" : "/proc/cmdline"));
    if (!raw || !*raw) { return {}; }
    std::vector<std::string> words;
    // NUL between the words of a process; spaces between those of the kernel's line.
    for (const auto& part : text::split(**raw, '\0')) {
        for (const auto& word : text::split(part, ' ')) {
            if (const auto trimmed = text::trim(word); !trimmed.empty()) { words.emplace_back(trimmed); }
        }
    }
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
