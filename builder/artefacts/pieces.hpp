// A large file worked on in pieces by several threads, with the results taken in order: what comes out does not
// depend on how many threads there are.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <future>
#include <string>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

#include "common/files/files.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::artefacts {

/// Calls `make(index)` for 0..count-1 in a few threads and `take(result)` in order, in this thread. The first
/// error ends it.
template <typename Make, typename Take>
Status in_order(std::uint64_t count, Make make, Take take) {
    using Made = decltype(make(std::uint64_t{}));
    constexpr unsigned kMost = 8; // pieces in memory
    const auto ahead = std::clamp(std::thread::hardware_concurrency(), 1U, kMost) + 1;
    std::deque<std::future<Made>> running;
    std::uint64_t next = 0;
    while (next < count || !running.empty()) {
        while (next < count && running.size() < ahead) {
            running.push_back(std::async(std::launch::async, [&make, index = next] { return make(index); }));
            ++next;
        }
        INGOT_ASSIGN(auto made, running.front().get(), "");
        running.pop_front();
        INGOT_TRY(take(std::move(made)), "");
    }
    return {};
}

/// Reads pieces of a file from several threads.
class PieceReader {
  public:
    static Result<PieceReader> open(const std::filesystem::path& path, std::uint64_t piece) {
        std::error_code problem;
        const auto size = std::filesystem::file_size(path, problem);
        files::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        if (problem || !fd.valid()) {
            return fail_errno(problem ? problem.value() : errno, "opening " + path.string());
        }
        return PieceReader(std::move(fd), size, piece);
    }
    [[nodiscard]] std::uint64_t size() const { return size_; }
    [[nodiscard]] std::uint64_t count() const { return (size_ + piece_ - 1) / piece_; }
    /// The last one may be shorter.
    [[nodiscard]] Result<std::string> read(std::uint64_t index) const {
        const auto at = index * piece_;
        std::string bytes(std::min(piece_, size_ - at), '\0');
        // Holes are zeros already: looking for data first saves reading them.
        const auto data = ::lseek(fd_.get(), static_cast<off_t>(at), SEEK_DATA);
        if (data < 0 && errno == ENXIO) { return bytes; }
        if (data >= 0 && static_cast<std::uint64_t>(data) >= at + bytes.size()) { return bytes; }
        for (std::size_t done = 0; done < bytes.size();) {
            const auto got =
                ::pread(fd_.get(), bytes.data() + done, bytes.size() - done, static_cast<off_t>(at + done));
            if (got <= 0) { return fail_errno(got < 0 ? errno : EIO, "reading a disk image"); }
            done += static_cast<std::size_t>(got);
        }
        return bytes;
    }

  private:
    PieceReader(files::Fd fd, std::uint64_t size, std::uint64_t piece)
        : fd_(std::move(fd)), size_(size), piece_(piece) {}
    files::Fd fd_;
    std::uint64_t size_;
    std::uint64_t piece_;
};

/// A new file that is written from front to back, and at its head once more.
class OutputFile {
  public:
    static Result<OutputFile> create(const std::filesystem::path& path) {
        files::Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
        if (!fd.valid()) { return fail_errno(errno, "creating " + path.string()); }
        return OutputFile(path, std::move(fd));
    }
    Status append(std::string_view bytes) {
        INGOT_TRY(put(position_, bytes), "");
        position_ += bytes.size();
        return {};
    }
    Status put(std::uint64_t offset, std::string_view bytes) {
        while (!bytes.empty()) {
            const auto written = ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
            if (written < 0) { return fail_errno(errno, "writing " + path_.string()); }
            bytes.remove_prefix(static_cast<std::size_t>(written));
            offset += static_cast<std::uint64_t>(written);
        }
        return {};
    }
    /// Makes the file that long, with a hole at its end.
    Status resize(std::uint64_t size) {
        if (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) {
            return fail_errno(errno, "writing " + path_.string());
        }
        return {};
    }
    [[nodiscard]] std::uint64_t position() const { return position_; }

  private:
    OutputFile(std::filesystem::path path, files::Fd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
    std::filesystem::path path_;
    files::Fd fd_;
    std::uint64_t position_ = 0;
};

} // namespace ingot::builder::artefacts
