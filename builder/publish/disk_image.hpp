// disk.raw.zst, frame by frame: where each lies in the file and on the disk, what it makes (by hash), and whether
// that is nothing but zeros. Whoever writes the disk skips those, and whoever reads it back knows what every piece
// has to be.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "builder/publish/image.hpp"
#include "builder/publish/stop.hpp"
#include "common/files/files.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::publish {

inline constexpr const char* kDiskFile = "disk.raw.zst";

struct Frame {
    std::uint64_t file_offset = 0;
    std::uint64_t file_size = 0; ///< compressed
    std::uint64_t disk_offset = 0;
    std::uint64_t disk_size = 0;
    std::string sha256{}; ///< of the content
    bool zero = false;    ///< nothing but zeros
};

class DiskImage {
  public:
    /// Looks at every frame and holds the file against the manifest. refused if it is not the one that was built,
    /// invalid_input if its frames cannot be read one by one.
    static Result<DiskImage> open(const Image& image, const Stop& stop);

    [[nodiscard]] const std::vector<Frame>& frames() const { return frames_; }
    [[nodiscard]] std::uint64_t size() const {
        return frames_.empty() ? 0 : frames_.back().disk_offset + frames_.back().disk_size;
    }
    /// Compressed bytes of frames first..last, as they lie in the file.
    [[nodiscard]] Result<std::string> read(std::uint64_t offset, std::uint64_t count) const;

  private:
    DiskImage(files::Fd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
    Result<std::string> find_frames(std::uint64_t file_size, const Stop& stop);
    Status look_into_frames(const Stop& stop);

    files::Fd fd_;
    std::string path_;
    std::vector<Frame> frames_;
};

} // namespace ingot::builder::publish
