#include "firstboot/system/services.hpp"

#include "common/text/text.hpp"

namespace ingot::firstboot {

Status SystemctlServices::run(std::vector<std::string> arguments) {
    process::Command command{.argv = {"systemctl"}, .timeout = std::chrono::seconds(90)};
    for (auto& argument : arguments) { command.argv.push_back(std::move(argument)); }
    INGOT_TRY(process::run_checked(processes_, command), "");
    return {};
}

// Never wait for a unit to become ready: etcd is ready only when its cluster has a quorum, and a job
// that waits for it would hold up the boot on this machine and, by that, on the others.
Status SystemctlServices::start(std::string_view unit) { return run({"start", "--no-block", std::string(unit)}); }

Status SystemctlServices::restart(std::string_view unit) { return run({"restart", "--no-block", std::string(unit)}); }

Status SystemctlServices::reload(std::string_view unit) { return run({"reload", std::string(unit)}); }

Status SystemctlServices::stop(std::string_view unit) { return run({"stop", std::string(unit)}); }

Result<std::string> SystemctlServices::state(std::string_view unit) {
    // is-active exits 3 for anything else than active: the word counts, not the code.
    INGOT_ASSIGN(
        const auto output,
        processes_.run({.argv = {"systemctl", "is-active", std::string(unit)}, .timeout = std::chrono::seconds(30)}),
        text::format("asking for the state of {}", unit));
    auto word = std::string(text::trim(output.out));
    if (word.empty()) {
        return fail(ErrorKind::tool_failed,
                    text::format("systemctl does not know the state of {}: {}", unit, text::trim(output.err)));
    }
    return word;
}

Status SystemctlServices::reload_manager() { return run({"daemon-reload"}); }

} // namespace ingot::firstboot
