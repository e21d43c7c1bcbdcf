#include "firstboot/db/rewind_watch.hpp"

#include <algorithm>
#include <string>

#include "common/json/json.hpp"
#include "common/log/log.hpp"
#include "common/text/text.hpp"
#include "firstboot/db/observe.hpp"

namespace ingot::firstboot::db {

namespace {

using namespace std::chrono_literals;
using json::Json;

/// Where the leader's history leaves `timeline`: [[1, 117440608, "reason", …], …].
std::optional<std::int64_t> fork_of(const Json& history, std::int64_t timeline) {
    if (!history.is_array()) { return std::nullopt; }
    for (const auto& line : history) {
        if (line.is_array() && line.size() > 1 && line[0].is_number_integer() && line[1].is_number_integer() &&
            line[0].get<std::int64_t>() == timeline) {
            return line[1].get<std::int64_t>();
        }
    }
    return std::nullopt;
}

} // namespace

bool is_past_fork(std::string_view cluster, std::string_view self, const Listing& listing) {
    const auto prefix = patroni_key(cluster, "");
    const auto value_of = [&](std::string_view name) -> std::string {
        const auto key = text::format("{}{}", prefix, name);
        const auto found = std::ranges::find(listing.entries, key, &KeyValue::key);
        return found == listing.entries.end() ? std::string() : found->value;
    };
    const auto read = [&](std::string_view name) { return json::parse(value_of(name)).value_or(Json()); };

    const auto leader = value_of("leader");
    if (leader.empty() || leader == self) { return false; }
    const auto member = read(text::format("members/{}", self));
    const auto state = json::string_at(member, "state").value_or("");
    if (state != "running" || json::string_at(member, "replication_state") == "streaming") { return false; }
    const auto timeline = json::number_at(member, "timeline");
    const auto place = json::number_at(member, "xlog_location");
    const auto leaders = json::number_at(read(text::format("members/{}", leader)), "timeline");
    if (!timeline || !place || !leaders || *timeline >= *leaders) { return false; }
    const auto fork = fork_of(read("history"), *timeline);
    return fork && *place > *fork;
}

bool RewindWatch::shall_restart(bool past_fork, clock::Monotonic now) {
    constexpr auto kWhile = 30s;
    constexpr auto kQuiet = 10min;
    if (!past_fork) {
        since_.reset();
        return false;
    }
    if (!since_) { since_ = now; }
    if (now - *since_ < kWhile || (restarted_ && now - *restarted_ < kQuiet)) { return false; }
    restarted_ = now;
    since_.reset();
    return true;
}

Status RewindWatch::operator()(const Database& database) {
    auto etcd = database.etcd();
    const auto& cluster = database.node.config.cluster;
    INGOT_ASSIGN(const auto listing, etcd->list(patroni_key(cluster, "")), "reading Patroni's keys");
    const bool past = is_past_fork(cluster, database.node.name, listing);
    if (!shall_restart(past, database.environment.clock.monotonic())) { return {}; }
    log::warning(
        "this replica has replayed more than its leader had when it was promoted, and Patroni has not noticed; "
        "it is restarted, so that it rewinds");
    return database.environment.services.restart(kPatroniUnit);
}

} // namespace ingot::firstboot::db
