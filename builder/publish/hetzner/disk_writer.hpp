// Writing a disk on the rescue system, and proving that it holds what was written.
//
// Runs of frames that are not zero are streamed, still compressed, over several connections; the far side
// decompresses and writes them at their place. Each run is acknowledged; after a broken connection those without are
// sent again. Then the disk is flushed and every frame of it, holes included, is read back past the cache and its
// SHA-256 compared.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "builder/publish/disk_image.hpp"
#include "builder/publish/hetzner/api.hpp"
#include "builder/publish/hetzner/shell.hpp"
#include "builder/publish/report.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::publish::hetzner {

/// Frames that lie side by side in the file and on the disk.
struct Run {
    std::size_t first = 0;
    std::size_t count = 0;
    bool operator==(const Run&) const = default;
};
/// Runs of at most `most` frames, of those that `wanted` says. Pure.
std::vector<Run> runs_of(const std::vector<Frame>& frames, std::size_t most, const std::vector<bool>& wanted);

/// A line of the read-back: "4194304 <64 hex digits>".
struct ReadBack {
    std::uint64_t offset = 0;
    std::string sha256;
};
std::optional<ReadBack> parse_read_back(std::string_view line);

class DiskWriter {
  public:
    DiskWriter(Shell& shell, const DiskImage& image, std::string name, std::string device, int streams,
               const Pace& pace, Report& report, const Stop& stop);

    /// Is this a rescue system, is its disk unused and large enough? Then empties the disk.
    Status prepare();
    Status write();
    /// refused if the disk does not hold the image.
    Status verify();

  private:
    struct Shared;
    [[nodiscard]] std::string with_device(std::string_view script) const;
    Status write_runs(const std::vector<Run>& runs);
    void stream(Shared& shared);
    Result<std::vector<std::size_t>> read_back(const std::vector<bool>& wanted);
    Status read_back_once(const std::vector<bool>& wanted, std::vector<std::string>& seen);

    Shell& shell_;
    const DiskImage& image_;
    std::string name_;
    std::string device_;
    int streams_;
    const Pace& pace_;
    Report& report_;
    const Stop& stop_;
    int processors_ = 1;
};

} // namespace ingot::builder::publish::hetzner
