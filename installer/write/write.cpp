#include "installer/write/write.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "common/compress/compress.hpp"
#include "common/crypto/crypto.hpp"
#include "common/text/text.hpp"
#include "installer/fetch/client.hpp"
#include "installer/marker/marker.hpp"
#include "installer/write/plan.hpp"

namespace ingot::installer {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kHeld = 1U << 20U; ///< of the disk's start, until all else is there
constexpr std::size_t kFirstSector = 512;
constexpr std::uint64_t kSpanBytes = 8U << 20U;
constexpr int kWrongPieces = 3; ///< in a row, before the image is taken to be another one

class Writer {
  public:
    Writer(const diskmap::DiskMap& map, const Url& image, const Target& target, const WriteOptions& options,
           Progress& progress)
        : map_(map), image_(image), target_(target), options_(options), progress_(progress) {}

    Status run() {
        INGOT_ASSIGN(const bool ranges, knows_ranges(), "");
        spans_ = plan_spans(map_, ranges ? kSpanBytes : ~std::uint64_t{0});
        const auto processors = std::max(1U, std::thread::hardware_concurrency());
        constexpr unsigned kMost = 8;
        const auto wanted = options_.connections > 0 ? options_.connections : std::clamp(processors + 1, 2U, kMost);
        const auto count = ranges ? std::min<std::size_t>(wanted, spans_.size()) : 1;
        std::vector<std::jthread> workers;
        for (std::size_t index = 0; index < count; ++index) {
            workers.emplace_back([this] { work(); });
        }
        workers.clear(); // waits
        if (problem_) { return *std::move(problem_); }
        return {};
    }

    /// The first MiB of the disk, verified.
    [[nodiscard]] const std::string& held() const { return held_; }

  private:
    /// Asks for a piece that is not the first: from the start on, those who ignore ranges answer as the others do.
    Result<bool> knows_ranges() {
        if (map_.pieces.empty() || map_.pieces.front().zero) {
            return fail(ErrorKind::invalid_input, "the image has no partition table");
        }
        const auto& asked = map_.pieces.size() > 1 ? map_.pieces[1] : map_.pieces[0];
        for (auto pause = options_.pause;;) {
            Client client;
            const auto opened = client.open(image_, asked.at, asked.length);
            if (opened) { return !client.whole_files_only(); }
            if (opened.error().kind != ErrorKind::transient || out_of_patience()) { return opened.error(); }
            ++progress_.broken_connections;
            wait(pause);
        }
    }

    void work() {
        Client client;
        for (;;) {
            const auto index = next_.fetch_add(1);
            if (index >= spans_.size() || stopping()) { return; }
            if (auto done = fetch_span(client, spans_[index]); !done) {
                give_up(std::move(done).error());
                return;
            }
        }
    }

    /// All pieces of a span, over as many connections as it takes.
    Status fetch_span(Client& client, Span span) {
        auto pause = options_.pause;
        int wrong = 0;
        while (span.first < span.end && !stopping()) {
            const auto before = span.first;
            const auto done = stream(client, span);
            if (done) { continue; }
            client = Client(); // whatever comes next on the old one is not trusted to be in step
            const auto kind = done.error().kind;
            if (span.first > before) {
                wrong = 0;
                pause = options_.pause;
            }
            if (kind == ErrorKind::invalid_input && ++wrong < kWrongPieces) {
                continue;
            } // once more, from the server
            if (kind != ErrorKind::transient || out_of_patience()) { return done; }
            ++progress_.broken_connections;
            wait(pause);
        }
        return {};
    }

    Status stream(Client& client, Span& span) {
        const auto& first = map_.pieces[span.first];
        const auto& last = map_.pieces[span.end - 1];
        INGOT_TRY(client.open(image_, first.at, last.at + last.length - first.at), "");
        std::string frame;
        AlignedBuffer content(diskmap::kPiece);
        for (; span.first < span.end && !stopping(); ++span.first) {
            const auto& piece = map_.pieces[span.first];
            frame.resize(piece.length);
            INGOT_TRY(client.read(frame), image_.to_string());
            if (piece.zero) { continue; }
            if (crypto::sha256_hex(frame) != piece.frame_sha256) {
                return fail(ErrorKind::invalid_input,
                            text::format("piece {} of {} is not the one that was built: it was changed, or the image "
                                         "was replaced meanwhile",
                                         span.first, image_.to_string()));
            }
            const auto bytes = content.bytes().first(diskmap::length_of(map_, span.first));
            INGOT_TRY(compress::unzstd_into(frame, bytes), text::format("piece {}", span.first));
            INGOT_TRY(put(span.first, bytes), "");
            progress_.fetched += piece.length;
            progress_.written += bytes.size();
            last_progress_ = Clock::now();
        }
        return {};
    }

    Status put(std::size_t piece, std::span<const char> bytes) {
        auto offset = diskmap::offset_of(piece);
        if (piece == 0) {
            held_.assign(bytes.data(), std::min<std::size_t>(bytes.size(), kHeld));
            bytes = bytes.subspan(held_.size());
            offset += held_.size();
        }
        return target_.write_direct(offset, bytes);
    }

    [[nodiscard]] bool stopping() const { return stopping_; }
    [[nodiscard]] bool out_of_patience() const { return Clock::now() - last_progress_.load() > options_.patience; }

    /// Sleeps, longer every time, unless it is all over.
    void wait(std::chrono::milliseconds& pause) {
        constexpr std::chrono::milliseconds kLongest = std::chrono::seconds(30);
        std::unique_lock lock(mutex_);
        stop_.wait_for(lock, pause, [this] { return stopping(); });
        pause = std::min(pause * 2, kLongest);
    }

    void give_up(Error error) {
        const std::lock_guard lock(mutex_);
        if (!problem_) { problem_ = std::move(error); }
        stopping_ = true;
        stop_.notify_all();
    }

    const diskmap::DiskMap& map_;
    const Url& image_;
    const Target& target_;
    const WriteOptions& options_;
    Progress& progress_;
    std::vector<Span> spans_{};
    std::atomic<std::size_t> next_ = 0;
    std::atomic<bool> stopping_ = false;
    std::atomic<Clock::time_point> last_progress_ = Clock::now();
    std::string held_{}; ///< written by the one thread that has piece 0
    std::mutex mutex_;
    std::condition_variable stop_;
    std::optional<Error> problem_{};
};

Status begin(const diskmap::DiskMap& map, const Target& target, const std::string& mark,
             const WriteOptions& options) {
    const auto claim = [&]() -> Status {
        INGOT_TRY(target.zero(0, kHeld), "");
        INGOT_TRY(target.write(kMarkerAt, mark), "");
        return target.sync();
    };
    INGOT_TRY(claim(), "");
    if (options.discard) {
        target.discard();
        INGOT_TRY(claim(), "");
    }
    INGOT_TRY(target.zero(target.size() - kHeld, kHeld), "");
    for (const auto& range : plan_zeros(map, kHeld)) { INGOT_TRY(target.zero(range.offset, range.length), ""); }
    return target.sync();
}

Status compare(const diskmap::DiskMap& map, const Target& target) {
    AlignedBuffer content(diskmap::kPiece);
    for (std::size_t piece = 1; piece < map.pieces.size(); ++piece) { // the first is not there yet
        const auto bytes = content.bytes().first(diskmap::length_of(map, piece));
        INGOT_TRY(target.read(diskmap::offset_of(piece), bytes), "");
        if (crypto::sha256_hex({bytes.data(), bytes.size()}) != map.pieces[piece].content_sha256) {
            return fail(ErrorKind::tool_failed,
                        text::format("the disk does not hold what was written at byte {}: it is broken",
                                     diskmap::offset_of(piece)));
        }
    }
    return {};
}

/// From here on it boots.
Status finish(const Target& target, std::string held, const std::string& mark) {
    std::memcpy(held.data() + kMarkerAt, mark.data(), mark.size());
    const std::string_view bytes = held;
    INGOT_TRY(target.write(kFirstSector, bytes.substr(kFirstSector)), "");
    INGOT_TRY(target.sync(), "");
    INGOT_TRY(target.write(0, bytes.substr(0, kFirstSector)), "");
    INGOT_TRY(target.sync(), "");
    target.reread_partitions();
    return {};
}

} // namespace

Status write_image(const diskmap::DiskMap& map, const Url& image, const Target& target, const std::string& mark,
                   const WriteOptions& options, Progress& progress, const std::function<Status()>& before_boot) {
    if (mark.size() != kMarkerSize || map.size < 2 * kHeld) {
        return fail(ErrorKind::bug, "an image without a start");
    }
    INGOT_TRY(begin(map, target, mark, options), "");
    Writer writer(map, image, target, options, progress);
    const auto fill = [&]() -> Status {
        INGOT_TRY(writer.run(), "");
        INGOT_TRY(target.sync(), "");
        if (options.read_back) { INGOT_TRY(compare(map, target), "reading back"); }
        return before_boot();
    };
    INGOT_TRY(fill(), "it boots nothing until an installation succeeds");
    return finish(target, writer.held(), mark);
}

} // namespace ingot::installer
