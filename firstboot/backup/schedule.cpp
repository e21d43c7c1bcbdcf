#include "firstboot/backup/schedule.hpp"

#include <algorithm>

#include "common/crypto/crypto.hpp"
#include "common/json/json.hpp"
#include "common/text/text.hpp"

namespace ingot::firstboot::backup {

namespace {

using cloud_init::Slot;
using std::chrono::seconds;

std::optional<clock::WallTime> newest(std::initializer_list<std::optional<clock::WallTime>> times) {
    return std::max(times); // nothing is less than anything
}

/// A number drawn from a cluster's id, the same each time.
std::int64_t draw(std::string_view cluster_id, std::int64_t below) {
    constexpr std::size_t kDigits = 7;
    std::int64_t number = 0;
    for (const char digit : crypto::sha256_hex(cluster_id).substr(0, kDigits)) {
        number = number * 16 + (digit <= '9' ? digit - '0' : digit - 'a' + 10);
    }
    return below > 0 ? number % below : 0;
}

/// True if the slot's last time has passed without anything since.
bool missed(const std::optional<Slot>& slot, std::string_view cluster_id, const std::optional<clock::WallTime>& last,
            clock::WallTime now) {
    return slot && (!last || *last < last_time(*slot, jitter_of(cluster_id, *slot), now));
}

} // namespace

seconds jitter_of(std::string_view cluster_id, const Slot& slot) {
    constexpr seconds kMost = std::chrono::minutes(30);
    constexpr int kShare = 10;
    const auto most = std::min(seconds(slot.period) / kShare, kMost);
    return seconds(draw(cluster_id, most.count()));
}

clock::WallTime last_time(const Slot& slot, seconds jitter, clock::WallTime now) {
    const seconds period = slot.period;
    const seconds first = seconds(slot.offset) + jitter;
    const auto since = std::chrono::floor<seconds>(now.time_since_epoch()) - first;
    auto count = since / period;
    if (since < seconds(0) && since % period != seconds(0)) { --count; } // rounds towards the past
    return clock::WallTime(first + count * period);
}

clock::WallTime next_time(const Slot& slot, seconds jitter, clock::WallTime now) {
    return last_time(slot, jitter, now) + slot.period;
}

LastBackups last_backups(const RepositoryView& repository) {
    const auto start_of = [&](Kind kind) {
        const auto* const record = repository.newest_of(kind);
        return record == nullptr ? std::nullopt : std::optional(record->start);
    };
    return {.full = start_of(Kind::full), .diff = start_of(Kind::diff), .incr = start_of(Kind::incr)};
}

std::optional<Kind> due(const cloud_init::BackupSchedule& schedule, std::string_view cluster_id,
                        const LastBackups& last, clock::WallTime now) {
    if (!last.full || missed(schedule.full, cluster_id, last.full, now)) { return Kind::full; }
    const auto diff = newest({last.full, last.diff});
    if (missed(schedule.diff, cluster_id, diff, now)) { return Kind::diff; }
    if (missed(schedule.incr, cluster_id, newest({diff, last.incr}), now)) { return Kind::incr; }
    return std::nullopt;
}

bool restore_test_due(const std::optional<Slot>& slot, std::string_view cluster_id,
                      std::optional<clock::WallTime> since, clock::WallTime now) {
    return since && missed(slot, cluster_id, since, now);
}

std::vector<Candidate> candidates_from(const std::vector<std::pair<std::string, std::string>>& keys) {
    constexpr std::string_view kMembers = "members/";
    std::vector<Candidate> candidates;
    std::string leader;
    for (const auto& [key, value] : keys) {
        if (key == "leader") { leader = value; }
        if (!key.starts_with(kMembers)) { continue; }
        const auto member = json::parse(value);
        if (!member) { continue; }
        Candidate candidate{.name = key.substr(kMembers.size())};
        const auto state = json::string_at(*member, "state").value_or("");
        // Patroni 3 says state "running" and replication_state "streaming", Patroni 4 may say state "streaming".
        candidate.streams = state == "streaming" ||
                            (state == "running" && json::string_at(*member, "replication_state") == "streaming");
        const auto& tags = json::member(*member, "tags");
        candidate.delayed = json::flag_at(tags, "nofailover") || json::flag_at(tags, "noloadbalance");
        // "postgres://10.0.0.21:5432/postgres"
        const auto url = json::string_at(*member, "conn_url").value_or("");
        const auto begin = url.find("://");
        const auto end = url.rfind(':');
        if (begin != std::string::npos && end != std::string::npos && end > begin + 3) {
            candidate.address = url.substr(begin + 3, end - begin - 3);
            if (candidate.address.starts_with('[')) {
                candidate.address = candidate.address.substr(1, candidate.address.size() - 2);
            }
        }
        candidates.push_back(std::move(candidate));
    }
    for (auto& candidate : candidates) { candidate.leads = candidate.name == leader; }
    return candidates;
}

bool may_run(const std::vector<Candidate>& candidates, std::string_view self, int failures) {
    constexpr int kEnough = 3;
    const auto own = std::ranges::find(candidates, self, &Candidate::name);
    if (own == candidates.end()) { return false; }
    const auto fit = [](const Candidate& candidate) {
        return !candidate.leads && candidate.streams && !candidate.delayed;
    };
    if (own->leads) { return std::ranges::none_of(candidates, fit) || failures >= kEnough; }
    return fit(*own) && failures < kEnough;
}

} // namespace ingot::firstboot::backup
