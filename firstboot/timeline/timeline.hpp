// When what ran since the machine was started: bars on one axis, in milliseconds since the kernel began.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "common/process/process.hpp"
#include "common/result/result.hpp"

namespace ingot::firstboot::timeline {

struct Bar {
    std::string name;
    std::int64_t begin_ms = 0;
    std::int64_t end_ms = 0;
    enum class Kind { phase, unit, step } kind = Kind::step;
    bool operator==(const Bar&) const = default;
};

/// Collects the agent's steps of this boot and keeps them in a file for `ingot-agent timeline`.
class Recorder {
  public:
    explicit Recorder(std::filesystem::path file) : file_(std::move(file)) {}
    void begin(std::string_view step);
    /// Writes the file; a failure to do so loses a picture and nothing else.
    void end(std::string_view step);

  private:
    std::filesystem::path file_;
    std::vector<Bar> bars_{};
};

/// What a recorder wrote.
Result<std::vector<Bar>> read_steps(const std::filesystem::path& file);
/// The phases of the boot from `systemctl show` (KernelTimestampMonotonic=… and so on) and units from
/// `systemctl show --type=service` (Id, InactiveExitTimestampMonotonic, ActiveEnterTimestampMonotonic), pure.
std::vector<Bar> phases_of(std::string_view manager_properties);
std::vector<Bar> units_of(std::string_view unit_properties);
/// In a container the kernel's clock is the host's: everything counts from the container's own begin.
std::vector<Bar> from_own_begin(std::vector<Bar> bars);
/// All of the running machine, sorted by begin; `files` are of the programs that record their steps.
Result<std::vector<Bar>> read(process::Processes& processes, const std::vector<std::filesystem::path>& files,
                              bool container);

std::string to_text(const std::vector<Bar>& bars);
std::string to_svg(const std::vector<Bar>& bars, std::string_view title);

} // namespace ingot::firstboot::timeline
