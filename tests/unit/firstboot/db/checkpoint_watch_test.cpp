#include "firstboot/db/checkpoint_watch.hpp"

#include <gtest/gtest.h>

namespace ingot::firstboot::db {
namespace {

using namespace std::chrono_literals;

Listing patronis_keys(const std::string& leader, const std::string& failover, const std::string& sync,
                      const std::string& state = "running") {
    return {.entries = {{.key = "/service/orders/leader", .value = leader},
                        {.key = "/service/orders/failover", .value = failover},
                        {.key = "/service/orders/sync", .value = sync},
                        {.key = "/service/orders/members/db-1", .value = R"({"state":"running"})"},
                        {.key = "/service/orders/members/db-2", .value = R"({"state":")" + state + R"("})"}}};
}

TEST(CheckpointWatch, IsPatientExceptWithALeaderThatShallHandOverAndTakesNoWrites) {
    const std::string asked = R"({"leader":"db-1","member":"db-2"})";
    const std::string sync = R"({"leader":"db-1","sync_standby":"db-2"})";
    constexpr std::uint64_t kDisk = 100ULL << 30U;
    const Room full{.free_bytes = 0, .disk_bytes = kDisk};
    const Room room{.free_bytes = kDisk / 2, .disk_bytes = kDisk};
    struct Row {
        const char* why;
        Listing listing;
        Room room;
        std::optional<std::chrono::seconds> patience;
    };
    const Row rows[] = {
        {"A: another one leads", patronis_keys("db-2", asked, sync), full, std::nullopt},
        {"A: nobody leads", patronis_keys("", asked, sync), full, std::nullopt},
        {"B: not asked", patronis_keys("db-1", "", sync), full, std::nullopt},
        {"B: no longer asked", patronis_keys("db-1", "{}", sync), full, std::nullopt},
        {"B: that was for an earlier leader", patronis_keys("db-1", R"({"leader":"db-2"})", sync), full,
         std::nullopt},
        {"B: a failover names no leader", patronis_keys("db-1", R"({"member":"db-2"})", sync), full, std::nullopt},
        {"C: not synchronous", patronis_keys("db-1", asked, R"({"leader":"db-1","sync_standby":""})"), full,
         std::nullopt},
        {"C: never synchronous", patronis_keys("db-1", asked, ""), full, std::nullopt},
        {"C: another one is synchronous", patronis_keys("db-1", asked, R"({"sync_standby":"db-3"})"), full,
         std::nullopt},
        {"C: the synchronous one is not up", patronis_keys("db-1", asked, sync, "starting"), full, std::nullopt},
        {"D", patronis_keys("db-1", asked, sync), full, 30s},
        {"E", patronis_keys("db-1", asked, sync), room, 600s},
        {"E: nobody knows the room", patronis_keys("db-1", asked, sync), Room{}, 600s},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(checkpoint_patience(leadership_from("orders", row.listing), "db-1", row.room), row.patience)
            << row.why;
    }
}

TEST(CheckpointWatch, CancelsWhatItFoundAndNothingElse) {
    const auto script = render_cancel_checkpoint(30s);
    // Asked side by side with the others, the server might cancel first and compare then.
    EXPECT_NE(script.find("WITH late AS MATERIALIZED ("), std::string::npos) << script;
    EXPECT_NE(
        script.find("query_start < now() - interval '30 s') SELECT pid FROM late WHERE pg_cancel_backend(pid);"),
        std::string::npos)
        << script;
}

} // namespace
} // namespace ingot::firstboot::db
