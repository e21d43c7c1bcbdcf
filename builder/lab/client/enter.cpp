#include "builder/lab/client/enter.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <functional>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "builder/lab/client/control.hpp"
#include "cloud-init/cluster/cluster.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::lab {

namespace {

namespace fs = std::filesystem;
using files::Fd;

constexpr const char* kPsql = "/usr/bin/psql";

struct Namespace {
    const char* name;
    int flag;
};
// The mount namespace last: with it the paths of the others are gone.
constexpr std::array kAll = {Namespace{"cgroup", CLONE_NEWCGROUP}, Namespace{"ipc", CLONE_NEWIPC},
                             Namespace{"uts", CLONE_NEWUTS},       Namespace{"net", CLONE_NEWNET},
                             Namespace{"pid", CLONE_NEWPID},       Namespace{"mnt", CLONE_NEWNS}};

struct Entrance {
    std::vector<std::pair<Fd, int>> namespaces;
};

/// Opens the namespaces of a process, seen through the /proc at `proc`.
Result<Entrance> open_namespaces(const fs::path& proc, pid_t pid) {
    Entrance entrance;
    for (const auto& [name, flag] : kAll) {
        const auto path = proc / std::to_string(pid) / "ns" / name;
        Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        if (!fd.valid()) { return fail_errno(errno, "looking into the machine"); }
        entrance.namespaces.emplace_back(std::move(fd), flag);
    }
    return entrance;
}

[[noreturn]] void execute(const std::vector<std::string>& argv, const char* folders) {
    for (const int signal : {SIGPIPE, SIGINT, SIGQUIT, SIGTERM}) { ::signal(signal, SIG_DFL); }
    const char* terminal = std::getenv("TERM");
    std::vector<std::string> environment = {std::string("PATH=") + folders, "HOME=/root", "LANG=C.UTF-8",
                                            "USER=root"};
    if (terminal != nullptr) { environment.push_back(std::string("TERM=") + terminal); }
    std::vector<char*> variables;
    for (auto& variable : environment) { variables.push_back(variable.data()); }
    variables.push_back(nullptr);
    auto words = argv;
    std::vector<char*> arguments;
    for (auto& word : words) { arguments.push_back(word.data()); }
    arguments.push_back(nullptr);
    ::environ = variables.data();
    ::execvp(arguments[0], arguments.data());
    constexpr int kNotFound = 127;
    constexpr int kNotExecutable = 126;
    const int code = errno == ENOENT ? kNotFound : kNotExecutable;
    const auto complaint = text::format("ingot: {}: {}\n", argv[0], ::strerror(errno));
    [[maybe_unused]] const auto ignored = ::write(2, complaint.data(), complaint.size());
    ::_exit(code);
}

/// Runs `body` in a child and returns the child's exit code; keys that stop the child do not stop this process.
Result<int> in_child(const std::function<void()>& body) {
    const auto old_int = ::signal(SIGINT, SIG_IGN);
    const auto old_quit = ::signal(SIGQUIT, SIG_IGN);
    const pid_t pid = ::fork();
    if (pid < 0) { return fail_errno(errno, "starting a child"); }
    if (pid == 0) {
        body();
        constexpr int kNotEntered = 125;
        ::_exit(kNotEntered);
    }
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
    ::signal(SIGINT, old_int);
    ::signal(SIGQUIT, old_quit);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void complain(std::string_view what) {
    const auto text = text::format("ingot: {}: {}\n", what, ::strerror(errno));
    [[maybe_unused]] const auto ignored = ::write(2, text.data(), text.size());
}

fs::path proc_of(pid_t supervisor) { return text::format("/proc/{}/root/proc", supervisor); }

} // namespace

Result<int> run_inside(const Paths& paths, const std::string& member, const std::vector<std::string>& argv) {
    INGOT_ASSIGN(const auto answer, ask(paths, request_for("leader", {member})), "");
    const auto pid = json::number_at(answer, "pid").value_or(0);
    INGOT_ASSIGN(const auto supervisor, supervisor_pid(paths), "");
    INGOT_ASSIGN(const auto entrance, open_namespaces(proc_of(supervisor), static_cast<pid_t>(pid)), "");
    return in_child([&] {
        for (const auto& [fd, flag] : entrance.namespaces) {
            if (::setns(fd.get(), flag) != 0) {
                complain("entering " + member);
                return;
            }
        }
        // A PID namespace is entered by the next child only.
        const auto code =
            in_child([&] { execute(argv, "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"); });
        if (code) { ::_exit(*code); }
    });
}

bool host_has_psql() { return ::access(kPsql, X_OK) == 0; }

Result<int> run_psql(const Paths& paths, const ConnectInfo& info, const HostPorts& host_ports, Door door,
                     const std::vector<std::string>& arguments) {
    const auto port_at = [door](const HostPorts& ports) {
        return door == Door::pool ? ports.pool : door == Door::primary ? ports.primary : ports.replica;
    };
    std::vector<std::string> argv = {kPsql};
    if (host_has_psql()) {
        argv.push_back(connection_string(info, door, port_at(host_ports)));
        argv.insert(argv.end(), arguments.begin(), arguments.end());
        return in_child([&] { execute(argv, "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"); });
    }
    INGOT_ASSIGN(const auto seen, look(paths, false), "");
    std::string proxy;
    for (const auto& member : seen.report.members) {
        if (member.member.role == Role::proxy && member.machine == "running" && proxy.empty()) {
            proxy = member.member.address;
        }
    }
    if (proxy.empty()) { return fail(ErrorKind::refused, "no proxy machine is running"); }
    INGOT_ASSIGN(const auto cluster, cloud_init::read_cluster(paths.state / cloud_init::kClusterFile), "");
    const HostPorts own = {.primary = cluster.proxy.primary_port,
                           .replica = cluster.proxy.replica_port,
                           .pool = cluster.proxy.pool_port};
    auto inside = info;
    inside.ca_file = "/mnt/ca.crt";
    inside.pass_file = "/mnt/pgpass";
    argv.push_back(connection_string(inside, door, port_at(own), proxy));
    argv.insert(argv.end(), arguments.begin(), arguments.end());

    INGOT_ASSIGN(const auto supervisor, supervisor_pid(paths), "");
    INGOT_ASSIGN(const auto entrance, open_namespaces("/proc", supervisor), "");
    return in_child([&] {
        for (const auto& [fd, flag] : entrance.namespaces) {
            if (flag != CLONE_NEWPID && ::setns(fd.get(), flag) != 0) { return complain("entering the lab"); }
        }
        // The image is read-only, so the two files come into its empty /mnt, in mounts that only this process sees.
        const fs::path root = "/run/ingot-lab/images/db";
        if (::unshare(CLONE_NEWNS) != 0 || ::mount("tmpfs", (root / "mnt").c_str(), "tmpfs", 0, "mode=700") != 0 ||
            ::mount("/dev", (root / "dev").c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0) {
            return complain("mounting");
        }
        for (const auto& [from, to] :
             {std::pair{info.ca_file, "mnt/ca.crt"}, std::pair{info.pass_file, "mnt/pgpass"}}) {
            const auto content = files::read(from);
            if (!content || !files::write(root / to, *content, {.mode = 0600})) {
                return complain("copying " + from);
            }
        }
        if (::chroot(root.c_str()) != 0 || ::chdir("/") != 0) { return complain("changing the root"); }
        execute(argv, "/usr/bin:/bin");
    });
}

} // namespace ingot::builder::lab
