#include <CLI/CLI.hpp>

#include "common/cli/program.hpp"
#include "common/text/text.hpp"

namespace ingot::cli {

namespace {

/// CLI11 knows the choices of an option only as a part of its type's name: "TEXT:{db,etcd}".
std::vector<std::string> choices_of(const std::string& type) {
    const auto begin = type.find(":{");
    const auto end = type.find('}', begin == std::string::npos ? 0 : begin);
    if (begin == std::string::npos || end == std::string::npos) { return {}; }
    constexpr std::size_t kOpening = 2;
    return text::split(type.substr(begin + kOpening, end - begin - kOpening), ',');
}

Option describe_option(const CLI::Option& option) {
    Option described{.help = option.get_description(),
                     .takes_value = option.get_items_expected_max() > 0,
                     .required = option.get_required(),
                     .repeats = option.get_items_expected_max() > 1,
                     .standard = option.get_default_str(),
                     .choices = choices_of(option.get_type_name())};
    if (option.get_positional()) {
        described.names.push_back(option.get_name(true, false));
        return described;
    }
    for (const auto& name : option.get_lnames()) { described.names.push_back("--" + name); }
    for (const auto& name : option.get_snames()) { described.names.push_back("-" + name); }
    return described;
}

} // namespace

Command describe(const CLI::App& app) {
    Command command{.name = app.get_name(), .help = app.get_description()};
    for (const auto* option : app.get_options([](const CLI::Option*) { return true; })) {
        if (option->get_group().empty()) { continue; }
        (option->get_positional() ? command.positionals : command.options).push_back(describe_option(*option));
    }
    for (const auto* below : app.get_subcommands([](const CLI::App*) { return true; })) {
        if (!below->get_group().empty()) { command.commands.push_back(describe(*below)); }
    }
    return command;
}

std::vector<Place> places(const Command& program) {
    std::vector<Place> all = {{program.name, &program}};
    for (std::size_t index = 0; index < all.size(); ++index) {
        const auto here = all[index];
        for (const auto& below : here.command->commands) { all.push_back({here.path + " " + below.name, &below}); }
    }
    return all;
}

} // namespace ingot::cli
