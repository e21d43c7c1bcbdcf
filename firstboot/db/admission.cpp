#include "firstboot/db/admission.hpp"

#include "common/log/log.hpp"
#include "common/text/text.hpp"
#include "firstboot/backup/render.hpp"
#include "firstboot/db/observe.hpp"

namespace ingot::firstboot::db {

namespace {

/// The first backup host that does not know this node yet.
std::optional<std::string> turned_away_by(const Database& database) {
    int number = 0;
    for (const auto& repository : database.node.config.backup.repositories) {
        ++number;
        if (!std::holds_alternative<cloud_init::HostStore>(repository.store)) { continue; }
        if (observe_repository(database, number).turns_away()) {
            return backup::repository_place(database.node, repository);
        }
    }
    return std::nullopt;
}

} // namespace

Status Admission::await(const Database& database) {
    constexpr std::chrono::seconds kPatience{15};
    if (admitted_) { return {}; }
    const auto place = turned_away_by(database);
    if (!place) {
        admitted_ = true;
        return {};
    }
    const auto now = database.environment.clock.monotonic();
    if (!since_) { since_ = now; }
    const auto words = text::format("{} does not know this node yet", *place);
    if (now - *since_ < kPatience) { return fail(ErrorKind::transient, words); }
    log::warning(words + "; the database is copied from where it can be had");
    admitted_ = true;
    return {};
}

} // namespace ingot::firstboot::db
