#include "cloud-init/userdata/rules.hpp"

#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace ingot::cloud_init {
namespace {

struct Rule {
    std::string name;
    std::function<bool(std::string_view)> holds;
    std::vector<std::string> good;
    std::vector<std::string> bad;
};

std::ostream& operator<<(std::ostream& out, const Rule& rule) { return out << rule.name; }

class Rules : public testing::TestWithParam<Rule> {};

TEST_P(Rules, TellGoodFromBad) {
    for (const auto& text : GetParam().good) { EXPECT_TRUE(GetParam().holds(text)) << "'" << text << "'"; }
    for (const auto& text : GetParam().bad) { EXPECT_FALSE(GetParam().holds(text)) << "'" << text << "'"; }
}

const std::vector<Rule> kRules = {
    {"cluster_name",
     is_cluster_name,
     {"a", "orders", "orders-eu-1", std::string(31, 'a')},
     {"", "Orders", "1a", "-a", "a-", "a_b", "a.b", "a b", "ä", "a\n", std::string(32, 'a')}},
    {"host_label",
     is_host_label,
     {"1", "etcd-1", std::string(63, 'a')},
     {"", "-a", "a-", "A", "a.b", std::string(64, 'a')}},
    {"host_name",
     [](std::string_view text) { return is_host_name(text, 64); },
     {"db-1", "DB-1.orders.internal"},
     {"", ".", "a..b", "a.", ".a", "a b", "a\nb", "münchen", "a_b", std::string(64, 'a')}},
    {"database_name",
     is_database_name,
     {"app", "_x", "a-b_c1"},
     {"", "1a", "App", "a b", "a\"b", "a;b", "a'b", std::string(64, 'a')}},
    {"account_name", is_account_name, {"ann", "_apt", "a.b-c_1"}, {"", "Ann", "1a", "a:b", "a/b", "a\n", "-a"}},
    {"absolute_path",
     is_absolute_path,
     {"/a", "/var/lib/pg backrest", "/a/..b", "/ä"},
     {"", "/", "a", "./a", "//a", "/a//b", "/a/", "/../a", "/a/./b", "/a/..", "/a\nb", std::string("/a\0b", 4), "~/a",
      "/" + std::string(1024, 'a')}},
    {"uuid",
     is_uuid,
     {"123e4567-e89b-42d3-a456-426614174000"},
     {"", "123E4567-e89b-42d3-a456-426614174000", "123e4567e89b42d3a456426614174000",
      "123e4567-e89b-42d3-a456-42661417400g", "{123e4567-e89b-42d3-a456-426614174000}"}},
    {"ssh_key",
     is_ssh_key,
     {"ssh-ed25519 AAAAC3Nz me@host", "ssh-rsa AAAAB3Nz", "sk-ssh-ed25519@openssh.com AAAA",
      "ecdsa-sha2-nistp256 AAAA x", "from=\"10.0.0.0/8\",no-pty ssh-ed25519 AAAAC3Nz"},
     {"", "ssh-ed25519", "AAAAC3Nz", "ssh-ed25519 BBBB", "/root/.ssh/id.pub", "ssh-ed25519 AAAA\nssh-rsa AAAA",
      "-----BEGIN OPENSSH PRIVATE KEY-----"}},
    {"parameter_name",
     is_parameter_name,
     {"work_mem", "DateStyle", "auto_explain.log_analyze"},
     {"", "a b", "a=b", "a.b.c", "a.", "1a", "a'"}},
    {"free_parameter",
     [](std::string_view name) { return !why_controlled_parameter(name); },
     {"work_mem", "shared_buffers", "max_connections", "shared_preload_libraries", "synchronous_commit", "sslow"},
     {"listen_addresses",
      "port",
      "PORT",
      "archive_command",
      "archive_mode",
      "ssl",
      "ssl_cert_file",
      "SSL_ca_file",
      "primary_conninfo",
      "primary_slot_name",
      "hot_standby",
      "wal_level",
      "cluster_name",
      "restore_command",
      "data_directory",
      "hba_file",
      "ident_file",
      "unix_socket_directories",
      "recovery_target_time",
      "synchronous_standby_names",
      "include"}},
    {"free_role",
     [](std::string_view name) { return !why_reserved_role(name); },
     {"app", "postgrest"},
     {"postgres", "pg_monitor", "ingot_pool", "public", "replicator"}},
    {"free_database",
     [](std::string_view name) { return !why_reserved_database(name); },
     {"app"},
     {"postgres", "template0", "template1", "pgbouncer", "all", "replication"}},
};

INSTANTIATE_TEST_SUITE_P(UserData, Rules, testing::ValuesIn(kRules),
                         [](const auto& param_info) { return param_info.param.name; });

} // namespace
} // namespace ingot::cloud_init
