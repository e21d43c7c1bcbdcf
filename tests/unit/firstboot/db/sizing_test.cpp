#include "firstboot/db/sizing.hpp"

#include <gtest/gtest.h>

#include "tests/unit/firstboot/db/sample.hpp"

namespace ingot::firstboot::db {
namespace {

constexpr std::uint64_t kGiB = 1ULL << 30U;

TEST(Sizing, GivesAQuarterOfMemoryToPostgresAndCountsOnThreeQuarters) {
    struct Row {
        std::uint64_t memory;
        const char* shared;
        const char* cache;
        const char* maintenance;
        const char* work;
        int connections;
    };
    for (const auto& row : {
             Row{kGiB / 2, "128MB", "384MB", "64MB", "4MB", 100},
             Row{2 * kGiB, "512MB", "1536MB", "128MB", "5MB", 102},
             Row{8 * kGiB, "2048MB", "6144MB", "512MB", "5MB", 409},
             Row{64 * kGiB, "16384MB", "49152MB", "2048MB", "32MB", 500},
             Row{512 * kGiB, "131072MB", "393216MB", "2048MB", "64MB", 500},
         }) {
        const Machine machine{.memory_bytes = row.memory, .cpus = 4};
        const auto parameters = machine_parameters(sample_node(), machine);
        EXPECT_EQ(parameters.at("shared_buffers"), row.shared);
        EXPECT_EQ(parameters.at("effective_cache_size"), row.cache);
        EXPECT_EQ(parameters.at("maintenance_work_mem"), row.maintenance);
        EXPECT_EQ(parameters.at("work_mem"), row.work);
        EXPECT_EQ(max_connections(machine), row.connections);
    }
}

TEST(Sizing, LeavesMemoryToPostgresDefaultsWhenItIsUnknown) {
    const auto parameters = machine_parameters(sample_node(), {.cpus = 1});
    EXPECT_FALSE(parameters.contains("shared_buffers"));
    EXPECT_FALSE(parameters.contains("max_wal_size"));
}

TEST(Sizing, KeepsAForgottenSlotFromFillingTheDisk) {
    const auto small = machine_parameters(sample_node(), {.disk_bytes = 2 * kGiB});
    EXPECT_EQ(small.at("max_wal_size"), "1024MB");
    EXPECT_EQ(small.at("max_slot_wal_keep_size"), "1024MB");
    const auto large = machine_parameters(sample_node(), {.disk_bytes = 1000 * kGiB});
    EXPECT_EQ(large.at("max_wal_size"), "16384MB");
    EXPECT_EQ(large.at("max_slot_wal_keep_size"), "256000MB");
}

TEST(Sizing, PutsTheUsersParametersOverTheComputedOnesForAllMembers) {
    auto node = sample_node();
    node.config.postgres.parameters = {{"shared_buffers", "1GB"}, {"Max_Connections", "77"}, {"jit", "on"}};
    Machine machine{.memory_bytes = 8 * kGiB, .cpus = 2};
    const auto cluster = cluster_parameters(node, machine);
    EXPECT_EQ(cluster.at("shared_buffers"), "1GB");
    EXPECT_EQ(cluster.at("max_connections"), "77");
    EXPECT_EQ(cluster.at("jit"), "on");
    // In the machine's own part it would go before what etcd says.
    EXPECT_FALSE(machine_parameters(node, machine).contains("shared_buffers"));
    // Once there is a cluster, what it sets counts, and not what somebody booted later with.
    machine.set_for_all = {"random_page_cost"};
    EXPECT_TRUE(machine_parameters(node, machine).contains("shared_buffers"));
    EXPECT_FALSE(machine_parameters(node, machine).contains("random_page_cost"));
}

TEST(Sizing, ArchivesNowhereWithoutARepository) {
    auto node = sample_node();
    node.config.backup.repositories.clear();
    EXPECT_EQ(cluster_parameters(node, {}).at("archive_command"), "/bin/true");
    EXPECT_EQ(cluster_parameters(node, {}).at("archive_mode"), "on");
}

} // namespace
} // namespace ingot::firstboot::db
