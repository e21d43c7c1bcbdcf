#include "builder/publish/hetzner/shell.hpp"

#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::publish::hetzner {

namespace {

/// ssh's own exit code for everything that is not the remote command's.
constexpr int kSshFailed = 255;

std::string tail_of(const process::Output& output) {
    constexpr std::size_t kTail = 1000;
    auto said = std::string(text::trim(output.err.empty() ? output.out : output.err));
    return said.size() > kTail ? "…" + said.substr(said.size() - kTail) : said;
}

} // namespace

Result<process::Output> Shell::call(const std::string& address, const Job& job, bool first) {
    const auto known = (keys_ / "known_hosts").string();
    process::StreamedCommand command;
    command.argv = {"ssh",
                    "-F",
                    "none", // nothing of the user's own configuration
                    "-T",
                    "-i",
                    (keys_ / "key").string(),
                    "-p",
                    std::to_string(port_),
                    "-o",
                    "IdentitiesOnly=yes",
                    "-o",
                    "IdentityAgent=none",
                    "-o",
                    "BatchMode=yes",
                    "-o",
                    "UserKnownHostsFile=" + known,
                    "-o",
                    "GlobalKnownHostsFile=/dev/null",
                    "-o",
                    text::format("StrictHostKeyChecking={}", first ? "accept-new" : "yes"),
                    "-o",
                    "HostKeyAlias=rescue",
                    "-o",
                    "UpdateHostKeys=no",
                    "-o",
                    "ForwardAgent=no",
                    "-o",
                    "ClearAllForwardings=yes",
                    "-o",
                    "Compression=no", // what is sent is compressed
                    "-o",
                    "ConnectTimeout=10",
                    "-o",
                    "ServerAliveInterval=5",
                    "-o",
                    "ServerAliveCountMax=6",
                    "-o",
                    "LogLevel=ERROR",
                    "root@" + address,
                    "exec bash -c " + text::shell_quote(job.script)};
    command.input = job.input;
    command.feed = job.feed;
    command.on_line = job.on_line;
    command.timeout = job.timeout;
    command.cancelled = [this] { return stop_.requested(); };
    return runner_(command);
}

Status Shell::connect(std::chrono::milliseconds patience, std::chrono::milliseconds interval) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    std::string last = "no address was tried";
    for (;;) {
        for (const auto& address : addresses_) {
            INGOT_TRY(stop_.check(), "");
            const auto output = call(address, {.script = "true", .timeout = std::chrono::seconds(30)}, true);
            if (output && output->exit_code == 0) {
                address_ = address;
                return {};
            }
            if (!output && output.error().kind == ErrorKind::not_found) {
                return fail(ErrorKind::not_found, "there is no ssh client on this machine: install openssh-client");
            }
            last = output ? tail_of(*output) : output.error().to_string();
        }
        if (std::chrono::steady_clock::now() + interval > deadline) {
            return fail(ErrorKind::transient, "the rescue system cannot be logged in to by ssh: " + last);
        }
        if (!stop_.sleep(interval)) { return stop_.check(); }
    }
}

Result<std::string> Shell::run(const Job& job) {
    INGOT_ASSIGN(auto output, call(address_, job, false), "on the rescue system");
    if (output.exit_code == 0) { return std::move(output.out); }
    if (output.exit_code == kSshFailed) {
        return fail(ErrorKind::transient, "the connection to the rescue system broke: " + tail_of(output));
    }
    return fail(ErrorKind::tool_failed,
                text::format("on the rescue system (exit code {}): {}", output.exit_code, tail_of(output)));
}

Status Shell::run_last(const Job& job) {
    INGOT_ASSIGN(const auto output, call(address_, job, false), "on the rescue system");
    if (output.exit_code == 0 || output.exit_code == kSshFailed) { return {}; }
    return fail(ErrorKind::tool_failed, tail_of(output));
}

Result<std::string> make_login_key(const process::StreamedRunner& runner, const std::filesystem::path& folder,
                                   const std::string& comment) {
    const auto file = (folder / "key").string();
    process::StreamedCommand command;
    command.argv = {"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", file};
    INGOT_ASSIGN(const auto output, runner(command), "making an ssh key (package openssh-client)");
    if (output.exit_code != 0) { return fail(ErrorKind::tool_failed, "ssh-keygen: " + tail_of(output)); }
    INGOT_ASSIGN(const auto text, files::read(file + ".pub"), "");
    return std::string(text::trim(text));
}

} // namespace ingot::builder::publish::hetzner
