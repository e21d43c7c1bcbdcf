#include <chrono>
#include <csignal>
#include <future>

#include <pthread.h>
#include <unistd.h>

#include "common/http/http.hpp"
#include "common/log/log.hpp"
#include "common/process/process.hpp"
#include "firstboot/cli/agent.hpp"
#include "firstboot/cli/commands.hpp"
#include "firstboot/journal/fail_at.hpp"
#include "firstboot/system/console.hpp"
#include "firstboot/system/notify.hpp"
#include "firstboot/system/services.hpp"

namespace ingot::firstboot::cli {

namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 8s; ///< for threads to see the stop; systemd's own is longer

/// The signals that ask for the end, blocked in every thread started later, so that they can be waited for.
sigset_t block_stop_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    return signals;
}

/// Waits for a stop signal and tells systemd meanwhile that this program lives.
void wait_for_stop(const sigset_t& signals) {
    const auto interval = notify::watchdog_interval();
    const auto period = interval ? std::min<std::chrono::nanoseconds>(*interval / 3, 10s) : 60s;
    const timespec timeout{.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(period).count(),
                           .tv_nsec = (period % 1s).count()};
    for (;;) {
        notify::watchdog();
        if (::sigtimedwait(&signals, nullptr, &timeout) > 0) { return; }
    }
}

} // namespace

int run() {
    const auto signals = block_stop_signals();
    install_fail_at();
    process::PosixProcesses real_processes;
    FailingProcesses processes(real_processes);
    SystemctlServices services(processes);
    clock::SystemClock clock;
    Environment environment{
        .root = files::Root(), .processes = processes, .services = services, .clock = clock, .make_http = [] {
            return std::make_unique<http::CurlClient>();
        }};
    Console console(environment.root);
    StatusBoard board(environment.root.at(std::string(paths::kRun) + "/status.json"), clock,
                      [&console](const std::string& line) {
                          notify::status(line);
                          console.say(line);
                      });
    Stop stop;

    // Up means: there is somebody to ask. Whether the node is ready, `ingot-agent status` says; a boot that
    // waited for it here would wait for other machines.
    notify::ready();
    auto work = std::async(std::launch::async, [&] { Agent(environment, board, stop).work(); });
    wait_for_stop(signals);
    notify::stopping();
    stop.request();
    if (work.wait_for(kPatience) != std::future_status::ready) {
        // A command of a step or duty still runs. systemd ends it with us; the next start looks again.
        log::warning("ending while a command still runs");
        ::_exit(0);
    }
    return 0;
}

} // namespace ingot::firstboot::cli
