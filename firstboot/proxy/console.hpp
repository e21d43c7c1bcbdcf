// PgBouncer's console: its commands, and its tables as values.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "firstboot/proxy/observe.hpp"

namespace ingot::firstboot::proxy {

/// One command or SHOW for a pool's console, by its socket as its own user. The answer is CSV with a header line.
Result<std::string> ask_pool(const Proxy& proxy, Pool pool, std::string_view command,
                             std::chrono::milliseconds patience);

/// A table of the console: each row by column.
using Rows = std::vector<std::map<std::string, std::string>>;
Rows rows_from_csv(std::string_view csv);

} // namespace ingot::firstboot::proxy
