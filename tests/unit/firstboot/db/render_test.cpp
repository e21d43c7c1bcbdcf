#include "firstboot/db/render.hpp"

#include <gtest/gtest.h>

#include "tests/support/golden.hpp"
#include "tests/unit/firstboot/db/sample.hpp"

namespace ingot::firstboot::db {
namespace {

constexpr Machine kMachine{.memory_bytes = 8ULL << 30U, .cpus = 4, .disk_bytes = 160ULL << 30U};

TEST(PatroniConfig, IsAsAccepted) { tests::expect_golden("db/patroni.yml", render_patroni(sample_node(), kMachine)); }

TEST(PatroniConfig, OfAStrictClusterWithWatchdogAndWithoutRepositoryIsAsAccepted) {
    auto node = sample_node();
    node.config.postgres.synchronous = cloud_init::Synchronous::strict;
    node.config.postgres.version = 15;
    node.config.postgres.parameters = {{"work_mem", "32MB"}, {"log_min_duration_statement", "250"}};
    node.config.backup.repositories.clear();
    auto machine = kMachine;
    machine.has_watchdog = true;
    tests::expect_golden("db/patroni-strict.yml", render_patroni(node, machine));
}

TEST(PatroniConfig, NeverHoldsAPassword) {
    const auto text = render_patroni(sample_node(), kMachine);
    EXPECT_EQ(text.find("password:"), std::string::npos);
    EXPECT_EQ(text.find("trust"), std::string::npos);
}

TEST(PatroniConfig, LetsNobodyInWithoutTls) {
    const auto text = render_patroni(sample_node(), kMachine);
    EXPECT_EQ(text.find("- host "), std::string::npos);
    EXPECT_EQ(text.find("- hostnossl"), std::string::npos);
}

TEST(PgBackRestConfig, IsAsAccepted) {
    tests::expect_golden("db/pgbackrest.conf", render_pgbackrest(sample_node(), kMachine));
}

TEST(PgBackRestConfig, WithTwoEncryptedRepositoriesIsAsAccepted) {
    auto node = sample_node();
    node.cpus = 16;
    node.config.backup = {.repositories = {{.path = "/mnt/near"}, {.path = "/mnt/far/"}},
                          .cipher_pass = crypto::Secret("correct horse"),
                          .retention = {.full = 4}};
    tests::expect_golden("db/pgbackrest-two.conf", render_pgbackrest(node, kMachine));
}

TEST(PgBackRestConfig, IsNotNeededWithoutARepository) {
    auto node = sample_node();
    EXPECT_TRUE(has_repository(node));
    node.config.backup.repositories.clear();
    EXPECT_FALSE(has_repository(node));
}

} // namespace
} // namespace ingot::firstboot::db
