#include "firstboot/journal/fail_at.hpp"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include <fcntl.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "common/crypto/crypto.hpp"
#include "common/files/durable_point.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::firstboot {

namespace {

constexpr int kMostOfOne = 10;
constexpr std::size_t kResetEvery = 5;
/// First digits of a digest: a quarter of them.
constexpr std::string_view kSampled = "048c";

struct Sweep {
    std::mutex mutex{};
    long long fail_at = 0; ///< 0: each
    long long passed = 0;
    std::string file{}; ///< where the points are noted
    bool reset = false;
    std::set<std::string> noted{};
    std::map<std::string, int> of_one{}; ///< points by their kind
};

Sweep& sweep() {
    static Sweep the_one;
    return the_one;
}

bool installed = false; // NOLINT(cppcoreguidelines-avoid-non-const-global-variables): before any thread

[[noreturn]] void fall(bool reset) {
    if (reset) {
        static_cast<void>(::reboot(RB_AUTOBOOT));
        // In the agent's sandbox it is refused; then systemd has it done, and this thread gets no further.
        process::PosixProcesses processes;
        static_cast<void>(
            processes.run({.argv = {"systemd-run", "--quiet", "systemctl", "reboot", "--force", "--force"}})
                .has_value());
        std::this_thread::sleep_for(std::chrono::seconds(10));
    }
    static_cast<void>(std::raise(SIGKILL));
    std::abort();
}

/// The path of a point without its digits: files that are named by the time are many of one.
std::string kind_of(std::string_view point) {
    std::string kind(point.substr(0, point.find('\t')));
    std::erase_if(kind, [](char character) { return character >= '0' && character <= '9'; });
    return kind;
}

/// Not by files::write: that would be a point itself.
bool note(const std::string& file, const std::string& point) {
    const files::Fd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    const auto line = point + "\n";
    return fd.valid() && ::write(fd.get(), line.data(), line.size()) == static_cast<ssize_t>(line.size()) &&
           ::fsync(fd.get()) == 0;
}

void pass(const std::string& path, const std::string& content) {
    auto& state = sweep();
    const std::scoped_lock lock(state.mutex);
    if (state.fail_at > 0) {
        if (++state.passed == state.fail_at) { fall(false); }
        return;
    }
    constexpr std::size_t kDigits = 12;
    const auto digest = crypto::sha256_hex(content).substr(0, kDigits);
    if (state.reset && !kSampled.contains(digest.front())) { return; }
    const auto point = text::format("{}\t{}", path, digest);
    if (state.noted.contains(point) || state.of_one[kind_of(path)] >= kMostOfOne || !note(state.file, point)) {
        return;
    }
    fall(state.reset && (state.noted.size() + 1) % kResetEvery == 0);
}

void pass_file(const std::filesystem::path& path) {
    if (path.string().starts_with("/run/")) { return; }
    const auto content = files::read_if_exists(path);
    pass(path.string(), content && *content ? **content : std::string("(gone)"));
}

} // namespace

void install_fail_at() {
    const char* const value = std::getenv("INGOT_FAIL_AT"); // NOLINT(concurrency-mt-unsafe): before any thread
    if (value == nullptr) { return; }
    const std::string_view wanted = value;
    auto& state = sweep();
    state.reset = wanted.starts_with("cut:");
    if (state.reset || wanted.starts_with("each:")) {
        state.file = wanted.substr(wanted.find(':') + 1);
        const auto noted = files::read_if_exists(state.file);
        for (const auto& point : text::lines(noted ? noted->value_or("") : "")) {
            state.noted.insert(point);
            // The journal grows by two records with each step: no end to be feared there.
            if (!point.starts_with("/var/lib/ingot/journal.json\t")) { ++state.of_one[kind_of(point)]; }
        }
    } else {
        state.fail_at = text::to_number(wanted).value_or(0);
        if (state.fail_at <= 0) { return; }
    }
    installed = true;
    files::set_durable_hook(pass_file);
}

Result<process::Output> FailingProcesses::run(const process::Command& command) {
    auto output = real_.run(command);
    if (installed && !command.environment.contains("INSTANCE_ID")) {
        pass("ran " + (command.argv.empty() ? std::string() : command.argv.front()), text::join(command.argv, "\n"));
    }
    return output;
}

} // namespace ingot::firstboot
