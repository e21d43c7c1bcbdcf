#include "firstboot/db/sql.hpp"

#include "common/text/text.hpp"

namespace ingot::firstboot::db {

namespace {

/// PgBouncer asks this for a user's verifier. It shows nobody who may do more than an application may, and
/// nobody whose password has expired (PgBouncer itself does not look: CVE-2025-2291).
constexpr std::string_view kPoolLookup = R"(
SELECT 'CREATE ROLE ingot_pool LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ingot_pool') \gexec
CREATE SCHEMA IF NOT EXISTS ingot;
REVOKE ALL ON SCHEMA ingot FROM PUBLIC;
GRANT USAGE ON SCHEMA ingot TO ingot_pool;
CREATE OR REPLACE FUNCTION ingot.pool_lookup(asked text) RETURNS TABLE (name text, verifier text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $function$
    SELECT rolname::text, rolpassword FROM pg_authid
    WHERE rolname = asked AND rolcanlogin AND NOT rolsuper AND NOT rolreplication
      AND (rolvaliduntil IS NULL OR rolvaliduntil > now())
$function$;
SELECT 'CREATE ROLE ingot_monitor LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ingot_monitor') \gexec
GRANT pg_monitor TO ingot_monitor;
REVOKE ALL ON FUNCTION ingot.pool_lookup(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ingot.pool_lookup(text) TO ingot_pool;
)";

/// Nothing of the script is shown in the log of PostgreSQL.
constexpr std::string_view kQuiet = "SET log_statement = 'none';\n"
                                    "SET log_min_duration_statement = -1;\n"
                                    "SET log_min_error_statement = 'panic';\n"
                                    "SET client_min_messages = 'warning';\n";

std::string doubled(std::string_view text, std::string_view quote) {
    return text::replace_all(std::string(text), quote, std::string(quote) + std::string(quote));
}

/// A statement that is built by the server only if `exists` finds nothing.
std::string unless_exists(std::string_view exists, std::string_view statement) {
    return text::format("SELECT {} WHERE NOT EXISTS ({}) \\gexec\n", quote_literal(statement), exists);
}

} // namespace

std::string quote_identifier(std::string_view name) { return "\"" + doubled(name, "\"") + "\""; }

std::string quote_literal(std::string_view text) {
    const bool escapes = text.find('\\') != std::string_view::npos;
    return (escapes ? " E'" : "'") + doubled(doubled(text, "\\"), "'") + "'";
}

std::string render_provisioning(const cloud_init::PostgresConfig& config) {
    auto out = text::format("\\set ON_ERROR_STOP on\n{}", kQuiet);
    out += kPoolLookup;
    for (const auto& user : config.users) {
        out += unless_exists(text::format("SELECT FROM pg_roles WHERE rolname = {}", quote_literal(user.name)),
                             text::format("CREATE ROLE {} LOGIN", quote_identifier(user.name)));
        out += text::format("ALTER ROLE {} LOGIN PASSWORD {};\n", quote_identifier(user.name),
                            quote_literal(user.password_verifier));
    }
    for (const auto& database : config.databases) {
        out += unless_exists(text::format("SELECT FROM pg_database WHERE datname = {}", quote_literal(database.name)),
                             text::format("CREATE DATABASE {}", quote_identifier(database.name)));
        if (database.owner) {
            out += text::format("ALTER DATABASE {} OWNER TO {};\n", quote_identifier(database.name),
                                quote_identifier(*database.owner));
        }
        if (database.extensions.empty()) { continue; }
        out += text::format("\\connect {}\n", quote_identifier(database.name));
        for (const auto& extension : database.extensions) {
            out += text::format("CREATE EXTENSION IF NOT EXISTS {};\n", quote_identifier(extension));
        }
        out += text::format("\\connect postgres\n{}", kQuiet);
    }
    return out;
}

std::string render_after_restore() {
    std::string out;
    for (const auto* const name : {"restore_command", "recovery_target", "recovery_target_action",
                                   "recovery_target_inclusive", "recovery_target_lsn", "recovery_target_name",
                                   "recovery_target_time", "recovery_target_timeline", "recovery_target_xid"}) {
        out += text::format("ALTER SYSTEM RESET {};\n", name);
    }
    return out;
}

} // namespace ingot::firstboot::db
