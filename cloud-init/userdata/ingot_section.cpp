// The ingot: section. Everything is a fault here: an unknown key that is let pass is a setting that
// somebody believes to be in force.
#include "cloud-init/userdata/parts.hpp"

#include <algorithm>

#include "cloud-init/userdata/rules.hpp"
#include "cloud-init/userdata/source_section.hpp"
#include "common/text/text.hpp"

namespace ingot::cloud_init {

using document::Fields;
using document::Value;

namespace {

std::vector<DatabaseUser> read_users(Fields& postgres, std::set<std::string>& names) {
    std::vector<DatabaseUser> users;
    const Value* section = postgres.optional("users");
    if (section == nullptr) { return users; }
    if (section->sequence() == nullptr) {
        fault_at(postgres, "users", "expected a list", "as in - {name: app, password: SCRAM-SHA-256$…}");
        return users;
    }
    for (std::size_t index = 0; index < section->sequence()->size(); ++index) {
        const Value& value = (*section->sequence())[index];
        Fields item(value, text::format("{}[{}]", postgres.path("users"), index), postgres.faults());
        DatabaseUser user{.name = item.required_text("name"), .password_verifier = item.required_text("password")};
        const Value* name = value.find("name");
        check_database_user(name == nullptr ? value.position : name->position, item.path("name"), user.name, names,
                            postgres.faults());
        // What stands there is not shown: it may be a password.
        if (!user.password_verifier.empty() && !crypto::is_scram_verifier(user.password_verifier)) {
            fault_at(item, "password", "expected a SCRAM-SHA-256 verifier",
                     "'ingot user-data' makes it; plain passwords do not belong in user-data");
        }
        item.finish();
        users.push_back(std::move(user));
    }
    return users;
}

OnClone read_on_clone(Fields& ingot) {
    const auto word = ingot.choice("on_clone", {"refuse", "rejoin", "renew"}).value_or("refuse");
    if (word == "rejoin") { return OnClone::rejoin; }
    return word == "renew" ? OnClone::renew : OnClone::refuse;
}

PostgresConfig read_postgres(const Value* section, const std::string& where, Faults& faults) {
    PostgresConfig postgres;
    if (section == nullptr) { return postgres; }
    Fields fields(*section, where, faults);
    postgres.version = read_postgres_version(fields);
    postgres.synchronous = read_synchronous(fields);
    postgres.failover = read_failover(fields);
    postgres.parameters = read_parameters(fields);
    postgres.hba = read_hba(fields);
    postgres.delayed = read_duration(fields, "delayed");
    std::set<std::string> names;
    postgres.users = read_users(fields, names);
    postgres.databases = read_databases(fields, names);
    fields.finish();
    return postgres;
}

void read_sources(Fields& fields, IngotConfig& ingot, Faults& faults) {
    if (const Value* section = fields.optional("restore")) {
        ingot.restore = read_restore(*section, fields.path("restore"), ingot.cluster_id, true, faults);
    }
    if (const Value* section = fields.optional("standby_of")) {
        ingot.standby_of = read_standby(*section, fields.path("standby_of"), ingot.cluster_id, true, faults);
        if (ingot.restore) {
            fault_at(fields, "standby_of", "restore is given as well; a cluster begins in one way");
        }
    }
}

} // namespace

IngotConfig read_ingot(const Value& section, AccessConfig& access, Findings& findings) {
    IngotConfig ingot;
    Fields fields(section, "ingot", findings.faults);
    if (section.mapping() == nullptr) { return ingot; }
    ingot.cluster = read_cluster_name(fields, "cluster");
    ingot.cluster_id = read_uuid(fields, "id");
    fields.required("role");
    const auto role = role_from(fields.choice("role", {"db", "etcd", "proxy", "backup"}).value_or(""));
    ingot.role = role.value_or(Role::db);
    ingot.on_clone = read_on_clone(fields);
    const auto network = read_network(fields, "network");
    if (network) { ingot.network = network->to_string(); }
    if (const Value* etcd = fields.required("etcd")) {
        Fields inner(*etcd, fields.path("etcd"), findings.faults);
        ingot.etcd.founders = read_founders(inner, "founders", network);
        inner.finish();
    }
    if (const Value* pki = fields.required("pki")) {
        ingot.pki = read_pki(*pki, fields.path("pki"), {.cluster = ingot.cluster, .role = role}, access, findings);
    }
    ingot.postgres = read_postgres(fields.optional("postgres"), fields.path("postgres"), findings.faults);
    const Value* backup = fields.optional("backup");
    ingot.backup = read_backup(backup, fields.path("backup"), true, findings.faults);
    check_backup_hosts(fields, ingot.backup, network);
    if (role == Role::backup && std::ranges::none_of(ingot.backup.repositories, [](const Repository& repository) {
            return std::holds_alternative<HostStore>(repository.store);
        })) {
        fault_at(fields, "backup", "there is no repository of type host, so there is nothing for this role to do");
    }
    if (backup == nullptr && role == Role::db) {
        findings.warn(section.position, "ingot.backup is missing: nothing will be backed up");
    }
    ingot.proxy =
        read_proxy(fields.optional("proxy"), fields.path("proxy"), network, access.firewall, findings.faults);
    read_firewall(fields.optional("firewall"), fields.path("firewall"), access.firewall, findings.faults);
    read_sources(fields, ingot, findings.faults);
    fields.finish();
    return ingot;
}

} // namespace ingot::cloud_init
