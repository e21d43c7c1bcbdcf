#include "builder/publish/stop.hpp"

#include <csignal>
#include <string_view>
#include <thread>

#include <unistd.h>

namespace ingot::builder::publish {

namespace {

Stop signalled;

/// Only what a signal handler may do.
void on_signal(int signal) {
    constexpr std::string_view kFirst =
        "\ningot: stopping, and removing what was made for this upload. ^C once more leaves it there.\n";
    constexpr std::string_view kSecond = "\ningot: stopped at once. `ingot upload hetzner --cleanup` removes what is "
                                         "left there.\n";
    const bool again = signalled.requested();
    const auto text = again ? kSecond : kFirst;
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
    constexpr int kSignalled = 128;
    if (again) { ::_exit(kSignalled + signal); }
    signalled.request();
}

} // namespace

bool Stop::sleep(std::chrono::milliseconds duration) const {
    constexpr auto kSlice = std::chrono::milliseconds(50);
    const auto end = std::chrono::steady_clock::now() + duration;
    while (!requested()) {
        const auto left = end - std::chrono::steady_clock::now();
        if (left <= left.zero()) { return true; }
        std::this_thread::sleep_for(std::min<std::chrono::steady_clock::duration>(left, kSlice));
    }
    return false;
}

Status Stop::check() const {
    if (requested()) { return fail(ErrorKind::refused, "stopped, as asked"); }
    return {};
}

Stop& Stop::of_signals() {
    static const bool kReady = [] {
        struct sigaction action{};
        action.sa_handler = on_signal;
        for (const int signal : {SIGINT, SIGTERM, SIGHUP}) { ::sigaction(signal, &action, nullptr); }
        return true;
    }();
    static_cast<void>(kReady);
    return signalled;
}

} // namespace ingot::builder::publish
