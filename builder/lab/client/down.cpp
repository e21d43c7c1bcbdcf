#include "builder/lab/client/down.hpp"

#include <chrono>
#include <csignal>
#include <thread>

#include "builder/lab/client/control.hpp"
#include "builder/lab/world/cgroups.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::lab {

namespace {

constexpr auto kStep = std::chrono::milliseconds(10);

bool wait_for_end(pid_t pid, std::chrono::seconds patience) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (::kill(pid, 0) == 0) {
        if (std::chrono::steady_clock::now() > deadline) { return false; }
        std::this_thread::sleep_for(kStep);
    }
    return true;
}

} // namespace

Status stop_supervisor(const Paths& paths) {
    const auto pid = supervisor_pid(paths);
    if (!pid) { return pid.error().kind == ErrorKind::not_found ? Status() : Status(pid.error()); }
    constexpr auto kCloseTime = std::chrono::seconds(60);
    constexpr auto kEndTime = std::chrono::seconds(15);
    const auto closed = ask(paths, {{"op", "close"}}, kCloseTime);
    if (!closed) { ::kill(*pid, SIGKILL); }
    if (wait_for_end(*pid, kEndTime)) { return {}; }
    ::kill(*pid, SIGKILL);
    if (wait_for_end(*pid, kEndTime)) { return {}; }
    return fail(ErrorKind::transient, text::format("the lab's supervisor (process {}) does not end", *pid));
}

Status clean_leftovers(const Paths& paths) {
    INGOT_TRY(clean_lab_cgroup(paths.name), "");
    return files::remove_file(paths.socket());
}

Status take_down(const Paths& paths, bool keep) {
    INGOT_TRY(stop_supervisor(paths), "");
    INGOT_TRY(clean_leftovers(paths), "");
    INGOT_TRY(files::remove_file(paths.lock()), "");
    if (keep) { return {}; }
    INGOT_TRY(files::remove_tree(paths.state), "removing the lab's disks");
    return {};
}

} // namespace ingot::builder::lab
