#include <atomic>
#include <chrono>
#include <csignal>
#include <functional>
#include <future>
#include <string>

#include <pthread.h>
#include <unistd.h>

#include "common/http/http.hpp"
#include "common/log/log.hpp"
#include "common/process/process.hpp"
#include "firstboot/cli/agent.hpp"
#include "firstboot/cli/commands.hpp"
#include "firstboot/cli/setup.hpp"
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

/// What both programs of the machine have in common: a board, a thread that works, and an end when it is asked for.
/// `work` returns true when nothing is left to do.
class Service {
  public:
    Service(std::string_view status_file, std::function<void(const std::string&)> say)
        : board_(environment_.root.at(status_file), clock_, std::move(say)) {}

    int run(const std::function<bool(Environment&, StatusBoard&, Stop&)>& work,
            const std::function<void(Environment&)>& before_the_end) {
        // Up means: there is somebody to ask. Whether the node is ready, `ingot-agent status` says; a boot that
        // waited for it here would wait for other machines.
        notify::ready();
        auto working = std::async(std::launch::async, [&] {
            over_ = work(environment_, board_, stop_);
            if (over_) { ::kill(::getpid(), SIGTERM); }
        });
        wait_for_stop(signals_);
        // Of what ends by itself, systemd would take that for a stop that was asked for.
        if (!over_) { notify::stopping(); }
        before_the_end(environment_);
        stop_.request();
        if (working.wait_for(kPatience) != std::future_status::ready) {
            // A command of a step or duty still runs. systemd ends it with us; the next start looks again.
            log::warning("ending while a command still runs");
            ::_exit(0);
        }
        return 0;
    }

  private:
    sigset_t signals_ = block_stop_signals(); ///< before there is any other thread
    process::PosixProcesses real_processes_;
    FailingProcesses processes_{real_processes_};
    SystemctlServices services_{processes_};
    clock::SystemClock clock_;
    Environment environment_{
        .root = files::Root(), .processes = processes_, .services = services_, .clock = clock_, .make_http = [] {
            return std::make_unique<http::CurlClient>();
        }};
    StatusBoard board_;
    Stop stop_;
    std::atomic<bool> over_ = false;
};

} // namespace

int run() {
    install_fail_at();
    Service service(kStatusFile, notify::status);
    return service.run(
        [](Environment& environment, StatusBoard& board, Stop& stop) {
            Agent(environment, board, stop).work();
            return false;
        },
        [](Environment& environment) {
            // The next start begins with the user-data, and what is under way of it ends.
            forget_handover(environment);
            static_cast<void>(
                environment.processes
                    .run({.argv = {"systemctl", "stop", "--no-block", std::string(kSetupUnit)}, .timeout = kPatience})
                    .has_value());
        });
}

int set_up() {
    install_fail_at();
    const auto root = files::Root();
    Console console(root);
    Service service(kSetupStatusFile, [&console](const std::string& line) {
        notify::status(line);
        console.say(line);
    });
    return service.run([&console](Environment& environment, StatusBoard& board,
                                  Stop& stop) { return Setup(environment, board, stop, console).work(); },
                       [](Environment&) {});
}

} // namespace ingot::firstboot::cli
