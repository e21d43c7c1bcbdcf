#include "builder/lab/world/machine.hpp"

#include <csignal>

#include "builder/lab/world/namespaces.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::lab {

namespace {

/// True if the process is the first of a PID namespace below ours ("NSpid:	91	1").
bool is_first_process(pid_t pid) {
    const auto status = files::read(text::format("/proc/{}/status", pid));
    if (!status) { return false; }
    for (const auto& line : text::lines(*status)) {
        if (!line.starts_with("NSpid:")) { continue; }
        const auto numbers = text::split(text::trim(line.substr(line.find(':') + 1)), '\t');
        return numbers.size() > 1 && numbers.back() == "1";
    }
    return false;
}

} // namespace

Status Machine::insert_disk() {
    if (disk_inserted_) { return {}; }
    INGOT_TRY(mount_overlay(place_.image, place_.disk, place_.root), "");
    disk_inserted_ = true;
    return {};
}

Status Machine::eject_disk() {
    if (!disk_inserted_) { return {}; }
    INGOT_TRY(unmount(place_.root), "");
    disk_inserted_ = false;
    return {};
}

Status Machine::power_on(BootPlan plan, const std::filesystem::path& cgroup) {
    plan.root = place_.root;
    ended.reset();
    INGOT_ASSIGN(
        container_,
        process::Background::start({.argv = boot_command(plan), .log_file = place_.console, .cgroup = cgroup}),
        "starting " + plan.member.name);
    return {};
}

void Machine::press_power_button() {
    // nspawn passes it on as the --kill-signal, SIGRTMIN+4, which systemd takes as "power off".
    if (container_) { container_->signal(SIGTERM); }
}

void Machine::pull_plug() {
    if (!container_) { return; }
    if (const auto first = leader()) {
        // nspawn ends by itself once the kernel has ended everything in the machine.
        ::kill(*first, SIGKILL);
    } else {
        container_->signal(SIGKILL);
    }
}

std::optional<int> Machine::reap() {
    if (!container_) { return std::nullopt; }
    const auto code = container_->poll();
    if (code) { container_.reset(); }
    return code;
}

std::optional<pid_t> Machine::leader() const {
    if (!container_ || container_->pid() <= 0) { return std::nullopt; }
    const auto children = files::read(text::format("/proc/{0}/task/{0}/children", container_->pid()));
    if (!children) { return std::nullopt; }
    for (const auto& word : text::split(text::trim(*children), ' ')) {
        const auto pid = text::to_number(word);
        if (pid && is_first_process(static_cast<pid_t>(*pid))) { return static_cast<pid_t>(*pid); }
    }
    return std::nullopt;
}

std::optional<std::string> Machine::read_inside(std::string_view absolute_path) const {
    const auto first = leader();
    if (!first) { return std::nullopt; }
    constexpr std::uint64_t kLimit = 1U << 20U;
    auto content = files::read(text::format("/proc/{}/root{}", *first, absolute_path), kLimit);
    if (!content) { return std::nullopt; }
    return *std::move(content);
}

} // namespace ingot::builder::lab
