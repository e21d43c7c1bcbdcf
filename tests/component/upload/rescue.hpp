// What stands for the rescue system: a real block device (loop, over a sparse file), and a shell that has only the
// programs which the rescue system has. Reached by a real sshd on a loopback address of its own, or, where ssh is not
// the matter of a test, directly.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/files/files.hpp"
#include "common/process/background.hpp"
#include "common/process/streamed.hpp"
#include "tests/component/upload/fake_hetzner.hpp"

namespace ingot::tests {

/// A loop device over a sparse file, full of old bytes, as a new server's disk is.
class Disk {
  public:
    explicit Disk(const std::filesystem::path& folder, std::uint64_t size);
    ~Disk();
    Disk(const Disk&) = delete;
    Disk& operator=(const Disk&) = delete;
    Disk(Disk&&) = delete;
    Disk& operator=(Disk&&) = delete;
    [[nodiscard]] const std::string& device() const { return device_; }
    [[nodiscard]] bool ready() const { return !device_.empty(); }
    /// Old bytes over everything.
    void scribble() const;
    /// SHA-256 of its first bytes.
    [[nodiscard]] std::string digest(std::uint64_t bytes) const;
    /// One byte changes, as by a bad disk.
    void damage(std::uint64_t offset) const;

  private:
    std::filesystem::path file_;
    std::string device_;
    std::uint64_t size_;
};

/// How the nth command on the rescue system goes wrong.
enum class Trouble {
    fails,        ///< it says no
    dies,         ///< the connection is gone before it has begun
    breaks,       ///< the connection is gone in the middle of it
    damages_hole, ///< a byte of the disk changes before it runs, where nothing was written
    damages_data, ///< the same, where something was
};

/// A folder with the programs of the rescue system, `poweroff` among them (which only says so in a file), and a
/// wrapper that every command is run by.
class RescueTools {
  public:
    RescueTools(const std::filesystem::path& folder, const Disk& disk);
    [[nodiscard]] std::string wrapper() const { return (folder_ / "run").string(); }
    [[nodiscard]] std::filesystem::path off_file(std::int64_t server) const {
        return folder_ / ("off-" + std::to_string(server));
    }
    void trouble(int nth, Trouble trouble) const;
    /// Commands run since the last reset(); each with its first word or two.
    [[nodiscard]] int commands() const;
    void reset() const;

  private:
    std::filesystem::path folder_;
};

/// Servers whose rescue system is reached without ssh: runs what `ssh` would run there.
class LocalRescue final : public Machines {
  public:
    LocalRescue(const RescueTools& tools, const Disk& disk, std::uint64_t image_size)
        : tools_(tools), disk_(disk), image_size_(image_size) {}
    void boot_rescue(std::int64_t server, const std::vector<std::string>& public_keys) override;
    void power_cut(std::int64_t server) override;
    bool is_off(std::int64_t server) override;
    std::string address(std::int64_t /*server*/) override { return "127.77.0.1"; }
    std::string disk_digest() override { return disk_.digest(image_size_); }
    /// In place of process::run_streamed.
    process::StreamedRunner runner();

  private:
    const RescueTools& tools_;
    const Disk& disk_;
    std::uint64_t image_size_;
    std::atomic<std::int64_t> running_ = 0;
};

/// Servers with a real sshd each, with host keys of its own at every boot, which lets in only the keys it was given.
class SshRescue final : public Machines {
  public:
    SshRescue(const RescueTools& tools, const Disk& disk, std::uint64_t image_size, std::filesystem::path folder);
    ~SshRescue() override;
    SshRescue(const SshRescue&) = delete;
    SshRescue& operator=(const SshRescue&) = delete;
    SshRescue(SshRescue&&) = delete;
    SshRescue& operator=(SshRescue&&) = delete;
    void boot_rescue(std::int64_t server, const std::vector<std::string>& public_keys) override;
    void power_cut(std::int64_t server) override;
    bool is_off(std::int64_t server) override;
    std::string address(std::int64_t server) override;
    std::string disk_digest() override { return disk_.digest(image_size_); }
    [[nodiscard]] int port() const { return port_; }
    void use_ipv6() { ipv6_ = true; }
    /// From the second connection on another host key is shown.
    void change_host_key(std::int64_t server);

  private:
    void start(std::int64_t server);
    const RescueTools& tools_;
    const Disk& disk_;
    std::uint64_t image_size_;
    std::filesystem::path folder_;
    int port_;
    bool ipv6_ = false;
    std::map<std::int64_t, process::Background> sshds_;
};

} // namespace ingot::tests
