#include "common/process/process.hpp"
#include "common/process/streamed.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/files/files.hpp"
#include "common/process/exit_code.hpp"
#include "common/text/text.hpp"

namespace ingot::process {

namespace {

using files::Fd;
using Clock = std::chrono::steady_clock;

struct Pipe {
    Fd read;
    Fd write;
};

Result<Pipe> make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) { return fail_errno(errno, "creating a pipe"); }
    return Pipe{Fd(ends[0]), Fd(ends[1])};
}

void set_nonblocking(const Fd& fd) { ::fcntl(fd.get(), F_SETFL, O_NONBLOCK); }

/// Collects one stream: bounded text, and complete lines for the observer.
class Capture {
  public:
    Capture(std::size_t limit, const std::function<void(std::string_view)>& on_line)
        : limit_(limit), on_line_(on_line) {}

    void take(std::string_view bytes) {
        text_.append(bytes.substr(0, limit_ - std::min(limit_, text_.size())));
        if (!on_line_) { return; }
        line_ += bytes;
        std::size_t end = 0;
        while ((end = line_.find('\n')) != std::string::npos) {
            on_line_(std::string_view(line_).substr(0, end));
            line_.erase(0, end + 1);
        }
    }

    std::string finish() {
        if (on_line_ && !line_.empty()) { on_line_(line_); }
        return std::move(text_);
    }

  private:
    std::size_t limit_;
    const std::function<void(std::string_view)>& on_line_;
    std::string text_;
    std::string line_;
};

/// Everything the child needs, made before fork: after it only async-signal-safe calls are allowed.
struct ChildPlan {
    std::vector<char*> argv;
    std::vector<char*> environment;
    std::vector<std::string> candidates; ///< paths to try, in PATH order
    const char* directory = nullptr;
};

[[noreturn]] void become_child(const ChildPlan& plan, int in, int out, int err, int error_pipe) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    for (const int signal : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGCHLD}) {
        static_cast<void>(::signal(signal, SIG_DFL));
    }
    int error_number = 0;
    if (::dup2(in, 0) < 0 || ::dup2(out, 1) < 0 || ::dup2(err, 2) < 0 ||
        (plan.directory != nullptr && ::chdir(plan.directory) != 0)) {
        error_number = errno;
    } else {
        error_number = ENOENT;
        for (const auto& candidate : plan.candidates) {
            ::execve(candidate.c_str(), plan.argv.data(), plan.environment.data());
            if (errno != ENOENT && errno != ENOTDIR) { error_number = errno; }
        }
    }
    [[maybe_unused]] const auto ignored = ::write(error_pipe, &error_number, sizeof error_number);
    ::_exit(127);
}

/// A child that has been started. Its destructor makes sure that nothing of its group is left.
class Child {
  public:
    explicit Child(pid_t pid) : pid_(pid) {}
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    Child(Child&&) = delete;
    Child& operator=(Child&&) = delete;
    ~Child() {
        if (pid_ > 0) {
            ::kill(-pid_, SIGKILL);
            wait();
        }
    }
    void signal(int number) const { ::kill(-pid_, number); }
    int wait() {
        int status = 0;
        while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {}
        pid_ = -1;
        return exit_code_of(status);
    }
    /// The exit code, if the child has ended.
    std::optional<int> poll() {
        int status = 0;
        if (::waitpid(pid_, &status, WNOHANG) != pid_) { return std::nullopt; }
        pid_ = -1;
        return exit_code_of(status);
    }

  private:
    pid_t pid_;
};

std::vector<std::string> candidates_for(const std::string& program, const std::string& path) {
    if (program.find('/') != std::string::npos) { return {program}; }
    std::vector<std::string> candidates;
    for (const auto& folder : text::split(path, ':')) {
        candidates.push_back(text::format("{}/{}", folder, program));
    }
    return candidates;
}

/// What the child gets on standard input: a text, then what its feeder has.
class Input {
  public:
    Input(Fd fd, const StreamedCommand& command) : fd_(std::move(fd)), feed_(command.feed), pending_(command.input) {
        set_nonblocking(fd_);
        refill();
    }
    [[nodiscard]] bool open() const { return fd_.valid(); }
    [[nodiscard]] int fd() const { return fd_.get(); }
    void put() {
        const auto count = ::write(fd_.get(), pending_.data(), pending_.size());
        if (count > 0) { pending_.remove_prefix(static_cast<std::size_t>(count)); }
        if (count < 0 && errno != EAGAIN && errno != EINTR) { fd_.reset(); }
        refill();
    }

  private:
    void refill() {
        while (fd_.valid() && pending_.empty()) {
            auto more = feed_ ? feed_() : std::nullopt;
            if (!more) {
                fd_.reset();
                return;
            }
            fed_ = *std::move(more);
            pending_ = fed_;
        }
    }

    Fd fd_;
    const std::function<std::optional<std::string>()>& feed_;
    std::string fed_;
    std::string_view pending_;
};

constexpr auto kGrace = std::chrono::seconds(5);

} // namespace

std::string Command::to_string() const {
    std::vector<std::string> words;
    words.reserve(argv.size());
    for (const auto& argument : argv) { words.push_back(text::shell_quote(argument)); }
    return text::join(words, " ");
}

// NOLINTNEXTLINE(readability-function-cognitive-complexity): one poll loop, clearer whole than in parts
Result<Output> run_streamed(const StreamedCommand& command) {
    if (command.argv.empty()) { return fail(ErrorKind::bug, "a command without a program was to be run"); }

    std::map<std::string, std::string> environment = {
        {"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
        {"LC_ALL", "C.UTF-8"},
        {"HOME", "/root"},
    };
    for (const auto& [name, value] : command.environment) { environment[name] = value; }
    std::vector<std::string> assignments;
    assignments.reserve(environment.size());
    for (const auto& [name, value] : environment) { assignments.push_back(text::format("{}={}", name, value)); }

    ChildPlan plan;
    auto arguments = command.argv;
    for (auto& argument : arguments) { plan.argv.push_back(argument.data()); }
    plan.argv.push_back(nullptr);
    for (auto& assignment : assignments) { plan.environment.push_back(assignment.data()); }
    plan.environment.push_back(nullptr);
    plan.candidates = candidates_for(command.argv[0], environment["PATH"]);
    if (command.directory) { plan.directory = command.directory->c_str(); }

    INGOT_ASSIGN(auto input, make_pipe(), "");
    INGOT_ASSIGN(auto output, make_pipe(), "");
    INGOT_ASSIGN(auto errors, make_pipe(), "");
    INGOT_ASSIGN(auto exec_error, make_pipe(), "");

    const pid_t pid = ::fork();
    if (pid < 0) { return fail_errno(errno, "starting " + command.argv[0]); }
    if (pid == 0) {
        become_child(plan, input.read.get(), output.write.get(), errors.write.get(), exec_error.write.get());
    }
    Child child(pid);
    ::setpgid(pid, pid);
    input.read.reset();
    output.write.reset();
    errors.write.reset();
    exec_error.write.reset();

    int exec_errno = 0;
    ssize_t count = 0;
    do { count = ::read(exec_error.read.get(), &exec_errno, sizeof exec_errno); } while (count < 0 && errno == EINTR);
    if (count == static_cast<ssize_t>(sizeof exec_errno)) {
        child.wait();
        if (exec_errno == ENOENT && command.argv[0].find('/') == std::string::npos) {
            return fail(ErrorKind::not_found, "there is no program " + command.argv[0] + " on this machine");
        }
        return fail_errno(exec_errno, "running " + command.argv[0]);
    }

    set_nonblocking(output.read);
    set_nonblocking(errors.read);
    Capture out(command.output_limit, command.on_line);
    Capture err(command.output_limit, command.on_line);
    Input in(std::move(input.write), command);

    const auto deadline = Clock::now() + command.timeout;
    std::optional<Clock::time_point> kill_at;
    std::optional<int> ended;
    std::array<char, 65536> buffer{};
    while (output.read.valid() || errors.read.valid()) {
        std::vector<pollfd> polled;
        for (const auto* fd : {&output.read, &errors.read}) {
            if (fd->valid()) { polled.push_back({.fd = fd->get(), .events = POLLIN, .revents = 0}); }
        }
        if (in.open()) { polled.push_back({.fd = in.fd(), .events = POLLOUT, .revents = 0}); }
        ::poll(polled.data(), polled.size(), 100);

        for (auto* stream : {&output.read, &errors.read}) {
            if (!stream->valid()) { continue; }
            const auto got = ::read(stream->get(), buffer.data(), buffer.size());
            if (got > 0) {
                (stream == &output.read ? out : err).take({buffer.data(), static_cast<std::size_t>(got)});
            } else if (got == 0 || ended || (errno != EAGAIN && errno != EINTR)) {
                // Closed; or the child is gone, its pipe empty, and a daemon it left behind holds the other end.
                stream->reset();
            }
        }
        if (in.open()) { in.put(); }
        if (!ended) { ended = child.poll(); }

        const auto now = Clock::now();
        const bool enough = now >= deadline || (command.cancelled && command.cancelled());
        if (!ended && !kill_at && enough) {
            child.signal(SIGTERM);
            kill_at = now + kGrace;
        } else if (!ended && kill_at && now >= *kill_at) {
            child.signal(SIGKILL);
            break;
        }
    }
    while (!ended && !kill_at) {
        // Both streams are closed but the child still runs.
        ended = child.poll();
        if (ended) { break; }
        if (Clock::now() >= deadline || (command.cancelled && command.cancelled())) {
            child.signal(SIGTERM);
            kill_at = Clock::now() + kGrace;
            break;
        }
        ::poll(nullptr, 0, 5);
    }
    while (!ended && kill_at && Clock::now() < *kill_at) {
        ended = child.poll();
        if (!ended) { ::poll(nullptr, 0, 20); }
    }
    if (!ended) {
        child.signal(SIGKILL);
        ended = child.wait();
    }
    if (kill_at && command.cancelled && command.cancelled()) {
        return fail(ErrorKind::refused, command.argv[0] + " was stopped");
    }
    if (kill_at) {
        return fail(ErrorKind::transient,
                    text::format("{} did not end within {} s and was stopped", command.argv[0],
                                 std::chrono::duration_cast<std::chrono::seconds>(command.timeout).count()));
    }
    return Output{.exit_code = *ended, .out = out.finish(), .err = err.finish()};
}

Result<Output> PosixProcesses::run(const Command& command) { return run_streamed({command}); }

Result<Output> run_checked(Processes& processes, const Command& command) {
    INGOT_ASSIGN(auto output, processes.run(command), "");
    if (output.exit_code == 0) { return output; }
    auto said = std::string(text::trim(output.err.empty() ? output.out : output.err));
    constexpr std::size_t kTail = 2000;
    if (said.size() > kTail) { said = "…" + said.substr(said.size() - kTail); }
    return fail(ErrorKind::tool_failed, text::format("{} ended with exit code {}{}{}", command.argv[0],
                                                     output.exit_code, said.empty() ? "" : ": ", said));
}

} // namespace ingot::process
