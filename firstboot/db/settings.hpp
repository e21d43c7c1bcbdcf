// What the cluster was told about PostgreSQL, and whether this node's user-data says the same.
//
// User-data is applied once, when the cluster is made; whoever boots later with another one changes nothing. That
// they differ is shown by the duty "db.settings" (status, doctor) until somebody decides: `ingot-agent apply` makes
// the cluster follow this node's user-data, or the node is booted again with the cluster's.
#pragma once

#include <string>
#include <vector>

#include "common/json/json.hpp"
#include "firstboot/db/sizing.hpp"
#include "firstboot/db/tools.hpp"

namespace ingot::firstboot::db {

/// What is applied to the whole cluster. No secret: users are names.
json::Json settings_of(const cloud_init::PostgresConfig& postgres);

/// One line per difference: "parameters.work_mem is 8MB here and 4MB in the cluster".
std::vector<std::string> differences(const json::Json& here, const json::Json& cluster);

/// What of the user-data goes into Patroni's shared configuration, for PATCH /config. What depends on one machine
/// stays; parameters that the settings `before` have and the user-data no longer has go.
json::Json shared_patch(const NodeSpec& node, const Machine& machine, const json::Json& before);

/// Makes this member's patroni.yml follow what the cluster has; fails, with the differences to the user-data, if
/// there are any.
Status follow_settings(const Database& database);

/// Makes the cluster follow this node's user-data. refused on a node that does not lead.
Status apply_settings(const Database& database);

} // namespace ingot::firstboot::db
