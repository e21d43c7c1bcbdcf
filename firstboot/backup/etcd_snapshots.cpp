#include "firstboot/backup/etcd_snapshots.hpp"

#include <algorithm>

#include "common/text/text.hpp"
#include "firstboot/backup/schedule.hpp"
#include "firstboot/backup/times.hpp"
#include "firstboot/coordination/etcd_client.hpp"

namespace ingot::firstboot::backup {

namespace {

using json::Json;
using std::chrono::seconds;

constexpr std::int64_t kHours = 24;
constexpr std::int64_t kDays = 7;
constexpr std::string_view kHourly = "hour-";
constexpr std::string_view kDaily = "day-";
constexpr std::string_view kEnding = ".db";

/// A while after an attempt that failed, longer after several.
bool waits(const std::optional<SnapshotFailure>& failure, clock::WallTime now) {
    constexpr int kMost = 10;
    return failure && now >= failure->at &&
           now - failure->at < std::min(failure->count, kMost) * std::chrono::minutes(1);
}

} // namespace

SnapshotRecord& SnapshotReport::of(int number) {
    const auto found = std::ranges::find(repositories, number, &SnapshotRecord::number);
    if (found != repositories.end()) { return *found; }
    return repositories.emplace_back(SnapshotRecord{.number = number});
}

const SnapshotRecord* SnapshotReport::find(int number) const {
    const auto found = std::ranges::find(repositories, number, &SnapshotRecord::number);
    return found == repositories.end() ? nullptr : &*found;
}

std::string snapshot_report_key(std::string_view cluster) { return ingot_key(cluster, "backup/etcd-snapshots"); }

Json to_json(const SnapshotReport& report) {
    Json list = Json::array();
    for (const auto& record : report.repositories) {
        Json entry{{"number", record.number}, {"at", record.at ? Json(clock::to_unix(*record.at)) : Json(nullptr)},
                   {"place", record.place},   {"bytes", record.bytes},
                   {"day", record.day},       {"failure", nullptr}};
        if (record.failure) {
            entry["failure"] = {{"node", record.failure->node},
                                {"at", clock::to_unix(record.failure->at)},
                                {"count", record.failure->count},
                                {"message", record.failure->message}};
        }
        list.push_back(std::move(entry));
    }
    return {{"version", 1}, {"repositories", std::move(list)}};
}

Result<SnapshotReport> snapshot_report_from_json(std::string_view text) {
    const auto value = json::parse(text);
    if (!value) { return fail(ErrorKind::tool_failed, "the published report of etcd's snapshots is not JSON"); }
    SnapshotReport report;
    const auto& list = json::member(*value, "repositories");
    if (!list.is_array()) { return report; }
    for (const auto& entry : list) {
        auto& record = report.of(static_cast<int>(json::number_at(entry, "number").value_or(0)));
        if (json::number_at(entry, "at")) { record.at = time_at(entry, "at"); }
        record.place = json::string_at(entry, "place").value_or("");
        record.bytes = json::unsigned_at(entry, "bytes").value_or(0);
        record.day = json::string_at(entry, "day").value_or("");
        const auto& failure = json::member(entry, "failure");
        if (!failure.is_object()) { continue; }
        record.failure = SnapshotFailure{.node = json::string_at(failure, "node").value_or(""),
                                         .at = time_at(failure, "at"),
                                         .count = static_cast<int>(json::number_at(failure, "count").value_or(1)),
                                         .message = json::string_at(failure, "message").value_or("")};
    }
    return report;
}

std::int64_t period_of(clock::WallTime time, seconds every, std::string_view cluster_id) {
    const auto jitter =
        jitter_of(cluster_id, {.period = std::chrono::duration_cast<std::chrono::minutes>(every), .offset = {}});
    return (clock::to_unix(time) - jitter.count()) / every.count();
}

std::vector<int> repositories_due(const SnapshotReport& report, int count, seconds every, std::string_view cluster_id,
                                  clock::WallTime now) {
    std::vector<int> due;
    const auto current = period_of(now, every, cluster_id);
    for (int number = 1; number <= count; ++number) {
        const auto* const record = report.find(number);
        if (record != nullptr && waits(record->failure, now)) { continue; }
        if (record == nullptr || !record->at || period_of(*record->at, every, cluster_id) != current) {
            due.push_back(number);
        }
    }
    return due;
}

std::string hourly_place(std::int64_t period) { return text::format("{}{:02}", kHourly, period % kHours); }

std::string daily_place(clock::WallTime now) {
    return text::format("{}{}", kDaily,
                        std::chrono::floor<std::chrono::days>(now.time_since_epoch()).count() % kDays);
}

std::string day_of(clock::WallTime now) {
    return clock::to_rfc3339(now).substr(0, std::string_view("2026-11-28").size());
}

bool is_snapshot_place(std::string_view name) {
    for (std::int64_t hour = 0; hour < kHours; ++hour) {
        if (name == hourly_place(hour)) { return true; }
    }
    const auto digit = name.starts_with(kDaily) ? name.substr(kDaily.size()) : std::string_view();
    return digit.size() == 1 && digit.front() >= '0' && digit.front() < '0' + kDays;
}

std::string snapshot_path(std::string_view place) { return text::format("{}/{}{}", kEtcdFolder, place, kEnding); }

Result<std::vector<StoredSnapshot>> stored_snapshots_from_json(std::string_view text) {
    INGOT_ASSIGN(const auto listing, json::parse(text), "reading what lies in the repository");
    std::vector<StoredSnapshot> found;
    if (!listing.is_object()) { return found; }
    for (const auto& [name, entry] : listing.items()) {
        if (!name.ends_with(kEnding)) { continue; }
        const auto place = name.substr(0, name.size() - kEnding.size());
        if (!is_snapshot_place(place)) { continue; }
        found.push_back(
            {.place = place, .at = time_at(entry, "time"), .bytes = json::unsigned_at(entry, "size").value_or(0)});
    }
    // Of the same moment, the one of the day was put last.
    std::ranges::sort(found,
                      [](const auto& a, const auto& b) { return a.at != b.at ? a.at > b.at : a.place > b.place; });
    return found;
}

std::vector<std::string> snapshot_alarms(const SnapshotReport& report, seconds every, clock::WallTime now) {
    constexpr int kPeriods = 3;
    std::vector<std::string> alarms;
    for (const auto& record : report.repositories) {
        if (record.failure) {
            alarms.push_back(
                text::format("putting a snapshot of etcd into repository {} failed {} times, last on {}: {}",
                             record.number, record.failure->count, record.failure->node, record.failure->message));
        } else if (record.at && now - *record.at > every * kPeriods) {
            alarms.push_back(text::format("the newest snapshot of etcd in repository {} is {} old", record.number,
                                          age(*record.at, now)));
        }
    }
    return alarms;
}

std::string snapshot_summary(const SnapshotReport& report) {
    std::vector<std::string> parts;
    for (const auto& record : report.repositories) {
        parts.push_back(
            text::format("{}: {}", record.number, record.at ? clock::to_rfc3339(*record.at) : "none yet"));
    }
    return parts.empty() ? "none yet" : text::join(parts, ", ");
}

} // namespace ingot::firstboot::backup
