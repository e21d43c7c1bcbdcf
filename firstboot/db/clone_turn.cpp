#include "firstboot/db/clone_turn.hpp"

#include <vector>

#include "common/log/log.hpp"
#include "common/text/text.hpp"
#include "firstboot/db/observe.hpp"
#include "firstboot/db/render.hpp"

namespace ingot::firstboot::db {

Status CloneTurn::await(const Database& database) {
    constexpr std::chrono::seconds kTtl{60};
    if (lock_) { return {}; }
    const auto names = files::list(database.environment.root.at(data_directory(database.node)));
    if (!names && names.error().kind != ErrorKind::not_found) { return names.error(); }
    if (names && !names->empty()) { return {}; }
    if (!etcd_) { etcd_.emplace(database.etcd()); }
    INGOT_ASSIGN(const auto bootstrap, observe_bootstrap(database, *etcd_), "");
    if (!bootstrap.initialize || bootstrap.initialize->empty()) { return {}; } // nobody has a database yet
    INGOT_TRY(admission_.await(database), "");
    const auto prefix = ingot_key(database.node.config.cluster, "db/copies/");
    std::vector<std::string> others;
    for (int number = 1; number <= kCopiesAtOnce; ++number) {
        const auto key = text::format("{}{}", prefix, number);
        INGOT_ASSIGN(const auto holder, (*etcd_)->get(key), "");
        // What an earlier run of this machine's agent holds ends by itself.
        if (holder) {
            others.push_back(holder->value);
            continue;
        }
        auto lock = LeaseLock::acquire(**etcd_, key, database.node.name, kTtl);
        if (lock) {
            lock_.emplace(*std::move(lock));
            log::info("this machine's turn to copy the database");
            return {};
        }
        if (lock.error().kind != ErrorKind::transient) { return std::move(lock).error(); }
        others.emplace_back("another");
    }
    return fail(ErrorKind::transient,
                text::format("waiting for a turn to copy the database; now copying: {}", text::join(others, ", ")));
}

void CloneTurn::keep() {
    if (!lock_) { return; }
    if (const auto kept = lock_->renew(); !kept) { log::warning(kept.error().to_string()); }
}

void CloneTurn::give_back() { lock_.reset(); }

} // namespace ingot::firstboot::db
