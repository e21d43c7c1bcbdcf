#include "firstboot/db/checkpoint_watch.hpp"

#include "common/log/log.hpp"
#include "common/text/text.hpp"

namespace ingot::firstboot::db {

std::optional<std::chrono::seconds> checkpoint_patience(const Leadership& leadership, std::string_view self,
                                                        const Room& room) {
    constexpr std::chrono::seconds kNoWrites{30};
    constexpr std::chrono::minutes kWrites{10};
    if (leadership.leader != self || !leadership.hands_over) { return std::nullopt; }
    if (leadership.synchronous.empty() || able_to_lead(leadership).empty()) { return std::nullopt; }
    return is_short(room) ? kNoWrites : kWrites;
}

std::string render_cancel_checkpoint(std::chrono::seconds patience) {
    // Found first, cancelled then: conditions side by side are asked in any order.
    return text::format("WITH late AS MATERIALIZED (SELECT pid FROM pg_stat_activity WHERE state = 'active' AND "
                        "query = 'CHECKPOINT' AND application_name LIKE 'Patroni%' AND "
                        "query_start < now() - interval '{} s') SELECT pid FROM late WHERE pg_cancel_backend(pid);\n",
                        patience.count());
}

Status watch_checkpoint(const Database& database) {
    auto etcd = database.etcd();
    const auto& cluster = database.node.config.cluster;
    INGOT_ASSIGN(const auto listing, etcd->list(patroni_key(cluster, "")), "reading Patroni's keys");
    const auto patience =
        checkpoint_patience(leadership_from(cluster, listing), database.node.name, observe_room(database));
    if (!patience) { return {}; }
    INGOT_ASSIGN(const auto cancelled, run_sql(database, render_cancel_checkpoint(*patience)), "");
    if (!text::trim(cancelled).empty()) {
        log::warning(
            text::format("this member was asked to hand over, and Patroni's checkpoint has not ended in {} s; "
                         "it is cancelled, so that PostgreSQL is stopped without it",
                         patience->count()));
    }
    return {};
}

} // namespace ingot::firstboot::db
