#include "firstboot/overview/overview.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::firstboot::overview {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Sources sample() {
    return {
        .cluster = "orders",
        .patroni = {{.key = "/service/orders/config", .value = R"({"ttl": 20})"},
                    {.key = "/service/orders/leader", .value = "db-2"},
                    {.key = "/service/orders/members/db-1",
                     .value =
                         R"({"conn_url": "postgres://10.0.0.21:5432/postgres", "state": "running", "role": "replica",
                                      "replication_state": "streaming", "timeline": 3, "xlog_location": 1000})"},
                    {.key = "/service/orders/members/db-2",
                     .value =
                         R"({"conn_url": "postgres://10.0.0.22:5432/postgres", "state": "running", "role": "primary",
                                      "timeline": 3, "xlog_location": 2048})"},
                    {.key = "/service/orders/members/db-3",
                     .value = R"({"conn_url": "postgres://[fd00::23]:5432/postgres", "state": "creating replica",
                                      "role": "replica", "tags": {"nofailover": true, "noloadbalance": true}})"},
                    {.key = "/service/orders/members/db-4", .value = "not JSON"},
                    {.key = "/service/orders/status", .value = R"({"optime": 2024})"},
                    {.key = "/service/orders/sync", .value = R"({"leader": "db-2", "sync_standby": "db-1"})"}},
        .ingot = {{.key = "/ingot/orders/backup/state", .value = R"({"first_full": "20261128-010203F"})"},
                  {.key = "/ingot/orders/proxies/proxy-1", .value = "10.0.0.31"}},
        .etcd = {{.id = 2, .name = "etcd-2", .client_urls = {"https://10.0.0.12:2379"}},
                 {.id = 1, .name = "etcd-1", .client_urls = {"https://10.0.0.11:2379"}},
                 {.id = 3, .peer_urls = {"https://10.0.0.13:2380"}, .learner = true}}};
}

TEST(Overview, HasARowForEachMachineWithTheLeaderFirst) {
    EXPECT_THAT(
        rows_of(sample()),
        ElementsAre(
            Row{.name = "(not started)", .role = "etcd", .address = "10.0.0.13", .state = "learner"},
            Row{.name = "etcd-1", .role = "etcd", .address = "10.0.0.11", .state = "member"},
            Row{.name = "etcd-2", .role = "etcd", .address = "10.0.0.12", .state = "member"},
            Row{.name = "db-2", .role = "db", .address = "10.0.0.22", .state = "leads", .detail = "timeline 3"},
            Row{.name = "db-1",
                .role = "db",
                .address = "10.0.0.21",
                .state = "streaming",
                .detail = "timeline 3, lag 1.0 kB, synchronous"},
            Row{.name = "db-3",
                .role = "db",
                .address = "fd00::23",
                .state = "creating replica",
                .detail = "never leads, takes no reads"},
            Row{.name = "proxy-1", .role = "proxy", .address = "10.0.0.31", .state = "routes"}));
    EXPECT_THAT(remarks_of(sample()), IsEmpty());
}

TEST(Overview, SaysWhatIsTheMatterWithTheWhole) {
    auto sources = sample();
    sources.patroni = {
        {.key = "/service/orders/config", .value = R"({"pause": true, "standby_cluster": {"host": "x"}})"}};
    sources.ingot.clear();
    EXPECT_EQ(remarks_of(sources).size(), 4U);
    EXPECT_EQ(to_screen_text({}, {"nobody leads"}), "ROLE  NODE  ADDRESS  STATE  DETAIL\n! nobody leads\n");
}

} // namespace
} // namespace ingot::firstboot::overview
