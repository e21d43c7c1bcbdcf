#include "firstboot/proxy/console.hpp"

#include "common/process/process.hpp"
#include "common/text/text.hpp"
#include "firstboot/system/as_user.hpp"

namespace ingot::firstboot::proxy {

namespace {

/// Fields of one line; quotes are doubled inside quotes. The console's values have no line ends.
std::vector<std::string> fields_of(std::string_view line) {
    std::vector<std::string> fields(1);
    bool quoted = false;
    for (std::size_t at = 0; at < line.size(); ++at) {
        const char letter = line[at];
        if (quoted && letter == '"' && at + 1 < line.size() && line[at + 1] == '"') {
            fields.back() += letter;
            ++at;
        } else if (letter == '"') {
            quoted = !quoted;
        } else if (letter == ',' && !quoted) {
            fields.emplace_back();
        } else {
            fields.back() += letter;
        }
    }
    return fields;
}

} // namespace

Result<std::string> ask_pool(const Proxy& proxy, Pool pool, std::string_view command,
                             std::chrono::milliseconds patience) {
    const auto& ports = proxy.node.config.proxy;
    const int port = pool == Pool::write ? ports.pool_port : ports.read_pool_port;
    auto ask = as_user("postgres",
                       {"psql", "--no-psqlrc", "--quiet", "--csv", "--host=/var/run/postgresql",
                        text::format("--port={}", port), "--username=pgbouncer", "--dbname=pgbouncer",
                        text::format("--command={}", command)},
                       patience);
    INGOT_ASSIGN(auto output, process::run_checked(proxy.environment.processes, ask),
                 text::format("{} of {}", command, unit_of(pool)));
    return std::move(output.out);
}

Rows rows_from_csv(std::string_view csv) {
    Rows rows;
    std::vector<std::string> names;
    for (const auto& line : text::lines(csv)) {
        auto fields = fields_of(line);
        if (names.empty()) {
            names = std::move(fields);
            continue;
        }
        if (fields.size() != names.size()) { continue; }
        auto& row = rows.emplace_back();
        for (std::size_t column = 0; column < names.size(); ++column) {
            row.emplace(names[column], std::move(fields[column]));
        }
    }
    return rows;
}

} // namespace ingot::firstboot::proxy
