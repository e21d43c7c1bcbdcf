#include "installer/disks/contents.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include <blkid/blkid.h>
#include <fcntl.h>
#include <unistd.h>

#include "common/text/text.hpp"

namespace ingot::installer {

namespace {

constexpr std::uint64_t kMebibyte = 1ULL << 20U;
constexpr std::size_t kFirstSector = 512;

struct FreeProbe {
    void operator()(blkid_probe probe) const { blkid_free_probe(probe); }
};
using Probe = std::unique_ptr<std::remove_pointer_t<blkid_probe>, FreeProbe>;

Result<std::string> read_at(int fd, std::uint64_t offset, std::size_t length) {
    std::string bytes(length, '\0');
    for (std::size_t done = 0; done < length;) {
        const auto got = ::pread(fd, bytes.data() + done, length - done, static_cast<off_t>(offset + done));
        if (got < 0 && errno == EINTR) { continue; }
        if (got <= 0) { return fail_errno(got < 0 ? errno : EIO, text::format("reading at byte {}", offset + done)); }
        done += static_cast<std::size_t>(got);
    }
    return bytes;
}

bool is_zero(std::string_view bytes) {
    return std::ranges::all_of(bytes, [](char byte) { return byte == '\0'; });
}

std::string value_of(blkid_probe probe, const char* name) {
    const char* value = nullptr;
    return blkid_probe_lookup_value(probe, name, &value, nullptr) == 0 && value != nullptr ? value : "";
}

/// One pass of blkid over all it knows; an ambivalent answer is an answer.
Result<std::optional<std::string>> ask_blkid(int fd) {
    const Probe probe(blkid_new_probe());
    if (!probe || blkid_probe_set_device(probe.get(), fd, 0, 0) != 0) {
        return fail(ErrorKind::tool_failed, "blkid does not look at it");
    }
    blkid_probe_enable_superblocks(probe.get(), 1);
    blkid_probe_set_superblocks_flags(probe.get(), BLKID_SUBLKS_TYPE | BLKID_SUBLKS_LABEL);
    blkid_probe_enable_partitions(probe.get(), 1);
    const int found = blkid_do_safeprobe(probe.get());
    constexpr int kNothing = 1;
    constexpr int kAmbivalent = -2;
    if (found == kNothing) { return std::optional<std::string>{}; }
    if (found == kAmbivalent) { return std::optional<std::string>("signatures of several kinds"); }
    if (found < 0) { return fail(ErrorKind::tool_failed, "blkid cannot read it"); }
    if (const auto type = value_of(probe.get(), "TYPE"); !type.empty()) {
        const auto label = value_of(probe.get(), "LABEL");
        return std::optional(label.empty() ? text::format("{}", type)
                                           : text::format("{} labelled '{}'", type, label));
    }
    if (const auto table = value_of(probe.get(), "PTTYPE"); !table.empty()) {
        return std::optional(text::format("a partition table ({})", table));
    }
    return std::optional<std::string>("something that blkid knows");
}

Result<Contents> look(const std::string& path, std::uint64_t size) {
    const files::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid()) { return fail_errno(errno, "opening it"); }
    Contents contents;
    INGOT_ASSIGN(auto start, read_at(fd.get(), 0, std::min(kMebibyte, size)), "");
    const auto tail = std::min(kMebibyte, size);
    INGOT_ASSIGN(const auto end, read_at(fd.get(), size - tail, tail), "");
    contents.marker = find_marker(start);
    if (contents.marker && start.size() >= kMarkerAt + kMarkerSize) {
        std::memset(start.data() + kMarkerAt, 0, kMarkerSize);
    }
    contents.first_sector_empty = is_zero(std::string_view(start).substr(0, kFirstSector));
    contents.start_empty = is_zero(start);
    contents.end_empty = is_zero(end);
    INGOT_ASSIGN(contents.signature, ask_blkid(fd.get()), "");
    return contents;
}

} // namespace

Contents look_at(const std::string& path, std::uint64_t size) {
    auto contents = look(path, size);
    if (!contents) { return {.unreadable = contents.error().to_string()}; }
    return *std::move(contents);
}

} // namespace ingot::installer
