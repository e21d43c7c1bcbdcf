// The ingot: section, by changing one thing at a time in user-data that is right.
#include "cloud-init/userdata/userdata.hpp"

#include <functional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cloud-init/cluster/cluster.hpp"
#include "common/text/text.hpp"

namespace ingot::cloud_init {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::chrono_literals;

const clock::WallTime kNow = std::chrono::sys_days{std::chrono::year{2026} / 11 / 23} + 12h;

const NewCluster& made() {
    static const NewCluster cluster = init_cluster({.name = "orders"}, kNow).value();
    return cluster;
}

std::string user_data(Role role) { return render_user_data(made().cluster, made().secrets, role, kNow).value(); }

/// Replaces the one occurrence of `from`; fails the test if it is not there.
std::string changed(std::string text, std::string_view from, std::string_view to) {
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

std::vector<std::string> faults_of_section(const std::string& text) {
    const auto parsed = parse(text, "u");
    return parsed ? std::vector<std::string>{} : text::lines(parsed.error().message);
}

TEST(IngotSection, IsReadWhole) {
    const auto text = user_data(Role::db);
    const auto parsed = parse_node_data({.user_data = text}, "u");
    ASSERT_TRUE(parsed.has_value()) << parsed.error().to_string();
    EXPECT_THAT(parsed->user_data.warnings, testing::IsEmpty());
    const IngotConfig& ingot = parsed->user_data.ingot.value();
    EXPECT_EQ(ingot.cluster, "orders");
    EXPECT_EQ(ingot.cluster_id, made().cluster.id);
    EXPECT_EQ(ingot.role, Role::db);
    EXPECT_EQ(ingot.network, "10.0.0.0/24");
    EXPECT_EQ(ingot.etcd.founders, made().cluster.topology.etcd);
    EXPECT_EQ(ingot.pki.db_ca, made().secrets.authorities.at(Role::db).current.certificate_pem);
    EXPECT_EQ(parsed->access.generation, 1);
    EXPECT_TRUE(ingot.pki.keys.empty());
    ASSERT_EQ(parsed->access.tokens.size(), 1U);
    EXPECT_EQ(parsed->access.tokens.at(Role::db).at(0).secret.reveal(),
              made().secrets.tokens.at(Role::db).at(0).secret.reveal());
    EXPECT_EQ(ingot.postgres.version, 17);
    EXPECT_EQ(ingot.postgres.users.at(0).name, "app");
    EXPECT_EQ(ingot.postgres.users.at(0).password_verifier, made().secrets.users.at("app").verifier);
    EXPECT_EQ(ingot.postgres.databases.at(0).owner, "app");
    EXPECT_EQ(ingot.backup.repositories.at(0).path, "/var/lib/pgbackrest");
    EXPECT_EQ(ingot.backup.cipher_pass->reveal(), made().secrets.cipher_pass.reveal());
    EXPECT_EQ(ingot.proxy.pool_port, 6432);
}

TEST(IngotSection, OfEtcdNodesHasAllKeysAndTokens) {
    const auto text = user_data(Role::etcd);
    const auto parsed = parse_node_data({.user_data = text}, "u");
    ASSERT_TRUE(parsed.has_value()) << parsed.error().to_string();
    EXPECT_THAT(parsed->user_data.warnings, testing::IsEmpty());
    for (const auto& [role, authority] : made().secrets.authorities) {
        EXPECT_EQ(parsed->user_data.ingot->pki.keys.at(role).reveal(), authority.current.key_pem.reveal());
    }
    ASSERT_EQ(parsed->access.tokens.size(), 3U); // db, proxy, backup
    EXPECT_EQ(parsed->access.tokens.at(Role::proxy).at(0).secret.reveal(),
              made().secrets.tokens.at(Role::proxy).at(0).secret.reveal());
}

TEST(IngotSection, SaysWhoMayConnect) {
    const auto text = changed(user_data(Role::db), "  role: db",
                              "  role: db\n  proxy: {clients: [10.1.0.0/16]}\n  firewall: {ssh: [192.0.2.0/24], "
                              "open: [{port: 9100, from: [10.0.0.0/24]}, {port: 53, protocol: udp}]}");
    const auto parsed = parse_node_data({.user_data = text}, "u");
    ASSERT_TRUE(parsed.has_value()) << parsed.error().to_string();
    const auto& firewall = parsed->access.firewall;
    EXPECT_THAT(firewall.ssh, ElementsAre("192.0.2.0/24"));
    EXPECT_THAT(firewall.clients, ElementsAre("10.1.0.0/16"));
    ASSERT_EQ(firewall.open.size(), 2U);
    EXPECT_EQ(firewall.open[0].port, 9100);
    EXPECT_EQ(firewall.open[1].protocol, "udp");
    EXPECT_THAT(
        faults_of_section(changed(user_data(Role::db), "  role: db", "  role: db\n  firewall: {ssh: [10.0.0.1/8]}")),
        ElementsAre(HasSubstr("did you mean '10.0.0.0/8'?")));
    EXPECT_THAT(faults_of_section(
                    changed(user_data(Role::db), "  role: db", "  role: db\n  firewall: {open: [{from: [x]}]}")),
                ElementsAre(HasSubstr("open[0].port' is missing"), HasSubstr("'x' is no network")));
}

TEST(IngotSection, OfAClusterMadeOfAnotherOneIsReadWhole) {
    auto restored = init_cluster({.name = "again"}, kNow).value();
    ASSERT_TRUE(
        restore_from(restored, made(), {.kind = RestoreTarget::Kind::time, .value = "2026-11-28 01:02:03+00"}));
    auto parsed = parse(render_user_data(restored.cluster, restored.secrets, Role::db, kNow).value(), "u");
    ASSERT_TRUE(parsed.has_value()) << parsed.error().to_string();
    const auto& restore = parsed->ingot->restore.value();
    EXPECT_EQ(restore.source.cluster, "orders");
    EXPECT_EQ(restore.source.cluster_id, made().cluster.id);
    EXPECT_EQ(restore.source.backup.repositories.at(0).path, "/var/lib/pgbackrest");
    EXPECT_EQ(restore.source.backup.cipher_pass->reveal(), made().secrets.cipher_pass.reveal());
    EXPECT_EQ(restore.target, (RestoreTarget{.kind = RestoreTarget::Kind::time, .value = "2026-11-28 01:02:03+00"}));
    // Its own backups are its own, and its applications log in as before.
    EXPECT_NE(parsed->ingot->backup.cipher_pass->reveal(), restore.source.backup.cipher_pass->reveal());
    EXPECT_EQ(parsed->ingot->postgres.users.at(0).password_verifier, made().secrets.users.at("app").verifier);

    auto standby = init_cluster({.name = "dr", .network = "10.1.0.0/24"}, kNow).value();
    ASSERT_TRUE(follow(standby, made(), {{.address = "10.0.0.31", .port = 5000}}, kNow));
    // Both files come back as they were written.
    standby.cluster = parse_cluster(render_cluster(standby.cluster), "c").value();
    standby.secrets = parse_secrets(render_secrets(standby.secrets).reveal(), "s").value();
    parsed = parse(render_user_data(standby.cluster, standby.secrets, Role::db, kNow).value(), "u");
    ASSERT_TRUE(parsed.has_value()) << parsed.error().to_string();
    const auto& followed = parsed->ingot->standby_of.value();
    EXPECT_EQ(followed.endpoints, (std::vector<SourceEndpoint>{{.address = "10.0.0.31", .port = 5000}}));
    EXPECT_EQ(crypto::inspect_certificate(followed.certificate)->subject, "CN=standby:dr,OU=db,O=orders");
    EXPECT_TRUE(crypto::verify_identity(followed.certificate, followed.key, followed.ca, kNow));
    // Nobody else needs it.
    const auto proxy = render_user_data(standby.cluster, standby.secrets, Role::proxy, kNow).value();
    EXPECT_EQ(proxy.find("standby_of"), std::string::npos);
}

TEST(IngotSection, OfPostgresHasAllItsChoices) {
    auto cluster = made().cluster;
    cluster.postgres.synchronous = Synchronous::quorum;
    cluster.postgres.failover = Failover::wide;
    cluster.postgres.hba = {"hostssl app app 192.0.2.0/24 scram-sha-256"};
    cluster.postgres.databases.at(0).extensions = {"pg_trgm", "uuid-ossp"};
    cluster = parse_cluster(render_cluster(cluster), "c").value();
    cluster.postgres.delayed = 1h;
    const auto parsed = parse(render_user_data(cluster, made().secrets, Role::db, kNow).value(), "u");
    ASSERT_TRUE(parsed.has_value()) << parsed.error().to_string();
    const auto& postgres = parsed->ingot->postgres;
    EXPECT_EQ(postgres.synchronous, Synchronous::quorum);
    EXPECT_EQ(postgres.failover, Failover::wide);
    EXPECT_THAT(postgres.hba, ElementsAre("hostssl app app 192.0.2.0/24 scram-sha-256"));
    EXPECT_THAT(postgres.databases.at(0).extensions, ElementsAre("pg_trgm", "uuid-ossp"));
    EXPECT_EQ(postgres.delayed, std::chrono::seconds(3600));
}

struct Change {
    std::string name;
    std::string from;
    std::string to;
    std::string fault;
};

std::ostream& operator<<(std::ostream& out, const Change& change) { return out << change.name; }

class OneMistake : public testing::TestWithParam<Change> {};

TEST_P(OneMistake, IsOneFaultWithItsPlace) {
    const auto faults = faults_of_section(changed(user_data(Role::db), GetParam().from, GetParam().to));
    ASSERT_EQ(faults.size(), 1U) << testing::PrintToString(faults);
    EXPECT_THAT(faults[0], testing::MatchesRegex("u:[0-9]+:[0-9]+: .*"));
    EXPECT_THAT(faults[0], HasSubstr(GetParam().fault));
}

const std::vector<Change> kChanges = {
    {"cluster_name", "cluster: orders", "cluster: Orders", "u:3:12: ingot.cluster: 'Orders' cannot name a cluster"},
    {"cluster_missing", "  cluster: orders\n", "", "'ingot.cluster' is missing"},
    {"cluster_of_other_ca", "cluster: orders", "cluster: billing", "expected one of OU=etcd,O=billing"},
    {"role", "role: db", "role: database", "ingot.role: expected one of db, etcd, proxy, backup, found 'database'"},
    {"role_missing", "  role: db\n", "", "'ingot.role' is missing"},
    {"token_secret", "      secret: ", "      secret: c2hvcnQ= #",
     "ingot.pki.token.secret: expected 32 bytes in base64"},
    {"token_epoch", "epoch: 1", "epoch: 0", "ingot.pki.token.epoch: expected a number from 1"},
    {"token_missing", "    token:\n", "    tokenn:\n", ""},
    {"generation", "generation: 1", "generation: zero", "ingot.pki.generation: expected a number"},
    {"network", "10.0.0.0/24", "10.0.0.0", "ingot.network: '10.0.0.0' is no network"},
    {"network_bits", "10.0.0.0/24", "10.0.0.1/24", "did you mean '10.0.0.0/24'?"},
    {"network_all", "10.0.0.0/24", "0.0.0.0/0", "of no use"},
    {"network_small", "10.0.0.0/24", "10.0.0.0/30", ""},
    {"network_loopback", "10.0.0.0/24", "127.0.0.0/24", ""},
    {"network_other", "10.0.0.0/24", "10.0.1.0/24", ""},
    {"founder_outside", "10.0.0.12", "10.0.1.12", "etcd-2: 10.0.1.12 is no machine's address in 10.0.0.0/24"},
    {"founder_network_address", "10.0.0.12", "10.0.0.0", "no machine's address"},
    {"founder_broadcast", "10.0.0.12", "10.0.0.255", "no machine's address"},
    {"founder_twice", "10.0.0.12", "10.0.0.11", "10.0.0.11 is also the address of etcd-1"},
    {"founder_no_address", "10.0.0.12", "etcd-2.internal", "'etcd-2.internal' is no IP address"},
    {"founder_name", "etcd-2", "Etcd_2", "'Etcd_2' cannot name a machine"},
    {"founder_count", "      etcd-2: 10.0.0.12\n", "", "2 founders"},
    {"founders_list", "founders:\n      etcd-1: 10.0.0.11\n      etcd-2: 10.0.0.12\n      etcd-3: 10.0.0.13",
     "founders: [10.0.0.11]", "expected a mapping of names to addresses"},
    {"version_low", "version: 17", "version: 12", "expected a number from 13 to 18, found '12'"},
    {"version_text", "version: 17", "version: seventeen", "expected a number from 13 to 18"},
    {"synchronous", "synchronous: \"off\"", "synchronous: maybe",
     "expected one of off, on, strict, quorum, found 'maybe'"},
    {"parameter", "synchronous: \"off\"", "parameters: {port: 1}",
     "ingot.postgres.parameters.port cannot be set here"},
    {"parameter_name", "synchronous: \"off\"", "parameters: {'a b': 1}", "is no parameter of PostgreSQL"},
    {"parameter_value", "synchronous: \"off\"", "parameters: {work_mem: [1]}",
     "expected a text or a number, found a list"},
    {"parameter_twice", "synchronous: \"off\"", "parameters: {DateStyle: a, datestyle: b}",
     "is the same parameter as DateStyle"},
    {"owner", "owner: app", "owner: apo", "'apo' is not one of ingot.postgres.users (did you mean 'app'?)"},
    {"database_reserved", "- name: app\n        owner", "- name: postgres\n        owner",
     "'postgres' cannot name a database"},
    {"plain_password", "password: SCRAM-SHA-256$4096", "password: geheim$4096", "expected a SCRAM-SHA-256 verifier"},
    {"repository_type", "type: posix", "type: gcs", "'gcs' is not supported by this version"},
    {"repository_type_unknown", "type: posix", "type: tape", "'tape' is not posix, s3, sftp or host"},
    {"repository_twice", "- type: posix\n", "- {type: posix, path: /var/lib/pgbackrest}\n      - type: posix\n",
     "'/var/lib/pgbackrest' is given twice"},
    {"repository_of_another_kind", "- type: posix\n", "- type: posix\n        bucket: x\n",
     "unknown key 'ingot.backup.repositories[0].bucket'"},
    {"backup_host_outside", "- type: posix\n", "- {type: host, address: 10.0.1.41}\n      - type: posix\n",
     "the backup host 10.0.1.41 is not in 10.0.0.0/24"},
    {"backup_host_address", "- type: posix\n", "- {type: host, address: backup-1}\n      - type: posix\n",
     "'backup-1' is no IP address"},
    {"repository_path", "path: /var/lib/pgbackrest", "path: var/lib", "'var/lib' is no absolute path"},
    {"retention", "full: 2", "full: 0", "expected a number from 1 to 9999"},
    {"retention_both", "full: 2", "full: 2\n      days: 14", "give either full, a number of backups, or days"},
    {"schedule", "full: Sun 02:00", "full: Someday", "'Someday' is no time for backups"},
    {"schedule_off", "full: Sun 02:00", "full: 'off'", "there have to be full backups"},
    {"schedule_kind", "diff: daily 02:00", "dif: daily", "unknown key 'ingot.backup.schedule.dif'"},
    {"restore_test", "restore_test: Sun 02:00", "restore_test: 25:00", "'25:00' is no time for backups"},
    {"cipher_short", "cipher_pass: ", "cipher_pass: short #", "at least 16 printable"},
    {"standby_without_any_source", "  role: db",
     "  role: db\n  standby_of: {cluster: other, id: 11111111-0000-4000-8000-000000000000}",
     "there are neither endpoints nor a backup"},
    {"standby_without_credential", "  role: db",
     "  role: db\n  standby_of: {cluster: other, id: 11111111-0000-4000-8000-000000000000, endpoints: "
     "['10.9.0.1:5000'], "
     "ca: x, certificate: y}",
     "ingot.standby_of.key"},
    {"restore_without_target", "  role: db",
     "  role: db\n  restore: {cluster: other, id: 11111111-0000-4000-8000-000000000000, backup: {repositories: "
     "[{type: "
     "posix, path: /r}]}}",
     "ingot.restore.to"},
    {"restore_to_two_targets", "  role: db",
     "  role: db\n  restore: {cluster: other, id: 11111111-0000-4000-8000-000000000000, to: {xid: 7, lsn: 0/7}, "
     "backup: "
     "{repositories: [{type: posix, path: /r}]}}",
     "exactly one of time, lsn, name, xid"},
    {"restore_to_a_time_without_zone", "  role: db",
     "  role: db\n  restore: {cluster: other, id: 11111111-0000-4000-8000-000000000000, to: {time: '2026-11-28 "
     "01:02:03'}, "
     "backup: {repositories: [{type: posix, path: /r}]}}",
     "a time with its zone"},
    {"hba_without_tls",
     "synchronous:", "hba: [host all all 10.0.0.0/8 scram-sha-256]\n    synchronous:", "TLS is always on"},
    {"hba_trust",
     "synchronous:", "hba: [hostssl all all 10.0.0.0/8 trust]\n    synchronous:", "'trust' is not one of"},
    {"hba_replication",
     "synchronous:", "hba: [hostssl replication app 10.0.0.0/8 scram-sha-256]\n    synchronous:", "by certificate"},
    {"failover", "synchronous:", "failover: instantly\n    synchronous:", "ingot.postgres.failover"},
    {"delayed", "synchronous:", "delayed: soon\n    synchronous:", "'soon' is no duration"},
    {"extension", "owner: app", "owner: app\n        extensions: [Robert'); DROP]", "cannot name an extension"},
    {"unknown_key", "  postgres:", "  postgress:", "unknown key 'ingot.postgress' (did you mean 'postgres'?)"},
    {"unknown_inner_key",
     "synchronous:", "synchronus:", "unknown key 'ingot.postgres.synchronus' (did you mean 'synchronous'?)"},
    {"unknown_pki_key", "    proxy_ca:", "    tokenx: x\n    proxy_ca:", "unknown key 'ingot.pki.tokenx'"},
    {"ports_equal", "  role: db", "  role: db\n  proxy: {ports: {primary: 5001}}", "5001 is also the primary port"},
    {"port_range", "  role: db", "  role: db\n  proxy: {ports: {pool: 65536}}", "expected a number from 1 to 65535"},
    {"pool", "  role: db", "  role: db\n  proxy: {pool: {size: 0}}", "expected a number from 1 to 100000"},
    {"duplicate", "  role: db", "  role: db\n  role: db", "duplicate key 'role', first given in line 5"},
};

INSTANTIATE_TEST_SUITE_P(IngotSection, OneMistake, testing::ValuesIn([] {
                             auto changes = kChanges;
                             // These change what the founders are held against, too: counted below.
                             std::erase_if(changes, [](const Change& change) {
                                 return change.fault.empty() || change.name == "cluster_of_other_ca" ||
                                        change.name == "network_all";
                             });
                             return changes;
                         }()),
                         [](const auto& param_info) { return param_info.param.name; });

TEST(IngotSection, ReportsWhatFollowsFromAWrongNetworkToo) {
    for (const auto* network :
         {"10.0.0.0/30", "127.0.0.0/24", "10.0.1.0/24", "0.0.0.0/0", "224.0.0.0/8", "fe80::/64"}) {
        EXPECT_FALSE(faults_of_section(changed(user_data(Role::db), "10.0.0.0/24", network)).empty()) << network;
    }
}

TEST(IngotSection, ReportsEveryMistakeAtOnce) {
    auto text = user_data(Role::db);
    text = changed(text, "role: db", "role: database");
    text = changed(text, "10.0.0.12", "10.0.1.12");
    text = changed(text, "  postgres:", "  postgress:");
    text = changed(text, "full: 2", "full: none");
    text = changed(text, "cluster: orders", "cluster: Orders");
    EXPECT_THAT(faults_of_section(text),
                ElementsAre(HasSubstr("u:3:12: ingot.cluster"), HasSubstr("u:5:9: ingot.role"),
                            HasSubstr("u:10:15: ingot.etcd.founders.etcd-2"), HasSubstr("u:12:3: unknown key"),
                            HasSubstr("u:27:13: ingot.backup.retention.full")));
}

TEST(IngotSection, HoldsCertificatesToTheirPlace) {
    const auto& authorities = made().secrets.authorities;
    const auto with_pki = [&](const std::string& etcd, const std::string& db, const std::string& proxy,
                              const std::string& db_key) {
        // The slots are swapped in the text, because the renderer would not write such a file.
        auto text = user_data(Role::etcd);
        const auto indented = [](const std::string& pem, std::string_view margin) {
            return text::replace_all(pem.substr(0, pem.size() - 1), "\n", "\n" + std::string(margin));
        };
        const auto section = text.find("  pki:\n");
        const auto keys = text.find("    keys:\n");
        text = text.substr(0, section) + "  pki:\n    etcd_ca: |\n      " + indented(etcd, "      ") +
               "\n    db_ca: |\n      " + indented(db, "      ") + "\n    proxy_ca: |\n      " +
               indented(proxy, "      ") + "\n" + text.substr(keys);
        const auto own = indented(authorities.at(Role::db).current.key_pem.reveal(), "        ");
        return faults_of_section(changed(text, own, indented(db_key, "        ")));
    };
    const auto& etcd = authorities.at(Role::etcd).current;
    const auto& db = authorities.at(Role::db).current;
    const auto& proxy = authorities.at(Role::proxy).current;
    const auto db_key = db.key_pem.reveal();
    EXPECT_THAT(with_pki(etcd.certificate_pem, db.certificate_pem, proxy.certificate_pem, db_key),
                testing::IsEmpty());
    EXPECT_THAT(with_pki(etcd.certificate_pem, proxy.certificate_pem, proxy.certificate_pem, db_key),
                ElementsAre(HasSubstr("ingot.pki.db_ca: this is the CA CN=orders proxy CA,OU=proxy,O=orders, "
                                      "expected one of OU=db,O=orders")));
    EXPECT_THAT(with_pki(etcd.certificate_pem, db_key, proxy.certificate_pem, db_key),
                ElementsAre(HasSubstr("a private key stands where a certificate belongs")));
    const auto next = crypto::make_ca("orders", "db", kNow).value();
    EXPECT_THAT(
        with_pki(etcd.certificate_pem, db.certificate_pem + next.certificate_pem, proxy.certificate_pem, db_key),
        testing::IsEmpty());
    EXPECT_THAT(
        with_pki(etcd.certificate_pem, next.certificate_pem + db.certificate_pem, proxy.certificate_pem, db_key),
        ElementsAre(HasSubstr("ingot.pki.keys.db: the key does not belong to the certificate")));
    EXPECT_THAT(with_pki(etcd.certificate_pem,
                         db.certificate_pem + db.certificate_pem + db.certificate_pem + db.certificate_pem,
                         proxy.certificate_pem, db_key),
                ElementsAre(HasSubstr("4 certificates, expected at most 3")));
    EXPECT_THAT(with_pki(etcd.certificate_pem, db.certificate_pem, proxy.certificate_pem, proxy.key_pem.reveal()),
                ElementsAre(HasSubstr("ingot.pki.keys.db: the key does not belong to the certificate")));
    EXPECT_THAT(with_pki(etcd.certificate_pem, db.certificate_pem, proxy.certificate_pem, "junk\n"),
                ElementsAre(HasSubstr("ingot.pki.keys.db: not a PEM private key")));
    const auto leaf = crypto::issue_leaf(db, {.cluster = "orders", .role = "db", .common_name = "x"}, kNow).value();
    EXPECT_THAT(with_pki(etcd.certificate_pem, leaf.certificate_pem, proxy.certificate_pem, db_key),
                ElementsAre(HasSubstr("CN=x,OU=db,O=orders is a certificate, but not of a CA")));
}

TEST(IngotSection, NeverShowsASecret) {
    auto text = changed(user_data(Role::db), "password: SCRAM", "password: hunter2");
    text = changed(text, "cipher_pass: ", "cipher_pass: hunter3 #");
    const auto faults = text::join(faults_of_section(text), "\n");
    EXPECT_THAT(faults, HasSubstr("verifier"));
    EXPECT_THAT(faults, testing::Not(HasSubstr("hunter")));
}

TEST(IngotSection, WarnsOfAMissingBackup) {
    const auto text = user_data(Role::db);
    const auto start = text.find("  backup:\n");
    const auto end = text.find("  pki:\n");
    const auto without = parse(text.substr(0, start) + text.substr(end), "u");
    ASSERT_TRUE(without.has_value());
    EXPECT_THAT(without->warnings, ElementsAre(HasSubstr("nothing will be backed up")));
}

TEST(IngotSection, RefusesAKeyOutsideOfEtcdAndADbNodeWithoutToken) {
    const auto text = user_data(Role::db);
    auto pem = made().secrets.authorities.at(Role::db).current.key_pem.reveal();
    pem.pop_back();
    const auto key = "    keys:\n      db: |\n        " + text::replace_all(pem, "\n", "\n        ") + "\n";
    EXPECT_THAT(faults_of_section(text + key),
                ElementsAre(HasSubstr("CA keys do not belong in the user-data of role db")));
    // The user-data of earlier versions: a key, and no token.
    const auto before = text.substr(0, text.find("    token:\n")) + key;
    EXPECT_THAT(faults_of_section(before),
                ElementsAre(HasSubstr("the token of role db is missing"),
                            HasSubstr("CA keys do not belong in the user-data of role db")));
    EXPECT_THAT(faults_of_section(changed(text, "role: db", "role: etcd")),
                testing::IsSupersetOf({HasSubstr("the keys of the three CAs are missing"),
                                       HasSubstr("the tokens of the other roles are missing")}));
}

} // namespace
} // namespace ingot::cloud_init
