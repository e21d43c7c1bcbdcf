// How many connections one proxy's pool may open: pure.
#pragma once

#include <optional>

namespace ingot::firstboot::proxy {

/// 80 % of what the database allows, shared by the proxies; `asked`, from the user-data, goes before.
/// Unknown figures: PostgreSQL's smallest sensible limit, and one proxy.
int pool_size(std::optional<int> asked, std::optional<int> max_connections, int proxies);

} // namespace ingot::firstboot::proxy
