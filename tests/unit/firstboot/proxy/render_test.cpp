#include "firstboot/proxy/render.hpp"

#include <gtest/gtest.h>

#include "common/text/text.hpp"
#include "firstboot/proxy/pool.hpp"
#include "tests/support/golden.hpp"
#include "tests/unit/firstboot/proxy/sample.hpp"

namespace ingot::firstboot::proxy {
namespace {

const Layout kLayout = {{1, {"10.0.0.21"}}, {2, {"10.0.0.22"}}, {4, {"fd00::24", 5433}}};

TEST(HaproxyConfig, WithoutMembersIsAsAccepted) {
    tests::expect_golden("proxy/haproxy-empty.cfg", render_haproxy(sample_node(), {}));
}

TEST(HaproxyConfig, WithMembersIsAsAccepted) {
    tests::expect_golden("proxy/haproxy.cfg", render_haproxy(sample_node(), kLayout));
}

TEST(HaproxyConfig, LetsNoServerTakeTrafficAtAStart) {
    for (const auto& line : text::lines(render_haproxy(sample_node(), kLayout))) {
        if (line.starts_with("    server")) { EXPECT_TRUE(line.ends_with(" disabled")) << line; }
    }
}

TEST(HaproxyConfig, RemembersItsMembers) {
    EXPECT_EQ(layout_from_config(render_haproxy(sample_node(), kLayout)), kLayout);
    Layout full;
    for (int number = 1; number <= kSlots; ++number) { full[number] = {"10.0.1." + std::to_string(number)}; }
    EXPECT_EQ(layout_from_config(render_haproxy(sample_node(), full)), full);
    EXPECT_TRUE(layout_from_config("").empty());
    EXPECT_TRUE(
        layout_from_config("backend primary\n    server db99 10.0.0.1:1 disabled\n    server dbx y\n").empty());
}

TEST(PgbouncerConfig, IsAsAccepted) {
    tests::expect_golden("proxy/pgbouncer.ini", render_pgbouncer(sample_node(), Pool::write, 160));
    tests::expect_golden("proxy/read-pool.ini", render_pgbouncer(sample_node(), Pool::read, 160));
}

TEST(PoolSizes, AreFourFifthsOfTheConnectionsSharedByProxiesAndDatabases) {
    struct Row {
        PoolShare share;
        PoolSizes sizes;
    };
    const Row rows[] = {
        {{.max_connections = 200}, {160, 160}},
        {{.max_connections = 500, .proxies = 3}, {133, 133}},
        {{}, {80, 80}},
        {{.max_connections = 200, .proxies = 0, .databases = 0}, {160, 160}},
        {{.max_connections = 200, .proxies = 2, .databases = 4}, {20, 20}},
        // One replica can be lost.
        {{.max_connections = 200, .replicas = 2}, {160, 160}},
        {{.max_connections = 200, .replicas = 5}, {160, 640}},
        // Without a replica both go to the leader: together no more than the share.
        {{.max_connections = 200, .replicas = 0}, {120, 40}},
        {{.max_connections = 200, .replicas = -1}, {120, 40}},
        {{.max_connections = 25, .proxies = 100}, {1, 1}},
        {{.asked = 42, .max_connections = 200, .proxies = 3, .replicas = 0}, {42, 42}},
    };
    for (const auto& [share, sizes] : rows) { EXPECT_EQ(pool_sizes(share), sizes); }
}

TEST(Hosts, GetOurLinesOnceAndKeepTheOthers) {
    const std::string others = "127.0.0.1 localhost\n# mine\n10.0.0.9 printer\n";
    const auto once = with_our_hosts(others, sample_node());
    EXPECT_EQ(once,
              others + "# ingot: begin\n10.0.0.31 primary.orders.internal replica.orders.internal\n# ingot: end\n");
    EXPECT_EQ(with_our_hosts(once, sample_node()), once);
    auto moved = sample_node();
    moved.address = "10.0.0.32";
    EXPECT_EQ(with_our_hosts(once, moved),
              others + "# ingot: begin\n10.0.0.32 primary.orders.internal replica.orders.internal\n# ingot: end\n");
    EXPECT_EQ(with_our_hosts("", sample_node()),
              "# ingot: begin\n10.0.0.31 primary.orders.internal replica.orders.internal\n# ingot: end\n");
}

} // namespace
} // namespace ingot::firstboot::proxy
