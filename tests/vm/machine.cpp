#include "tests/vm/machine.hpp"

#include <csignal>
#include <regex>
#include <thread>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::tests {

Machine::Machine(std::vector<std::string> arguments, std::filesystem::path serial, std::vector<std::string> prefix)
    : serial_(std::move(serial)) {
    auto argv = std::move(prefix);
    const std::vector<std::string> program = {
        "qemu-system-x86_64", "-accel", "tcg",      "-smp",    "1",
        "-display",           "none",   "-monitor", "none",    "-no-reboot",
        "-nodefaults",        "-vga",   "std",      "-serial", "file:" + serial_.string()};
    argv.insert(argv.end(), program.begin(), program.end());
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    std::vector<char*> raw;
    for (auto& word : argv) { raw.push_back(word.data()); }
    raw.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ != 0) { return; }
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int nothing = ::open("/dev/null", O_RDONLY);
    ::dup2(nothing, STDIN_FILENO);
    ::execvp(raw.front(), raw.data());
    ::_exit(127);
}

Machine::~Machine() { kill(); }

void Machine::kill() {
    if (pid_ <= 0) { return; }
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
}

bool Machine::running() {
    if (pid_ <= 0) { return false; }
    if (::waitpid(pid_, nullptr, WNOHANG) != pid_) { return true; }
    pid_ = -1;
    return false;
}

std::string Machine::said() const {
    constexpr std::uint64_t kMost = 64ULL << 20U;
    const auto text = files::read(serial_, kMost).value_or("");
    static const std::regex escapes("\x1b(\\[[0-9;?=]*[A-Za-z]|[()][A-Z0-9]|.)");
    return text::replace_all(std::regex_replace(text, escapes, ""), "\r", "\n");
}

std::optional<std::string> Machine::wait_for(const std::string& pattern, std::chrono::seconds patience) {
    using Clock = std::chrono::steady_clock;
    const std::regex wanted(pattern);
    for (const auto end = Clock::now() + patience; Clock::now() < end;) {
        const bool alive = running();
        for (const auto& line : text::lines(said())) {
            if (std::regex_search(line, wanted)) { return line; }
        }
        if (!alive) { return std::nullopt; }
        std::this_thread::sleep_for(std::chrono::milliseconds(500));
    }
    return std::nullopt;
}

bool Machine::wait_for_end(std::chrono::seconds patience) {
    using Clock = std::chrono::steady_clock;
    for (const auto end = Clock::now() + patience; Clock::now() < end;) {
        if (!running()) { return true; }
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
    return false;
}

} // namespace ingot::tests
