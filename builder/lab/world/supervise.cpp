#include "builder/lab/world/supervise.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "builder/lab/model/protocol.hpp"
#include "builder/lab/world/cgroups.hpp"
#include "builder/lab/world/namespaces.hpp"
#include "builder/lab/world/sockets.hpp"
#include "builder/lab/world/supervisor.hpp"
#include "common/crypto/crypto.hpp"
#include "common/files/files.hpp"
#include "common/log/log.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::lab {

namespace {

/// What the supervisor starts from, read before any namespace is left.
struct Inputs {
    Paths paths;
    LabState state;
    cloud_init::Cluster cluster;
    cloud_init::Secrets secrets;
};

Result<Inputs> read_inputs(const std::string& name) {
    const auto paths = Paths::of(name);
    INGOT_ASSIGN(const auto text, files::read(paths.lab_json()), "");
    INGOT_ASSIGN(auto state, parse_state(text), "");
    INGOT_ASSIGN(auto cluster, cloud_init::read_cluster(paths.state / cloud_init::kClusterFile), "");
    INGOT_ASSIGN(auto secrets, cloud_init::read_secrets(paths.state / cloud_init::kSecretsFile), "");
    return Inputs{paths, std::move(state), std::move(cluster), std::move(secrets)};
}

/// Listens on 127.0.0.1 on the wanted port, or on any if that is taken.
Result<files::Fd> take_port(int wanted, int& taken) {
    auto listener = listen_tcp("127.0.0.1", wanted);
    if (!listener && listener.error().kind == ErrorKind::transient) { listener = listen_tcp("127.0.0.1", 0); }
    if (listener) { taken = bound_port(*listener); }
    return listener;
}

Result<HostSockets> take_sockets(Inputs& inputs) {
    HostSockets sockets;
    INGOT_ASSIGN(sockets.control, bind_unix(inputs.paths.socket()), "");
    auto& ports = inputs.state.ports;
    const auto& proxy = inputs.cluster.proxy;
    const auto prefer = [](int before, int usual) { return before != 0 ? before : usual; };
    INGOT_ASSIGN(sockets.primary, take_port(prefer(ports.primary, proxy.primary_port), ports.primary), "");
    INGOT_ASSIGN(sockets.replica, take_port(prefer(ports.replica, proxy.replica_port), ports.replica), "");
    INGOT_ASSIGN(sockets.pool, take_port(prefer(ports.pool, proxy.pool_port), ports.pool), "");
    return sockets;
}

void redirect_output(const std::filesystem::path& log_file) {
    constexpr mode_t kMode = 0640;
    const files::Fd log(::open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, kMode));
    const files::Fd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    ::dup2(null.get(), 0);
    ::dup2(log.valid() ? log.get() : null.get(), 1);
    ::dup2(log.valid() ? log.get() : null.get(), 2);
}

/// The first process of the new world. Reports on `report` when it is ready; returns when the lab is closed.
Status live(Inputs inputs, HostSockets sockets, files::Fd report, files::Fd run_folder) {
    // Signals are taken by sigtimedwait in the main thread, so they are blocked before any thread is made.
    sigset_t handled;
    sigemptyset(&handled);
    for (const int signal : {SIGCHLD, SIGTERM, SIGINT, SIGHUP}) { sigaddset(&handled, signal); }
    ::sigprocmask(SIG_BLOCK, &handled, nullptr);

    process::PosixProcesses processes;
    INGOT_TRY(furnish_world(processes), "");
    INGOT_TRY(enter_lab_cgroup("/sys/fs/cgroup", inputs.state.name), "");
    INGOT_ASSIGN(auto network, LabNetwork::parse(inputs.cluster.network), "");
    const auto socket_name = inputs.paths.socket().filename().string();
    Supervisor supervisor(processes, inputs.paths, std::move(inputs.state), std::move(inputs.cluster), network);
    INGOT_TRY(supervisor.open(inputs.secrets, std::move(sockets)), "");
    log::info("ready");
    INGOT_TRY(send_line(report, json::to_line({{"ok", true}})), "");
    report.reset();
    supervisor.run();
    ::unlinkat(run_folder.get(), socket_name.c_str(), 0);
    // Threads may still wait in requests: the process ends here, and the kernel with it all that is left.
    ::_exit(0);
}

} // namespace

MemberSeed draw_seed() {
    std::uint32_t id = 0;
    for (const char byte : crypto::random_bytes(4)) { id = (id << 8U) | static_cast<unsigned char>(byte); }
    constexpr std::uint32_t kEightDigits = 90'000'000;
    return {.instance_id = 10'000'000 + (id % kEightDigits), .machine_id = crypto::random_uuid()};
}

Status supervise(const std::string& name) {
    INGOT_ASSIGN(auto inputs, read_inputs(name), "starting the lab");
    INGOT_TRY(files::make_directory(inputs.paths.run, {.mode = 0755}), "");
    INGOT_TRY(files::make_directory(inputs.paths.logs()), "");
    auto lock = files::Lock::try_acquire(inputs.paths.lock());
    if (!lock) { return fail(ErrorKind::refused, text::format("the lab {} is running already", name)); }
    INGOT_ASSIGN(auto sockets, take_sockets(inputs), "taking the host's ports");
    INGOT_TRY(files::write(inputs.paths.lab_json(), to_text(inputs.state)), "");
    files::Fd run_folder(::open(inputs.paths.run.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        return fail_errno(errno, "creating a socket pair");
    }
    const files::Fd ready(ends[0]);
    files::Fd report(ends[1]);

    INGOT_TRY(leave_host_namespaces(), "");
    const pid_t child = ::fork();
    if (child < 0) { return fail_errno(errno, "starting the supervisor"); }
    if (child == 0) {
        ::setsid();
        redirect_output(inputs.paths.logs() / "supervisor.log");
        const int report_fd = ::fcntl(report.get(), F_DUPFD_CLOEXEC, 0);
        const auto lived = live(std::move(inputs), std::move(sockets), std::move(report), std::move(run_folder));
        if (!lived) {
            log::error(lived.error().to_string());
            [[maybe_unused]] const auto told =
                send_line(files::Fd(report_fd), json::to_line(to_answer(lived.error())));
        }
        ::_exit(1);
    }
    report.reset();
    const auto line = receive_line(ready, std::chrono::minutes(1));
    if (line.empty()) {
        return fail(ErrorKind::tool_failed, "the lab's supervisor ended without a word; see " +
                                                (Paths::of(name).logs() / "supervisor.log").string());
    }
    INGOT_ASSIGN(auto said, json::parse(line), "");
    INGOT_TRY(from_answer(std::move(said)), "");
    return {};
}

} // namespace ingot::builder::lab
