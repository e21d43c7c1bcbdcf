#include "firstboot/backup/report.hpp"

#include <algorithm>

#include "common/text/text.hpp"
#include "firstboot/backup/times.hpp"

namespace ingot::firstboot::backup {

namespace {

using json::Json;
using std::chrono::seconds;

Json record_json(const std::optional<Record>& record) {
    if (!record) { return nullptr; }
    return {{"label", record->label},
            {"start", clock::to_unix(record->start)},
            {"stop", clock::to_unix(record->stop)},
            {"database_bytes", record->database_bytes},
            {"repository_bytes", record->repository_bytes}};
}

std::optional<Record> record_at(const Json& object, Kind kind) {
    const auto& value = json::member(object, to_string(kind));
    const auto label = json::string_at(value, "label");
    if (!label) { return std::nullopt; }
    return Record{.label = *label,
                  .kind = kind,
                  .start = time_at(value, "start"),
                  .stop = time_at(value, "stop"),
                  .database_bytes = json::unsigned_at(value, "database_bytes").value_or(0),
                  .repository_bytes = json::unsigned_at(value, "repository_bytes").value_or(0)};
}

Json failure_json(const std::optional<Failure>& failure) {
    if (!failure) { return nullptr; }
    return {{"kind", to_string(failure->kind)},
            {"node", failure->node},
            {"at", clock::to_unix(failure->at)},
            {"count", failure->count},
            {"message", failure->message}};
}

std::optional<Failure> failure_at(const Json& object) {
    const auto& value = json::member(object, "failure");
    const auto kind = kind_from(json::string_at(value, "kind").value_or(""));
    if (!kind) { return std::nullopt; }
    return Failure{.kind = *kind,
                   .node = json::string_at(value, "node").value_or(""),
                   .at = time_at(value, "at"),
                   .count = static_cast<int>(json::number_at(value, "count").value_or(1)),
                   .message = json::string_at(value, "message").value_or("")};
}

std::optional<Record> copy_of(const Record* record) {
    return record == nullptr ? std::nullopt : std::optional(*record);
}

void repository_alarms(const RepositoryReport& repository, const cloud_init::BackupConfig& config,
                       clock::WallTime now, std::vector<std::string>& alarms) {
    constexpr std::chrono::hours kGrace{6};
    const auto name = text::format("repository {} ({})", repository.number, repository.place);
    constexpr int kKnown = 3;
    if (repository.status > kKnown) { alarms.push_back(text::format("{}: {}", name, repository.message)); }
    if (repository.failure) {
        alarms.push_back(text::format("{}: the {} backup failed {} times, last on {}: {}", name,
                                      to_string(repository.failure->kind), repository.failure->count,
                                      repository.failure->node, repository.failure->message));
    }
    if (!repository.full) {
        alarms.push_back(text::format("{}: there is no full backup yet", name));
        return;
    }
    const auto late = due(config.schedule, "", repository.last(), now - kGrace);
    const auto* const newest = repository.newest();
    if (late && newest != nullptr) {
        alarms.push_back(text::format("{}: a {} backup is overdue; the newest backup is {} old", name,
                                      to_string(*late), age(newest->stop, now)));
    }
}

} // namespace

LastBackups RepositoryReport::last() const {
    const auto start = [](const std::optional<Record>& record) {
        return record ? std::optional(record->start) : std::nullopt;
    };
    return {.full = start(full), .diff = start(diff), .incr = start(incr)};
}

const Record* RepositoryReport::newest() const {
    const Record* found = nullptr;
    for (const auto* record : {&full, &diff, &incr}) {
        if (*record && (found == nullptr || found->stop < (*record)->stop)) { found = &**record; }
    }
    return found;
}

const RepositoryReport* Report::find(int number) const {
    const auto found = std::ranges::find(repositories, number, &RepositoryReport::number);
    return found == repositories.end() ? nullptr : &*found;
}

const Record* Report::newest() const {
    const Record* found = nullptr;
    for (const auto& repository : repositories) {
        const auto* const record = repository.newest();
        if (record != nullptr && (found == nullptr || found->stop < record->stop)) { found = record; }
    }
    return found;
}

Report make_report(const std::vector<RepositoryView>& views, const std::vector<std::string>& places,
                   const std::optional<Report>& before, std::string_view by, clock::WallTime now) {
    Report report{.at = now, .by = std::string(by)};
    for (std::size_t index = 0; index < views.size(); ++index) {
        const auto& view = views[index];
        const auto* const old = before ? before->find(view.number) : nullptr;
        RepositoryReport entry{.number = view.number,
                               .place = index < places.size() ? places[index] : "",
                               .status = view.status,
                               .message = view.message,
                               .full = copy_of(view.newest_of(Kind::full)),
                               .diff = copy_of(view.newest_of(Kind::diff)),
                               .incr = copy_of(view.newest_of(Kind::incr)),
                               .newest_wal = view.newest_wal};
        if (old != nullptr && view.unreachable()) { // what was there is there, as far as anybody knows
            entry.full = old->full;
            entry.diff = old->diff;
            entry.incr = old->incr;
            entry.newest_wal = old->newest_wal;
        }
        if (old != nullptr && old->failure) {
            const auto* const newest = entry.newest();
            if (newest == nullptr || newest->stop < old->failure->at) { entry.failure = old->failure; }
        }
        report.repositories.push_back(std::move(entry));
    }
    return report;
}

Json to_json(const Report& report) {
    Json repositories = Json::array();
    for (const auto& repository : report.repositories) {
        repositories.push_back({{"number", repository.number},
                                {"place", repository.place},
                                {"status", repository.status},
                                {"message", repository.message},
                                {"full", record_json(repository.full)},
                                {"diff", record_json(repository.diff)},
                                {"incr", record_json(repository.incr)},
                                {"newest_wal", repository.newest_wal},
                                {"failure", failure_json(repository.failure)}});
    }
    return {{"version", 1},
            {"at", clock::to_unix(report.at)},
            {"by", report.by},
            {"repositories", std::move(repositories)}};
}

Result<Report> report_from_json(std::string_view text) {
    const auto value = json::parse(text);
    if (!value) { return fail(ErrorKind::tool_failed, "the published report of backups is not JSON"); }
    Report report{.at = time_at(*value, "at"), .by = json::string_at(*value, "by").value_or("")};
    const auto& list = json::member(*value, "repositories");
    if (!list.is_array()) { return report; }
    for (const auto& entry : list) {
        report.repositories.push_back({.number = static_cast<int>(json::number_at(entry, "number").value_or(0)),
                                       .place = json::string_at(entry, "place").value_or(""),
                                       .status = static_cast<int>(json::number_at(entry, "status").value_or(0)),
                                       .message = json::string_at(entry, "message").value_or(""),
                                       .full = record_at(entry, Kind::full),
                                       .diff = record_at(entry, Kind::diff),
                                       .incr = record_at(entry, Kind::incr),
                                       .newest_wal = json::string_at(entry, "newest_wal").value_or(""),
                                       .failure = failure_at(entry)});
    }
    return report;
}

Json to_json(const RestoreTest& test) {
    return {{"version", 1},          {"at", clock::to_unix(test.at)},
            {"node", test.node},     {"repository", test.repository},
            {"label", test.label},   {"seconds", test.duration.count()},
            {"passed", test.passed}, {"message", test.message},
            {"bytes", test.bytes}};
}

Result<RestoreTest> restore_test_from_json(std::string_view text) {
    const auto value = json::parse(text);
    if (!value) { return fail(ErrorKind::tool_failed, "the published restore test is not JSON"); }
    return RestoreTest{.at = time_at(*value, "at"),
                       .node = json::string_at(*value, "node").value_or(""),
                       .repository = static_cast<int>(json::number_at(*value, "repository").value_or(1)),
                       .label = json::string_at(*value, "label").value_or(""),
                       .duration = seconds(json::number_at(*value, "seconds").value_or(0)),
                       .passed = json::flag_at(*value, "passed"),
                       .message = json::string_at(*value, "message").value_or(""),
                       .bytes = json::unsigned_at(*value, "bytes").value_or(0)};
}

Json to_json(const WalView& wal, clock::WallTime now) {
    const auto lag = wal.oldest ? clock::to_unix(now) - clock::to_unix(*wal.oldest) : 0;
    return {{"waiting_segments", wal.waiting},
            {"lag_seconds", std::max<std::int64_t>(lag, 0)},
            {"error", wal.error},
            {"disk_bytes", wal.disk_bytes},
            {"free_bytes", wal.free_bytes}};
}

std::vector<std::string> wal_alarms(const WalView& wal, clock::WallTime now) {
    constexpr std::chrono::minutes kPatience{5};
    constexpr std::uint64_t kSegment = 16ULL << 20U;
    constexpr std::uint64_t kPercent = 100;
    constexpr std::uint64_t kLow = 15;  // per cent free
    constexpr std::uint64_t kShare = 4; // a quarter of what was free
    std::vector<std::string> alarms;
    const auto waiting_bytes = static_cast<std::uint64_t>(wal.waiting) * kSegment;
    const auto cause = wal.error.empty() ? std::string() : text::format(": {}", wal.error);
    if (wal.oldest && now - *wal.oldest >= kPatience) {
        alarms.push_back(text::format("WAL has not been archived for {}: {} segments ({}) wait; writes go on and "
                                      "nothing is dropped, but the disk fills{}",
                                      age(*wal.oldest, now), wal.waiting, text::human_bytes(waiting_bytes), cause));
    }
    if (wal.waiting > 0 && waiting_bytes > (wal.free_bytes + waiting_bytes) / kShare) {
        alarms.push_back(
            text::format("WAL that waits for the archive takes {}, {} are free: make the repository work "
                         "again or the disk larger before PostgreSQL has to stop{}",
                         text::human_bytes(waiting_bytes), text::human_bytes(wal.free_bytes), cause));
    }
    if (wal.disk_bytes > 0 && wal.free_bytes < wal.disk_bytes / kPercent * kLow) {
        alarms.push_back(text::format("the disk that holds WAL has {} of {} left", text::human_bytes(wal.free_bytes),
                                      text::human_bytes(wal.disk_bytes)));
    }
    return alarms;
}

std::vector<std::string> backup_alarms(const std::optional<Report>& report, const std::optional<RestoreTest>& test,
                                       const cloud_init::BackupConfig& config, clock::WallTime now) {
    constexpr std::chrono::hours kGrace{6};
    std::vector<std::string> alarms;
    if (report) {
        for (const auto& repository : report->repositories) { repository_alarms(repository, config, now, alarms); }
    }
    if (test && !test->passed) {
        alarms.push_back(
            text::format("the restore test of backup {} failed on {}: {}", test->label, test->node, test->message));
    } else if (test && restore_test_due(config.restore_test, "", test->at, now - kGrace - std::chrono::minutes(30))) {
        alarms.push_back(text::format("the last restore test is {} old", age(test->at, now)));
    }
    return alarms;
}

} // namespace ingot::firstboot::backup
