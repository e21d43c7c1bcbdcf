#include "firstboot/db/provisioning.hpp"

#include "common/json/json.hpp"
#include "common/log/log.hpp"
#include "common/text/text.hpp"
#include "firstboot/db/observe.hpp"
#include "firstboot/db/settings.hpp"
#include "firstboot/db/sql.hpp"

namespace ingot::firstboot::db {

Status provision(const Database& database, const std::string& system_id) {
    const auto& postgres = database.node.config.postgres;
    auto script = render_provisioning(postgres);
    if (database.node.config.restore) { script += render_after_restore(); }
    INGOT_TRY(run_sql(database, std::move(script)), "making users and databases");
    const auto record = json::to_line({{"version", 1},
                                       {"system_id", system_id},
                                       {"by", database.node.name},
                                       {"at", clock::to_rfc3339(database.environment.clock.now())},
                                       {"settings", settings_of(postgres)}});
    auto etcd = database.etcd();
    INGOT_TRY(etcd->put(provisioned_key(database), record), "recording that users and databases are made");
    log::info(
        text::format("users and databases are made: {} and {}", postgres.users.size(), postgres.databases.size()));
    return {};
}

} // namespace ingot::firstboot::db
