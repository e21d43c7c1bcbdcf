#include "builder/lab/client/up.hpp"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <map>
#include <thread>

#include <sys/stat.h>
#include <unistd.h>

#include "builder/lab/client/control.hpp"
#include "builder/lab/client/down.hpp"
#include "builder/lab/client/enter.hpp"
#include "builder/lab/client/preflight.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::lab {

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;

std::atomic<bool> interrupted = false; // NOLINT(cppcoreguidelines-avoid-non-const-global-variables): set by a signal

/// While it lives, ^C is noted instead of ending the program, so that a half-made lab can be taken down.
class InterruptGuard {
  public:
    InterruptGuard() {
        interrupted = false;
        for (auto& [number, before] : before_) {
            before = ::signal(number, [](int) { interrupted = true; });
        }
    }
    ~InterruptGuard() {
        for (const auto& [number, before] : before_) { ::signal(number, before); }
    }
    InterruptGuard(const InterruptGuard&) = delete;
    InterruptGuard& operator=(const InterruptGuard&) = delete;
    InterruptGuard(InterruptGuard&&) = delete;
    InterruptGuard& operator=(InterruptGuard&&) = delete;

  private:
    std::map<int, void (*)(int)> before_ = {{SIGINT, SIG_DFL}, {SIGTERM, SIG_DFL}, {SIGHUP, SIG_DFL}};
};

void say(const std::string& line) {
    std::fputs((line + "\n").c_str(), stdout);
    std::fflush(stdout);
}

std::string own_program() {
    std::error_code error;
    const auto path = fs::read_symlink("/proc/self/exe", error);
    return error ? "/proc/self/exe" : path.string();
}

double seconds(Clock::duration duration) { return std::chrono::duration<double>(duration).count(); }

/// Commits one row through the pool, as an application would. Leaves nothing in the database.
class WriteProbe {
  public:
    WriteProbe(process::Processes& processes, const Paths& paths, const ConnectInfo& connect, int port)
        : processes_(processes) {
        constexpr const char* kWrite = "BEGIN; CREATE TABLE IF NOT EXISTS ingot_lab_probe (at timestamptz); "
                                       "INSERT INTO ingot_lab_probe VALUES (now()); COMMIT";
        command_.argv = host_has_psql()
                            ? std::vector<std::string>{"psql", connection_string(connect, Door::pool, port)}
                            : std::vector<std::string>{own_program(), "lab", "psql", "--name", paths.name, "--pool"};
        command_.argv.insert(command_.argv.end(), {"-X", "-q", "-v", "ON_ERROR_STOP=1", "-c"});
        clean_ = command_;
        command_.argv.emplace_back(kWrite);
        clean_.argv.emplace_back("DROP TABLE IF EXISTS ingot_lab_probe");
        for (auto* command : {&command_, &clean_}) {
            command->environment["PGCONNECT_TIMEOUT"] = "3";
            command->timeout = std::chrono::seconds(10);
        }
    }
    ~WriteProbe() { thread_.request_stop(); }
    WriteProbe(const WriteProbe&) = delete;
    WriteProbe& operator=(const WriteProbe&) = delete;
    WriteProbe(WriteProbe&&) = delete;
    WriteProbe& operator=(WriteProbe&&) = delete;

    void start() {
        if (started_) { return; }
        started_ = true;
        thread_ = std::jthread([this](const std::stop_token& stop) { attempt(stop); });
    }
    /// When the first row was committed.
    [[nodiscard]] std::optional<Clock::time_point> written() const {
        return done_ ? std::optional(written_at_) : std::nullopt;
    }

  private:
    void attempt(const std::stop_token& stop) {
        constexpr auto kPause = Milliseconds(50);
        while (!stop.stop_requested()) {
            const auto output = processes_.run(command_);
            if (output && output->exit_code == 0) {
                written_at_ = Clock::now();
                done_ = true;
                [[maybe_unused]] const auto cleaned = processes_.run(clean_);
                return;
            }
            std::this_thread::sleep_for(kPause);
        }
    }
    process::Processes& processes_;
    process::Command command_;
    process::Command clean_;
    bool started_ = false;
    Clock::time_point written_at_{};
    std::atomic<bool> done_ = false;
    std::jthread thread_;
};

/// Says what changed on a machine, once per change.
void tell_progress(const LabReport& report, std::map<std::string, std::string>& told, Clock::time_point start) {
    for (const auto& member : report.members) {
        const auto line = progress_of(member);
        auto& before = told[member.member.name];
        if (line == before) { continue; }
        before = line;
        say(text::format("{:6.1f} s  {:<9} {}", seconds(Clock::now() - start), member.member.name, line));
    }
}

std::string unwell(const LabReport& report) {
    std::string lines;
    for (const auto& member : report.members) {
        if (member.healthy) { continue; }
        lines += text::format("\n  {}: {} {}", member.member.name,
                              member.machine == "running" ? member.agent : member.machine, member.detail);
    }
    return lines;
}

/// Waits for a committed write and for every machine to be well.
Status wait_until_ready(process::Processes& processes, const Paths& paths, const UpOptions& options,
                        UpOutcome& outcome, Clock::time_point start) {
    constexpr auto kStep = Milliseconds(100);
    constexpr auto kDeepStep = Milliseconds(300);
    // A lab without proxy has no pool to write through: it is ready when its machines are.
    const bool has_pool = std::ranges::any_of(
        outcome.report.members, [](const MemberReport& report) { return report.member.role == Role::proxy; });
    WriteProbe probe(processes, paths, outcome.connect, outcome.report.ports.pool);
    std::map<std::string, std::string> told;
    auto next_deep = Clock::now();
    std::string problem = "the supervisor did not answer";
    while (Clock::now() < start + options.patience) {
        if (interrupted) { return fail(ErrorKind::tool_failed, "interrupted"); }
        // Asking the daemons costs them time, so it begins when the agents have done their part.
        const auto shallow = look(paths, false);
        if (!shallow) { return shallow.error(); }
        tell_progress(shallow->report, told, start);
        problem = unwell(shallow->report);
        if (shallow->pool_open) { probe.start(); }
        const auto written = probe.written();
        if (written && !outcome.first_write) {
            outcome.first_write = std::chrono::duration_cast<Milliseconds>(*written - start);
            say(text::format("{:6.1f} s  first write committed through the pool", seconds(*written - start)));
        }
        if ((written || !has_pool) && all_healthy(shallow->report) && Clock::now() >= next_deep) {
            next_deep = Clock::now() + kDeepStep;
            INGOT_ASSIGN(const auto deep, look(paths, true), "");
            outcome.report = deep.report;
            if (all_healthy(deep.report)) {
                outcome.all_healthy = std::chrono::duration_cast<Milliseconds>(Clock::now() - start);
                return {};
            }
            problem = unwell(deep.report);
        } else if (problem.empty()) {
            problem = "\n  no write through the pool was committed";
        }
        std::this_thread::sleep_for(kStep);
    }
    return fail(ErrorKind::transient,
                text::format("the cluster was not ready within {} s:{}", options.patience.count(), problem));
}

/// The journals of machines that are not well, so that a failed `up` can be understood after it was taken down.
void keep_journals(process::Processes& processes, const Paths& paths) {
    const auto seen = look(paths, false);
    if (!seen) { return; }
    for (const auto& member : seen->report.members) {
        if (member.machine != "running") { continue; }
        const auto journal =
            processes.run({.argv = {own_program(), "lab", "exec", "--name", paths.name, member.member.name, "--",
                                    "journalctl", "--no-pager", "--output=short-precise"},
                           .timeout = std::chrono::seconds(20)});
        if (!journal) { continue; }
        [[maybe_unused]] const auto kept =
            files::write(paths.logs() / (member.member.name + ".journal.log"), journal->out);
    }
}

Error give_up(process::Processes& processes, const Paths& paths, const UpOptions& options, Error error) {
    if (options.keep_failed) {
        error.message += text::format("\nthe lab is left as it is; ingot lab down --name {} removes it", paths.name);
        return error;
    }
    keep_journals(processes, paths);
    auto taken = take_down(paths, true);
    for (const auto& name : {"nodes", "repository"}) {
        if (taken) { taken = files::remove_tree(paths.state / name); }
    }
    if (!taken) { error.message += "\ntaking the lab down again failed as well: " + taken.error().to_string(); }
    error.message += "\nlogs: " + paths.logs().string();
    return error;
}

/// What an image file is, cheaply: to notice that it was built anew below the disks of machines.
Result<std::string> image_stamps(const std::string& images) {
    std::string stamps;
    for (const auto role : {Role::etcd, Role::db, Role::proxy, Role::backup}) {
        struct stat info = {};
        const auto path = image_of(images, role);
        if (role == Role::backup && !files::exists(path)) { continue; } // only some clusters have one
        if (::stat(path.c_str(), &info) != 0) { return fail_errno(errno, "looking at " + path.string()); }
        stamps += text::format("{}:{}.{} ", info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
    }
    return stamps;
}

/// The state of the lab that is to run: the kept one, or a new one.
Result<LabState> obtain_state(const Paths& paths, const UpOptions& options, const std::string& images,
                              bool& resumed) {
    if (files::exists(paths.lab_json())) {
        INGOT_ASSIGN(const auto kept, read_state(paths), "");
        if (kept.formed) {
            INGOT_TRY(check_images(kept.images), "");
            INGOT_ASSIGN(const auto stamps, image_stamps(kept.images), "");
            if (stamps != kept.image_stamps || (kept.images != images)) {
                return fail(
                    ErrorKind::refused,
                    text::format("the lab {0} was made from other images than there are now; remove it first: "
                                 "ingot lab down --name {0}",
                                 paths.name));
            }
            if (options.source.cluster_file) {
                INGOT_ASSIGN(const auto wanted, cloud_init::read_cluster(*options.source.cluster_file), "");
                INGOT_ASSIGN(const auto own, cloud_init::read_cluster(paths.state / cloud_init::kClusterFile), "");
                if (wanted.id != own.id) {
                    return fail(
                        ErrorKind::refused,
                        text::format("the lab {0} is of another cluster; remove it first: ingot lab down --name {0}",
                                     paths.name));
                }
            }
            resumed = true;
            return kept;
        }
    }
    // A lab that never took a write has nothing worth keeping.
    INGOT_TRY(files::remove_tree(paths.state), "removing what an earlier attempt left");
    INGOT_TRY(check_images(images), "");
    INGOT_ASSIGN(auto state, create_lab(paths, options.source, images), "making the lab");
    INGOT_ASSIGN(state.image_stamps, image_stamps(images), "");
    if (!options.part.empty()) {
        if (!files::exists(options.part)) { return fail(ErrorKind::not_found, "there is no file " + options.part); }
        state.part = fs::absolute(options.part).string();
    }
    state.words = options.words;
    INGOT_TRY(files::write(paths.lab_json(), to_text(state)), "");
    return state;
}

} // namespace

Result<UpOutcome> up(process::Processes& processes, const UpOptions& options) {
    INGOT_TRY(check_root("ingot lab up"), "");
    INGOT_TRY(check_lab_name(options.name), "");
    INGOT_TRY(check_host(processes), "");
    const auto paths = Paths::of(options.name);
    const InterruptGuard guard;
    UpOutcome outcome;
    const bool was_running = is_running(paths);
    if (!was_running) {
        INGOT_TRY(clean_leftovers(paths), "");
        INGOT_ASSIGN(
            const auto state,
            obtain_state(paths, options, fs::absolute(options.images).lexically_normal().string(), outcome.resumed),
            "");
        say(text::format("{} {} machines from {}", outcome.resumed ? "starting again" : "starting",
                         state.members.size(), state.images));
        const auto born = run_checked(processes, {.argv = {own_program(), "lab", "supervise", options.name}});
        if (!born) { return give_up(processes, paths, options, born.error()); }
    }
    INGOT_ASSIGN(outcome.connect, connect_info(paths), "");
    const auto start = Clock::now();
    auto ready = [&]() -> Status {
        INGOT_ASSIGN(const auto first, look(paths, false), "");
        outcome.report = first.report;
        if (options.cold) {
            INGOT_TRY(ask(paths, {{"op", "formed"}}), "");
            return {};
        }
        INGOT_TRY(ask(paths, request_for("start", {}, true)), "switching the machines on");
        INGOT_TRY(wait_until_ready(processes, paths, options, outcome, start), "");
        INGOT_TRY(ask(paths, {{"op", "formed"}}), "");
        return {};
    }();
    if (!ready) {
        if (was_running || outcome.resumed) { return std::move(ready).error(); }
        return give_up(processes, paths, options, std::move(ready).error());
    }
    if (was_running) { outcome.first_write.reset(); }
    return outcome;
}

} // namespace ingot::builder::lab
