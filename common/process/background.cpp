#include "common/process/background.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/files/files.hpp"
#include "common/process/exit_code.hpp"

namespace ingot::process {

namespace {

constexpr std::array kFolders = {"/usr/local/sbin/", "/usr/local/bin/", "/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/"};

Result<files::Fd> open_file(const std::filesystem::path& path, int flags) {
    constexpr mode_t kMode = 0640;
    files::Fd fd(::open(path.c_str(), flags | O_CLOEXEC, kMode));
    if (!fd.valid()) { return fail_errno(errno, "opening " + path.string()); }
    return fd;
}

/// Everything the child needs, made before fork: after it only async-signal-safe calls are allowed.
struct Plan {
    std::vector<char*> argv;
    std::vector<std::string> candidates;
    int input = -1;
    int output = -1;
    int cgroup = -1; ///< cgroup.procs, or -1
};

[[noreturn]] void become_child(const Plan& plan, char** environment, int error_pipe) {
    ::setpgid(0, 0);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    for (const int signal : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGCHLD}) {
        static_cast<void>(::signal(signal, SIG_DFL));
    }
    int error_number = ENOENT;
    if ((plan.cgroup >= 0 && ::write(plan.cgroup, "0", 1) != 1) || ::dup2(plan.input, 0) < 0 ||
        ::dup2(plan.output, 1) < 0 || ::dup2(plan.output, 2) < 0) {
        error_number = errno;
    } else {
        for (const auto& candidate : plan.candidates) {
            ::execve(candidate.c_str(), plan.argv.data(), environment);
            if (errno != ENOENT && errno != ENOTDIR) { error_number = errno; }
        }
    }
    [[maybe_unused]] const auto ignored = ::write(error_pipe, &error_number, sizeof error_number);
    ::_exit(127);
}

} // namespace

Result<Background> Background::start(const BackgroundCommand& command) {
    if (command.argv.empty()) { return fail(ErrorKind::bug, "a command without a program was to be started"); }
    INGOT_ASSIGN(const auto input, open_file("/dev/null", O_RDONLY), "");
    INGOT_ASSIGN(const auto output, open_file(command.log_file, O_WRONLY | O_CREAT | O_APPEND), "");
    files::Fd cgroup;
    if (command.cgroup) { INGOT_ASSIGN(cgroup, open_file(*command.cgroup / "cgroup.procs", O_WRONLY), ""); }
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) { return fail_errno(errno, "creating a pipe"); }
    const files::Fd report(ends[0]);
    files::Fd error_pipe(ends[1]);

    auto arguments = command.argv;
    Plan plan{.input = input.get(), .output = output.get(), .cgroup = cgroup.get()};
    for (auto& argument : arguments) { plan.argv.push_back(argument.data()); }
    plan.argv.push_back(nullptr);
    if (command.argv[0].find('/') != std::string::npos) {
        plan.candidates.push_back(command.argv[0]);
    } else {
        for (const auto* folder : kFolders) { plan.candidates.push_back(folder + command.argv[0]); }
    }
    std::array<std::string, 3> assignments = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                                              "LC_ALL=C.UTF-8", "HOME=/root"};
    std::array<char*, 4> environment = {assignments[0].data(), assignments[1].data(), assignments[2].data(), nullptr};

    const pid_t pid = ::fork();
    if (pid < 0) { return fail_errno(errno, "starting " + command.argv[0]); }
    if (pid == 0) { become_child(plan, environment.data(), error_pipe.get()); }
    Background child(pid);
    ::setpgid(pid, pid);
    error_pipe.reset();
    int exec_errno = 0;
    ssize_t count = 0;
    do { count = ::read(report.get(), &exec_errno, sizeof exec_errno); } while (count < 0 && errno == EINTR);
    if (count == static_cast<ssize_t>(sizeof exec_errno)) {
        if (exec_errno == ENOENT) {
            return fail(ErrorKind::not_found, "there is no program " + command.argv[0] + " on this machine");
        }
        return fail_errno(exec_errno, "running " + command.argv[0]);
    }
    return child;
}

Background::Background(Background&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), exit_code_(other.exit_code_) {}

Background& Background::operator=(Background&& other) noexcept {
    if (this != &other) {
        end();
        pid_ = std::exchange(other.pid_, -1);
        exit_code_ = other.exit_code_;
    }
    return *this;
}

Background::~Background() { end(); }

void Background::end() noexcept {
    if (pid_ <= 0) { return; }
    ::kill(-pid_, SIGKILL);
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {}
    pid_ = -1;
}

std::optional<int> Background::poll() {
    if (exit_code_ || pid_ <= 0) { return exit_code_; }
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
        pid_ = -1;
        exit_code_ = exit_code_of(status);
    }
    return exit_code_;
}

void Background::signal(int number) const {
    if (pid_ > 0) { ::kill(pid_, number); }
}

std::optional<int> Background::wait(std::chrono::milliseconds timeout) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    constexpr auto kStep = std::chrono::milliseconds(5);
    while (!poll() && std::chrono::steady_clock::now() < deadline) { std::this_thread::sleep_for(kStep); }
    return poll();
}

} // namespace ingot::process
