#include "firstboot/db/tools.hpp"

#include "common/text/text.hpp"
#include "firstboot/coordination/endpoints.hpp"
#include "firstboot/db/render.hpp"
#include "firstboot/identity/identity.hpp"
#include "firstboot/system/as_user.hpp"

namespace ingot::firstboot::db {

EtcdSession Database::etcd() const {
    return {environment.make_http(), addresses_to_try(environment.root, node.config.etcd.founders),
            tls_for(environment.root, "etcd")};
}

files::Ownership owned_by(const Database& database, mode_t mode, const char* user, const char* group) {
    if (!database.environment.root.is_system()) { return {.mode = mode}; }
    return {.mode = mode, .user = user, .group = group};
}

bool is_running(std::string_view unit_state) {
    return unit_state == "active" || unit_state == "activating" || unit_state == "deactivating" ||
           unit_state == "reloading";
}

process::Command as_postgres(std::vector<std::string> argv, std::chrono::milliseconds timeout) {
    return as_user("postgres", std::move(argv), timeout);
}

Result<std::string> run_sql(const Database& database, std::string script) {
    constexpr std::chrono::minutes kTimeout{2};
    auto command = as_postgres({"psql", "--no-psqlrc", "--quiet", "--tuples-only", "--set=ON_ERROR_STOP=1",
                                text::format("--host={}", kSocketFolder), text::format("--port={}", kPostgresPort),
                                "--username=postgres", "--dbname=postgres", "--file=-"},
                               kTimeout);
    command.input = std::move(script);
    INGOT_ASSIGN(auto output, process::run_checked(database.environment.processes, command), "running SQL");
    return std::move(output.out);
}

Result<process::Output> pgbackrest(const Database& database, std::vector<std::string> arguments,
                                   std::chrono::milliseconds timeout) {
    std::vector<std::string> argv = {"pgbackrest", text::format("--stanza={}", stanza(database.node))};
    argv.insert(argv.end(), std::make_move_iterator(arguments.begin()), std::make_move_iterator(arguments.end()));
    return process::run_checked(database.environment.processes, as_postgres(std::move(argv), timeout));
}

} // namespace ingot::firstboot::db
