#include "tests/component/upload/rescue.hpp"

#include <cstdlib>
#include <fstream>

#include <fcntl.h>
#include <unistd.h>

#include "common/crypto/crypto.hpp"
#include "common/text/text.hpp"
#include "tests/support/port.hpp"

namespace ingot::tests {

namespace {

namespace fs = std::filesystem;

process::Output sh(const std::string& script) {
    process::PosixProcesses processes;
    auto output = processes.run({.argv = {"bash", "-c", script}});
    return output ? *output : process::Output{.exit_code = 255, .err = output.error().to_string()};
}

} // namespace

Disk::Disk(const fs::path& folder, std::uint64_t size) : file_(folder / "disk"), size_(size) {
    const auto made =
        sh(text::format("truncate -s {} {} && losetup -f --show {}", size, file_.string(), file_.string()));
    if (made.exit_code == 0) { device_ = text::trim(made.out); }
}

Disk::~Disk() {
    if (ready()) { sh("losetup -d " + device_); }
}

void Disk::scribble() const {
    sh(text::format(
        "yes 'old bytes of the system that came with the server' | dd of={} bs=1M count={} iflag=fullblock "
        "conv=notrunc status=none; blockdev --flushbufs {}",
        device_, size_ >> 20U, device_));
}

std::string Disk::digest(std::uint64_t bytes) const {
    return sh(text::format("sync {}; head -c {} {} | sha256sum | cut -c -64 | tr -d '\\n'", device_, bytes, device_))
        .out;
}

void Disk::damage(std::uint64_t offset) const {
    sh(text::format("printf x | dd of={} bs=1 seek={} conv=notrunc status=none; sync {}; blockdev --flushbufs {}",
                    device_, offset, device_, device_));
}

RescueTools::RescueTools(const fs::path& folder, const Disk& disk) : folder_(folder / "rescue") {
    fs::create_directories(folder_ / "bin");
    // Just what Debian's rescue system has of what we use: anything else would be a bug that only shows there.
    for (const auto* tool : {"bash", "zstd", "dd", "head", "sha256sum", "cut", "tr", "xargs", "blkdiscard",
                             "blockdev", "sync", "lsblk", "nproc", "true", "cat"}) {
        for (const auto* place : {"/usr/bin", "/usr/sbin", "/bin", "/sbin"}) {
            if (!fs::exists(fs::path(place) / tool)) { continue; }
            fs::create_symlink(fs::path(place) / tool, folder_ / "bin" / tool);
            break;
        }
    }
    const auto script = [&](const fs::path& path, const std::string& text) {
        std::ofstream(path) << text;
        fs::permissions(path, fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec |
                                  fs::perms::others_read | fs::perms::others_exec);
    };
    script(folder_ / "bin/poweroff", text::format("#!/bin/bash\n/bin/touch {}/off-$SERVER\n", folder_.string()));
    // Counts; if it is the turn of the trouble, makes it; then runs the command with the rescue system's programs
    // alone.
    script(folder_ / "run", text::format(R"sh(#!/bin/bash
here={}
export SERVER=$1
(
  /usr/bin/flock 9
  count=$(( $(/bin/cat $here/count 2>/dev/null || echo 0) + 1 ))
  echo $count > $here/count
) 9> $here/lock
count=$(/bin/cat $here/count)
trouble=none
if [ -e $here/trouble-$count ]; then trouble=$(/bin/cat $here/trouble-$count); /bin/rm $here/trouble-$count; fi
case $trouble in
  fails) echo "this is the rescue system, and it says no" >&2; exit 17 ;;
  dies) kill -9 $PPID; exit 255 ;;
  breaks) ( export PATH=$here/bin; exec $here/bin/bash -c "/usr/bin/head -c 300000 | ( $SSH_ORIGINAL_COMMAND )" ) >/dev/null 2>&1
          kill -9 $PPID; exit 255 ;;
  damages*) printf x | /bin/dd of={} bs=1 seek=${{trouble#* }} conv=notrunc status=none; /bin/sync {}; /sbin/blockdev --flushbufs {} ;;
esac
export PATH=$here/bin
exec $here/bin/bash -c "$SSH_ORIGINAL_COMMAND"
)sh",
                                         folder_.string(), disk.device(), disk.device(), disk.device()));
}

void RescueTools::trouble(int nth, Trouble trouble) const {
    const std::map<Trouble, std::string> kNames = {{Trouble::fails, "fails"},
                                                   {Trouble::dies, "dies"},
                                                   {Trouble::breaks, "breaks"},
                                                   {Trouble::damages_hole, "damages 4200000"},
                                                   {Trouble::damages_data, "damages 100"}};
    std::ofstream(folder_ / ("trouble-" + std::to_string(nth))) << kNames.at(trouble);
}

int RescueTools::commands() const {
    return static_cast<int>(text::to_number(text::trim(files::read(folder_ / "count").value_or("0"))).value_or(0));
}

void RescueTools::reset() const {
    for (const auto& entry : fs::directory_iterator(folder_)) {
        const auto name = entry.path().filename().string();
        if (name == "count" || name.starts_with("trouble-") || name.starts_with("off-")) { fs::remove(entry.path()); }
    }
}

void LocalRescue::boot_rescue(std::int64_t server, const std::vector<std::string>& public_keys) {
    if (!public_keys.empty()) { running_ = server; }
}

void LocalRescue::power_cut(std::int64_t server) {
    if (running_ == server) { running_ = 0; }
}

bool LocalRescue::is_off(std::int64_t server) { return fs::exists(tools_.off_file(server)); }

process::StreamedRunner LocalRescue::runner() {
    return [this](const process::StreamedCommand& command) -> Result<process::Output> {
        if (command.argv.front() != "ssh") { return process::run_streamed(command); }
        if (running_ == 0) { return process::Output{.exit_code = 255, .err = "connection refused"}; }
        auto local = command;
        // A shell in between: the wrapper kills its parent where sshd would lose the connection.
        local.argv = {"bash", "-c", text::format("{} {}; exit $?", tools_.wrapper(), running_.load())};
        local.environment["SSH_ORIGINAL_COMMAND"] = command.argv.back();
        auto output = process::run_streamed(local);
        constexpr int kKilled = 128 + 9;
        constexpr int kSshFailed = 255;
        if (output && output->exit_code == kKilled) { output->exit_code = kSshFailed; }
        return output;
    };
}

SshRescue::SshRescue(const RescueTools& tools, const Disk& disk, std::uint64_t image_size, fs::path folder)
    : tools_(tools), disk_(disk), image_size_(image_size), folder_(std::move(folder)), port_(free_port()) {
    fs::create_directories("/run/sshd");
}

SshRescue::~SshRescue() = default;

std::string SshRescue::address(std::int64_t server) {
    constexpr std::int64_t kHosts = 200;
    return text::format("127.77.0.{}", 1 + server % kHosts);
}

void SshRescue::start(std::int64_t server) {
    const auto place = folder_ / text::format("sshd-{}", server);
    const auto listen = ipv6_ ? std::string("::1") : address(server);
    std::ofstream(place / "config") << text::format(
        "ListenAddress {}\nPort {}\nHostKey {}/host\nAuthorizedKeysFile {}/authorized\nStrictModes no\nUsePAM no\n"
        "PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\nPidFile "
        "none\n"
        "MaxStartups 50\nPrintMotd no\nForceCommand {} {}\n"
        // Bash reads ~/.bashrc at every login over ssh: what this machine's root has there is none of the tests'.
        "SetEnv HOME={}\n",
        listen, port_, place.string(), place.string(), tools_.wrapper(), server, place.string());
    auto started = process::Background::start(
        {.argv = {"/usr/sbin/sshd", "-D", "-e", "-f", (place / "config").string()}, .log_file = place / "log"});
    if (!started) { std::abort(); }
    sshds_.insert_or_assign(server, *std::move(started));
}

void SshRescue::boot_rescue(std::int64_t server, const std::vector<std::string>& public_keys) {
    const auto place = folder_ / text::format("sshd-{}", server);
    fs::create_directories(place);
    std::ofstream(place / "authorized") << text::join(public_keys, "\n") << "\n";
    fs::remove(place / "host");
    sh(text::format("ssh-keygen -q -t ed25519 -N '' -f {}/host", place.string()));
    start(server);
}

void SshRescue::change_host_key(std::int64_t server) {
    sshds_.erase(server);
    const auto place = folder_ / text::format("sshd-{}", server);
    fs::remove(place / "host");
    sh(text::format("ssh-keygen -q -t ed25519 -N '' -f {}/host", place.string()));
    start(server);
}

void SshRescue::power_cut(std::int64_t server) { sshds_.erase(server); }

bool SshRescue::is_off(std::int64_t server) { return fs::exists(tools_.off_file(server)); }

} // namespace ingot::tests
