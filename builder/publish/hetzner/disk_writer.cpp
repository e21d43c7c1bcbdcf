#include "builder/publish/hetzner/disk_writer.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <numeric>
#include <thread>

#include "common/text/text.hpp"

namespace ingot::builder::publish::hetzner {

namespace {

using std::chrono::steady_clock;

constexpr std::size_t kFramesOfRun = 8; ///< 32 MiB of disk: small enough to be sent again, large enough to stream
constexpr auto kLongest = std::chrono::hours(4);
constexpr int kAttempts = 6; ///< in a row without any progress

/// Everything that the other scripts need, and that this is not the system of the server's own disk.
constexpr std::string_view kProbe = R"sh(set -eu
[ -b "$d" ] || { echo "there is no disk $d" >&2; exit 3; }
used=$(lsblk -nro MOUNTPOINT "$d" | tr -d ' \n')
[ -z "$used" ] || { echo "$d is in use ($used): the server booted from its own disk, not into the rescue system" >&2; exit 4; }
for tool in zstd dd head sha256sum cut xargs blkdiscard sync; do
  command -v "$tool" >/dev/null || { echo "the rescue system has no $tool" >&2; exit 5; }
done
echo "$(blockdev --getsize64 "$d") $(nproc)")sh";

/// Old bytes would be kept, and paid for, in the snapshot. Where a disk cannot discard, zeros are written.
constexpr std::string_view kDiscard = R"sh(set -eu
blkdiscard -f "$d" 2>/dev/null || blkdiscard -f -z "$d")sh";

constexpr std::string_view kWrite = R"sh(set -euo pipefail
while read -r at bytes; do
  head -c "$bytes" | zstd -dcq | dd of="$d" bs=4M iflag=fullblock oflag=seek_bytes seek="$at" conv=notrunc,nocreat status=none
  echo "$at"
done)sh";

constexpr std::string_view kFlush = R"sh(set -eu
sync "$d"
blockdev --flushbufs "$d")sh";

/// O_DIRECT, so that the disk is asked and not the memory.
constexpr std::string_view kReadBack = R"sh(set -eu
xargs -r -n 2 -P "$(nproc)" bash -c 'set -euo pipefail
  sum=$(dd if="$0" bs=4M iflag=direct,skip_bytes,count_bytes,fullblock skip="$1" count="$2" status=none | sha256sum)
  echo "$1 ${sum%% *}"' "$d")sh";

} // namespace

std::vector<Run> runs_of(const std::vector<Frame>& frames, std::size_t most, const std::vector<bool>& wanted) {
    std::vector<Run> runs;
    for (std::size_t index = 0; index < frames.size(); ++index) {
        if (!wanted.at(index)) { continue; }
        const bool joins =
            !runs.empty() && runs.back().first + runs.back().count == index && runs.back().count < most;
        if (joins) {
            ++runs.back().count;
        } else {
            runs.push_back({.first = index, .count = 1});
        }
    }
    return runs;
}

std::optional<ReadBack> parse_read_back(std::string_view line) {
    constexpr std::size_t kDigits = 64;
    const auto space = line.find(' ');
    if (space == std::string_view::npos) { return std::nullopt; }
    const auto offset = text::to_number(line.substr(0, space));
    const auto digest = line.substr(space + 1);
    if (!offset || *offset < 0 || digest.size() != kDigits) { return std::nullopt; }
    return ReadBack{.offset = static_cast<std::uint64_t>(*offset), .sha256 = std::string(digest)};
}

DiskWriter::DiskWriter(Shell& shell, const DiskImage& image, std::string name, std::string device, int streams,
                       const Pace& pace, Report& report, const Stop& stop)
    : shell_(shell), image_(image), name_(std::move(name)), device_(std::move(device)), streams_(streams),
      pace_(pace), report_(report), stop_(stop) {}

std::string DiskWriter::with_device(std::string_view script) const {
    return text::format("d={}\n{}", text::shell_quote(device_), script);
}

/// Everything here may be done again: a broken connection is no reason to give up.
template <typename Do>
static Status repeated(const Stop& stop, std::chrono::milliseconds interval, Do once) {
    for (int attempt = 1;; ++attempt) {
        auto status = once();
        if (status || status.error().kind != ErrorKind::transient || attempt == kAttempts) { return status; }
        if (!stop.sleep(interval)) { return stop.check(); }
    }
}

Status DiskWriter::prepare() {
    report_.phase(name_, "emptying the disk");
    std::string said;
    INGOT_TRY(repeated(stop_, pace_.ssh_retry,
                       [&]() -> Status {
                           INGOT_ASSIGN(said, shell_.run({.script = with_device(kProbe)}),
                                        "looking at the rescue system");
                           return {};
                       }),
              "");
    const auto words = text::split(text::trim(said), ' ');
    const auto size = text::to_number(words.front());
    if (words.size() != 2 || !size) {
        return fail(ErrorKind::tool_failed,
                    text::format("the rescue system said '{}' about its disk", text::trim(said)));
    }
    if (static_cast<std::uint64_t>(*size) < image_.size()) {
        return fail(ErrorKind::refused, text::format("the disk {} has {}, but the image needs {}", device_,
                                                     text::human_bytes(static_cast<std::uint64_t>(*size)),
                                                     text::human_bytes(image_.size())));
    }
    processors_ = static_cast<int>(text::to_number(words.at(1)).value_or(1));
    return repeated(stop_, pace_.ssh_retry, [&]() -> Status {
        INGOT_TRY(shell_.run({.script = with_device(kDiscard), .timeout = std::chrono::minutes(30)}),
                  "emptying the disk");
        return {};
    });
}

/// What the streams have in common: the runs to be sent, and how far they are.
struct DiskWriter::Shared {
    std::mutex mutex;
    std::deque<Run> waiting;
    std::uint64_t sent = 0;
    std::uint64_t total = 0;
    steady_clock::time_point started = steady_clock::now();
    std::optional<Error> failed;
};

namespace {

/// The bytes of one run after the other, in pieces, for one stream.
class Sender {
  public:
    Sender(const DiskImage& image, std::function<std::optional<Run>()> next)
        : image_(image), next_(std::move(next)) {}
    /// The next piece, or nothing when there is nothing to send any more (or it cannot be read: see `failed`).
    std::optional<std::string> piece() {
        if (left_ == 0) {
            const auto run = next_();
            if (!run) { return std::nullopt; }
            const auto& frames = image_.frames();
            const auto& last = frames.at(run->first + run->count - 1);
            at_ = frames.at(run->first).file_offset;
            left_ = last.file_offset + last.file_size - at_;
            const auto offset = frames.at(run->first).disk_offset;
            open_[offset] = *run;
            return text::format("{} {}\n", offset, left_);
        }
        constexpr std::uint64_t kPiece = 1ULL << 20U;
        const auto count = std::min(kPiece, left_);
        auto bytes = image_.read(at_, count);
        if (!bytes) {
            failed = std::move(bytes).error();
            return std::nullopt;
        }
        at_ += count;
        left_ -= count;
        return *std::move(bytes);
    }
    /// The far side has written the run at this offset.
    void acknowledge(std::string_view line) {
        const auto offset = text::to_number(line);
        if (offset && open_.erase(static_cast<std::uint64_t>(*offset)) > 0) { ++acknowledged; }
    }
    [[nodiscard]] std::vector<Run> without_answer() const {
        std::vector<Run> runs;
        for (const auto& [offset, run] : open_) { runs.push_back(run); }
        return runs;
    }

    int acknowledged = 0;
    std::optional<Error> failed;

  private:
    const DiskImage& image_;
    std::function<std::optional<Run>()> next_;
    std::map<std::uint64_t, Run> open_;
    std::uint64_t at_ = 0;
    std::uint64_t left_ = 0;
};

} // namespace

/// One connection at a time, until nothing waits any more or it fails for good.
void DiskWriter::stream(Shared& shared) {
    const auto next = [&]() -> std::optional<Run> {
        const std::lock_guard lock(shared.mutex);
        if (shared.failed || shared.waiting.empty()) { return std::nullopt; }
        const auto run = shared.waiting.front();
        shared.waiting.pop_front();
        return run;
    };
    for (int failures = 0; failures < kAttempts;) {
        {
            const std::lock_guard lock(shared.mutex);
            if (shared.waiting.empty() || shared.failed) { return; }
        }
        Sender sender(image_, next);
        Job job{.script = with_device(kWrite), .timeout = kLongest};
        job.feed = [&] {
            auto piece = sender.piece();
            const std::lock_guard lock(shared.mutex);
            shared.sent += piece ? piece->size() : 0;
            const auto elapsed =
                std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - shared.started);
            report_.amount(name_, "writing",
                           {.done = std::min(shared.sent, shared.total), .total = shared.total, .elapsed = elapsed});
            return piece;
        };
        job.on_line = [&](std::string_view line) { sender.acknowledge(line); };
        auto ran = shell_.run(job);
        const auto unanswered = sender.without_answer();
        failures = sender.acknowledged > 0 ? 1 : failures + 1;
        const std::lock_guard lock(shared.mutex);
        for (const auto& run : unanswered) { shared.waiting.push_front(run); }
        if (sender.failed) { shared.failed = std::move(sender.failed); }
        const bool over = ran && unanswered.empty();
        if (over || shared.failed) { continue; }
        auto error = ran ? fail(ErrorKind::transient, "the rescue system did not acknowledge what it got")
                         : std::move(ran).error();
        if (error.kind != ErrorKind::transient || failures == kAttempts) {
            shared.failed = std::move(error).with_context("writing the disk");
            return;
        }
        report_.note(name_, error.to_string() + "; going on from there");
        if (!stop_.sleep(pace_.ssh_retry)) { return; }
    }
}

Status DiskWriter::write_runs(const std::vector<Run>& runs) {
    Shared shared;
    for (const auto& run : runs) {
        const auto& last = image_.frames().at(run.first + run.count - 1);
        shared.total += last.file_offset + last.file_size - image_.frames().at(run.first).file_offset;
        shared.waiting.push_back(run);
    }
    {
        const auto count =
            std::clamp<std::size_t>(std::min(runs.size(), static_cast<std::size_t>(std::max(streams_, 1))), 1,
                                    static_cast<std::size_t>(std::max(processors_, 1)) * 2);
        std::vector<std::jthread> threads;
        for (std::size_t index = 0; index < count; ++index) {
            threads.emplace_back([&] { stream(shared); });
        }
    }
    INGOT_TRY(stop_.check(), "");
    if (shared.failed) { return *std::move(shared.failed); }
    if (!shared.waiting.empty()) {
        return fail(ErrorKind::transient, "the connections to the rescue system broke too often");
    }
    return repeated(stop_, pace_.ssh_retry, [&]() -> Status {
        INGOT_TRY(shell_.run({.script = with_device(kFlush), .timeout = std::chrono::minutes(30)}),
                  "flushing the disk");
        return {};
    });
}

Status DiskWriter::write() {
    report_.phase(name_, "writing");
    std::vector<bool> wanted;
    for (const auto& frame : image_.frames()) { wanted.push_back(!frame.zero); }
    return write_runs(runs_of(image_.frames(), kFramesOfRun, wanted));
}

Status DiskWriter::read_back_once(const std::vector<bool>& wanted, std::vector<std::string>& seen) {
    const auto& frames = image_.frames();
    std::map<std::uint64_t, std::size_t> index_at;
    Job job{.script = with_device(kReadBack), .timeout = kLongest};
    std::uint64_t total = 0;
    std::uint64_t done = 0;
    for (std::size_t index = 0; index < frames.size(); ++index) {
        total += wanted.at(index) ? frames.at(index).disk_size : 0;
        if (!wanted.at(index) || !seen.at(index).empty()) { continue; }
        index_at[frames.at(index).disk_offset] = index;
        job.input += text::format("{} {}\n", frames.at(index).disk_offset, frames.at(index).disk_size);
    }
    const auto started = steady_clock::now();
    job.on_line = [&](std::string_view line) {
        const auto read = parse_read_back(line);
        const auto found = read ? index_at.find(read->offset) : index_at.end();
        if (found == index_at.end()) { return; }
        seen.at(found->second) = read->sha256;
        done += frames.at(found->second).disk_size;
        const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - started);
        report_.amount(name_, "reading back", {.done = done, .total = total, .elapsed = elapsed});
    };
    INGOT_TRY(shell_.run(job), "reading the disk back");
    return {};
}

/// The frames of `wanted` that are not on the disk as they should be.
Result<std::vector<std::size_t>> DiskWriter::read_back(const std::vector<bool>& wanted) {
    std::vector<std::string> seen(wanted.size());
    INGOT_TRY(repeated(stop_, pace_.ssh_retry, [&] { return read_back_once(wanted, seen); }), "");
    std::vector<std::size_t> wrong;
    for (std::size_t index = 0; index < wanted.size(); ++index) {
        if (wanted.at(index) && seen.at(index) != image_.frames().at(index).sha256) { wrong.push_back(index); }
    }
    return wrong;
}

Status DiskWriter::verify() {
    report_.phase(name_, "reading back");
    const auto& frames = image_.frames();
    const auto check = [&](const std::vector<std::size_t>& wrong) -> Status {
        if (wrong.empty()) { return {}; }
        return fail(
            ErrorKind::refused,
            text::format("the disk does not hold what was written: {} of {} pieces read back differ, the first at "
                         "byte {}. No snapshot was made of it",
                         wrong.size(), frames.size(), frames.at(wrong.front()).disk_offset));
    };
    INGOT_ASSIGN(auto wrong, read_back(std::vector<bool>(frames.size(), true)), "");
    if (wrong.empty() || !std::ranges::all_of(wrong, [&](std::size_t index) { return frames.at(index).zero; })) {
        return check(wrong);
    }
    // Not every disk reads as zeros where it was discarded: there, the zeros have to be written.
    std::vector<bool> holes(frames.size());
    for (const auto index : wrong) { holes.at(index) = true; }
    report_.note(name_, "the disk is not empty where it was discarded: writing zeros");
    INGOT_TRY(write_runs(runs_of(frames, kFramesOfRun, holes)), "");
    INGOT_ASSIGN(wrong, read_back(holes), "");
    return check(wrong);
}

} // namespace ingot::builder::publish::hetzner
