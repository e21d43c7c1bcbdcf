// One machine of the lab: its disk (an overlay over the role's image) and, while it is on, its container.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <sys/types.h>

#include "builder/lab/model/boot.hpp"
#include "builder/lab/model/plan.hpp"
#include "common/process/background.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::lab {

/// Where a machine's things are.
struct MachinePlace {
    std::filesystem::path image;   ///< the role's image, mounted
    std::filesystem::path disk;    ///< folder of the overlay's upper layer, on the host's disk
    std::filesystem::path root;    ///< where the overlay is mounted
    std::filesystem::path console; ///< log file
};

/// Not thread-safe: the supervisor holds its lock.
class Machine {
  public:
    explicit Machine(MachinePlace place) : place_(std::move(place)) {}

    /// Mounts the disk, once.
    Status insert_disk();
    /// Unmounts the disk. The machine must be off.
    Status eject_disk();
    /// Switches on: starts PID 1 inside `cgroup`. The plan's root is this machine's own.
    Status power_on(BootPlan plan, const std::filesystem::path& cgroup);
    /// Asks PID 1 for an orderly power-off.
    void press_power_button();
    /// Pulls the plug: PID 1 and with it everything inside is gone without a word.
    void pull_plug();

    [[nodiscard]] bool running() const { return container_.has_value(); }
    /// If the container has ended since the last call: its exit code, and the machine is off from now on.
    std::optional<int> reap();
    /// The machine's PID 1 as the supervisor's PID namespace numbers it, once there is one.
    [[nodiscard]] std::optional<pid_t> leader() const;
    /// A file of the running machine, read through its root.
    [[nodiscard]] std::optional<std::string> read_inside(std::string_view absolute_path) const;
    [[nodiscard]] const MachinePlace& place() const { return place_; }

    /// How it went off by itself, for people.
    std::optional<std::string> ended{};

  private:
    MachinePlace place_;
    bool disk_inserted_ = false;
    std::optional<process::Background> container_;
};

/// systemd-nspawn's exit code when the machine asked for a reboot and nspawn may not do that itself.
inline constexpr int kRebootCode = 133;

} // namespace ingot::builder::lab
