#include "tests/cluster/writer_watch.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "tests/cluster/lab_network.hpp"
#include "tests/cluster/postgres.hpp"

namespace ingot::tests {

namespace {

using namespace std::chrono_literals;

constexpr int kPostgresPort = 5432;
constexpr auto kProbePace = 100ms;
constexpr auto kPatience = 1s; ///< a commit that waits for its standby for so long is asked for anew
/// The name of the WAL segment begins with the timeline, in hexadecimal.
constexpr auto* kWrite = "INSERT INTO writer_probe DEFAULT VALUES "
                         "RETURNING substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8)";

std::uint32_t timeline_from(std::string_view text) {
    constexpr int kHexadecimal = 16;
    std::uint32_t timeline = 0;
    std::from_chars(text.data(), text.data() + text.size(), timeline, kHexadecimal);
    return timeline;
}

} // namespace

std::vector<ProbeWrite> second_writers(std::vector<ProbeWrite> writes) {
    std::ranges::stable_sort(writes, {}, &ProbeWrite::acknowledged);
    std::vector<ProbeWrite> found;
    std::uint32_t newest = 0;
    std::string writer;
    for (auto& write : writes) {
        const bool another = write.timeline == newest && !writer.empty() && write.machine != writer;
        if (write.timeline < newest || another) {
            found.push_back(std::move(write));
            continue;
        }
        newest = write.timeline;
        writer = write.machine;
    }
    return found;
}

WriterWatch::WriterWatch(std::string lab, std::map<std::string, std::string> machines)
    : lab_(std::move(lab)), machines_(std::move(machines)) {}

std::string_view WriterWatch::table() {
    return "CREATE TABLE IF NOT EXISTS writer_probe (at timestamptz DEFAULT now())";
}

void WriterWatch::probe(const std::stop_token& stop, const std::string& machine, const std::string& address) {
    if (!enter_network_of(lab_)) { return; }
    std::optional<Postgres> session;
    while (!stop.stop_requested()) {
        const auto begun = std::chrono::steady_clock::now();
        if (!session) {
            if (auto opened = Postgres::connect(connection_string(lab_, address, kPostgresPort), kPatience)) {
                session = *std::move(opened);
            }
        }
        if (session) {
            if (const auto timeline = session->run(kWrite, kPatience)) {
                const std::lock_guard guard(mutex_);
                writes_.push_back({.acknowledged = std::chrono::steady_clock::now(),
                                   .machine = machine,
                                   .timeline = timeline_from(*timeline)});
            } else if (!session->usable() || timeline.error().kind == ErrorKind::transient) {
                session.reset();
            }
        }
        std::this_thread::sleep_until(begun + kProbePace);
    }
}

void WriterWatch::start() {
    for (const auto& [machine, address] : machines_) {
        threads_.emplace_back(
            [this, machine, address](const std::stop_token& stop) { probe(stop, machine, address); });
    }
}

void WriterWatch::stop() {
    for (auto& thread : threads_) { thread.request_stop(); }
    threads_.clear();
}

std::vector<ProbeWrite> WriterWatch::writes() const {
    const std::lock_guard guard(mutex_);
    return writes_;
}

} // namespace ingot::tests
