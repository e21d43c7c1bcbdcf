// Like cloud-init, a program that fails is noted and the next one runs: many scripts rely on it. Unlike cloud-init,
// each result is kept by itself, and a program that was cut off by a power cut runs again.
#include "firstboot/system/programs.hpp"

#include <algorithm>
#include <tuple>

#include "common/json/json.hpp"
#include "common/log/log.hpp"
#include "common/text/text.hpp"

namespace ingot::firstboot {

using cloud_init::Script;

namespace {

constexpr std::string_view kResults = "/var/lib/ingot/runcmd.json";
constexpr std::string_view kScripts = "/var/lib/ingot/scripts";
constexpr std::string_view kOnce = "/var/lib/ingot/once";
constexpr std::string_view kThisBoot = "/run/ingot/programs";
constexpr auto kTimeout = std::chrono::hours(1);

Result<json::Json> read_results(const files::Root& root) {
    INGOT_ASSIGN(const auto content, files::read_if_exists(root.at(kResults)), "");
    auto results = json::parse(content.value_or("{}")).value_or(json::Json::object());
    if (!results.is_object()) { results = json::Json::object(); }
    return results;
}

/// Only the code: the command itself may hold a secret. The instance, so that a copy of this disk runs its own.
Status record(Environment& environment, const std::string& name, int exit_code, const std::string& instance_id) {
    INGOT_ASSIGN(auto results, read_results(environment.root), "");
    results[name] = {{"exit_code", exit_code}, {"instance_id", instance_id}};
    return files::write(environment.root.at(kResults), json::to_text(results), {.mode = 0600});
}

/// True if a result of this instance is there: the power went between this record and the journal's, and what ran
/// must not run again. Between its end and this record nobody can know; then it runs again.
std::function<Result<bool>()> has_result(const std::string& name, const std::string& instance_id,
                                         const Environment& environment) {
    return [name, instance_id, &environment]() -> Result<bool> {
        INGOT_ASSIGN(const auto results, read_results(environment.root), "");
        return json::string_at(json::member(results, name), "instance_id") == instance_id;
    };
}

std::filesystem::path mark_of_this_boot(const std::string& name, const Environment& environment) {
    return environment.root.at(text::format("{}/{}", kThisBoot, name));
}

/// True if it ran since the machine was started: an agent that starts again is no boot.
std::function<Result<bool>()> ran_this_boot(const std::string& name, const Environment& environment) {
    return [mark = mark_of_this_boot(name, environment)]() -> Result<bool> { return files::exists(mark); };
}

Status run_and_record(Environment& environment, const std::string& name, const process::Command& command) {
    constexpr int kNotStarted = 127;
    const auto output = environment.processes.run(command);
    const int exit_code = output ? output->exit_code : kNotStarted;
    if (exit_code != 0) {
        const auto reason = output ? std::string(text::trim(output->err)) : output.error().to_string();
        log::warning(text::format("{} exits {}{}{}", name, exit_code, reason.empty() ? "" : ": ", reason));
    }
    return record(environment, name, exit_code, command.environment.at("INSTANCE_ID"));
}

process::Command command_of(const cloud_init::RunCommand& run, const Metadata& metadata) {
    process::Command command{.environment = {{"INSTANCE_ID", metadata.instance_id}}, .timeout = kTimeout};
    if (const auto* line = std::get_if<std::string>(&run)) {
        command.argv = {"/bin/sh", "-c", *line};
    } else {
        command.argv = std::get<std::vector<std::string>>(run);
    }
    return command;
}

Step command_step(const std::string& key, std::size_t number, const cloud_init::RunCommand& run,
                  const Metadata& metadata, Frequency frequency, Environment& environment) {
    // runcmd's results have been kept under their bare number since the first version.
    auto name = key == "runcmd" ? std::to_string(number) : text::format("{} {}", key, number);
    return {.name = text::format("system.{}-{}", key == "runcmd" ? "command" : key, number),
            .description = text::format("running {} {} of the user-data", key, number),
            .frequency = frequency,
            .check = frequency == Frequency::per_instance ? has_result(name, metadata.instance_id, environment)
                                                          : ran_this_boot(name, environment),
            .apply = [name, frequency, command = command_of(run, metadata), &environment]() -> Status {
                INGOT_TRY(run_and_record(environment, name, command), "");
                if (frequency == Frequency::per_instance) { return {}; }
                return files::write(mark_of_this_boot(name, environment), "");
            }};
}

Step script_step(const Script& script, const Metadata& metadata, Environment& environment) {
    const bool every_boot = script.when == Script::When::per_boot || script.when == Script::When::boothook;
    const bool once = script.when == Script::When::per_once;
    const auto label = text::format("{}{}", script.vendor ? "vendor-" : "", script.name);
    return {.name = "system.script-" + label,
            .description = "running the script " + label,
            .frequency = every_boot ? Frequency::every_boot : Frequency::per_instance,
            .check =
                every_boot ? ran_this_boot(label, environment) : has_result(label, metadata.instance_id, environment),
            .apply = [script, label, once, every_boot, metadata_id = metadata.instance_id, &environment]() -> Status {
                const auto mark = environment.root.at(text::format("{}/{}", kOnce, label));
                if (once && files::exists(mark)) { return {}; }
                const auto path = environment.root.at(text::format("{}/{}", kScripts, label));
                auto content = script.content;
                constexpr std::string_view kHook = "#cloud-boothook";
                if (text::lower(content).starts_with(kHook)) {
                    content = content.substr(std::min(content.find('\n') + 1, content.size()));
                }
                INGOT_TRY(files::make_directory(environment.root.at(kScripts), {.mode = 0700}), "");
                INGOT_TRY(files::write(path, content, {.mode = 0700}), "");
                process::Command command{
                    .argv = {path.string()}, .environment = {{"INSTANCE_ID", metadata_id}}, .timeout = kTimeout};
                // As run-parts of cloud-init does with a script that has lost its first line.
                if (!content.starts_with("#!")) { command.argv.insert(command.argv.begin(), "/bin/sh"); }
                INGOT_TRY(run_and_record(environment, label, command), "");
                if (once) { INGOT_TRY(files::write(mark, ""), ""); }
                if (every_boot) { return files::write(mark_of_this_boot(label, environment), ""); }
                return {};
            }};
}

} // namespace

std::vector<Step> early_program_steps(const cloud_init::UserData& user_data, const Metadata& metadata,
                                      Environment& environment) {
    std::vector<Step> steps;
    for (const auto& script : user_data.scripts) {
        if (script.when == Script::When::boothook) { steps.push_back(script_step(script, metadata, environment)); }
    }
    const auto& commands = user_data.cloud_config.bootcmd;
    for (std::size_t index = 0; index < commands.size(); ++index) {
        steps.push_back(
            command_step("bootcmd", index + 1, commands[index], metadata, Frequency::every_boot, environment));
    }
    return steps;
}

std::vector<Step> late_program_steps(const cloud_init::UserData& user_data, const Metadata& metadata,
                                     Environment& environment) {
    std::vector<Script> scripts;
    std::ranges::copy_if(user_data.scripts, std::back_inserter(scripts),
                         [](const Script& script) { return script.when != Script::When::boothook; });
    const auto stage = [](const Script& script) {
        if (script.vendor) { return 0; }
        switch (script.when) {
        case Script::When::per_once: return 1;
        case Script::When::per_boot: return 2;
        case Script::When::per_instance:
        case Script::When::boothook: return 3;
        }
        return 3;
    };
    std::ranges::stable_sort(scripts, {},
                             [&](const Script& script) { return std::tuple(stage(script), script.name); });
    std::vector<Step> steps;
    bool commands_done = false;
    const auto run_commands = [&] {
        const auto& commands = user_data.cloud_config.runcmd;
        for (std::size_t index = 0; index < commands.size(); ++index) {
            steps.push_back(
                command_step("runcmd", index + 1, commands[index], metadata, Frequency::per_instance, environment));
        }
        commands_done = true;
    };
    for (const auto& script : scripts) {
        if (!commands_done && stage(script) == 3 && script.name > "runcmd") { run_commands(); }
        steps.push_back(script_step(script, metadata, environment));
    }
    if (!commands_done) { run_commands(); }
    return steps;
}

} // namespace ingot::firstboot
