#include "firstboot/proxy/hold.hpp"

#include <gtest/gtest.h>

#include "firstboot/proxy/console.hpp"
#include "firstboot/proxy/figures.hpp"

namespace ingot::firstboot::proxy {
namespace {

const Endpoint kOld{"10.0.0.21"};
const Endpoint kNew{"10.0.0.22"};
using namespace std::chrono_literals;

TEST(Hold, FollowsTheTable) {
    struct Row {
        const char* what;
        HoldView view;
        HoldStep step;
    };
    const HoldView held{.etcd_answers = true, .requested = "a", .held = "a", .held_for = 2s, .led_before = {kOld}};
    const auto with = [&held](auto change) {
        auto view = held;
        change(view);
        return view;
    };
    const Row rows[] = {
        {"nothing is asked", {.etcd_answers = true}, HoldStep::none},
        {"etcd is silent", {.requested = "a"}, HoldStep::none},
        {"asked for", {.etcd_answers = true, .requested = "a"}, HoldStep::hold},
        {"that one is over", {.etcd_answers = true, .requested = "a", .over = "a"}, HoldStep::none},
        {"the next one", {.etcd_answers = true, .requested = "b", .over = "a"}, HoldStep::hold},
        {"the old leader still leads", with([](auto& view) { view.leading_now = {kOld}; }), HoldStep::none},
        {"nobody leads", held, HoldStep::none},
        {"another leads", with([](auto& view) { view.leading_now = {kNew}; }), HoldStep::release},
        {"checks find both", with([](auto& view) { view.leading_now = {kOld, kNew}; }), HoldStep::none},
        {"the request is gone, the old one leads", with([](auto& view) {
             view.requested.reset();
             view.leading_now = {kOld};
         }),
         HoldStep::release},
        {"the request is gone, nobody leads", with([](auto& view) { view.requested.reset(); }), HoldStep::none},
        {"etcd is gone, the old one leads", with([](auto& view) {
             view.etcd_answers = false;
             view.requested.reset();
             view.leading_now = {kOld};
         }),
         HoldStep::none},
        {"too long, nobody leads", with([](auto& view) { view.held_for = kPauseTtl; }), HoldStep::release},
        {"too long, etcd is gone", with([](auto& view) {
             view.held_for = kPauseTtl;
             view.etcd_answers = false;
         }),
         HoldStep::release},
    };
    for (const auto& [what, view, step] : rows) { EXPECT_EQ(decide_hold(view), step) << what; }
}

TEST(PoolConsole, IsReadAsRows) {
    const auto rows =
        rows_from_csv("database,user,cl_active,note\napp,app,3,\"a, \"\"b\"\"\"\nshort,row\norders,app,0,\n");
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].at("cl_active"), "3");
    EXPECT_EQ(rows[0].at("note"), "a, \"b\"");
    EXPECT_EQ(rows[1].at("database"), "orders");
    EXPECT_TRUE(rows_from_csv("").empty());
}

TEST(ProxyFigures, NameThePoolAndLeaveTheConsoleOut) {
    PoolTables write{.pool = Pool::write, .up = true};
    write.pools = {{{"database", "app"}, {"user", "app"}, {"cl_waiting", "2"}},
                   {{"database", "pgbouncer"}, {"user", "pgbouncer"}, {"cl_waiting", "9"}}};
    write.stats = {{{"database", "app"}, {"total_wait_time", "1500000"}}};
    const auto text = metrics::to_text(figures_from({write, {.pool = Pool::read}}));
    EXPECT_NE(text.find("pgbouncer_up{pool=\"write\"} 1\npgbouncer_up{pool=\"read\"} 0\n"), std::string::npos)
        << text;
    EXPECT_NE(
        text.find("pgbouncer_pools_client_waiting_connections{database=\"app\",pool=\"write\",user=\"app\"} 2\n"),
        std::string::npos)
        << text;
    EXPECT_NE(text.find("pgbouncer_stats_client_wait_seconds_total{database=\"app\",pool=\"write\"} 1.5\n"),
              std::string::npos)
        << text;
    EXPECT_EQ(text.find("database=\"pgbouncer\""), std::string::npos);
}

} // namespace
} // namespace ingot::firstboot::proxy
