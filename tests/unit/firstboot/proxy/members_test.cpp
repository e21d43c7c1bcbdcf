#include "firstboot/proxy/members.hpp"

#include <gtest/gtest.h>

namespace ingot::firstboot::proxy {
namespace {

TEST(Members, AreReadFromWhatPatroniAnnounces) {
    const std::vector<KeyValue> entries = {
        {.key = "/service/orders/members/db-1",
         .value = R"({"conn_url":"postgres://10.0.0.21:5432/postgres","api_url":"https://10.0.0.21:8008/patroni",)"
                  R"("state":"running","role":"replica","version":"4.0.7"})"},
        {.key = "/service/orders/members/db-2",
         .value = R"({"conn_url":"postgres://10.0.0.22:5432/postgres","state":"stopped"})"},
        {.key = "/service/orders/members/db-3", .value = "not json"},
        {.key = "/service/orders/members/db-4", .value = R"({"state":"stopped"})"},
        {.key = "/service/orders/members/db-5", .value = R"({"conn_url":"postgres://10.0.0.21:5432/postgres"})"},
    };
    // A member that is stopped is listed: checks decide, not the list.
    EXPECT_EQ(members_from(entries), (std::vector<Endpoint>{{"10.0.0.21", 5432}, {"10.0.0.22", 5432}}));
}

TEST(Members, NameTheLeaderByItsKey) {
    const std::string prefix = "/service/orders/";
    const KeyValue member{.key = prefix + "members/db-2",
                          .value = R"({"conn_url":"postgres://10.0.0.22:5432/postgres"})"};
    EXPECT_EQ(leader_from({{.key = prefix + "leader", .value = "db-2"}, member}, prefix),
              (Endpoint{"10.0.0.22", 5432}));
    EXPECT_FALSE(leader_from({{.key = prefix + "leader", .value = "db-1"}, member}, prefix).has_value());
    EXPECT_FALSE(leader_from({member}, prefix).has_value());
}

TEST(Members, TakeAddressesOnlyFromUrls) {
    EXPECT_EQ(endpoint_from_url("postgres://10.0.0.21:5432/postgres"), (Endpoint{"10.0.0.21", 5432}));
    EXPECT_EQ(endpoint_from_url("postgres://u:p@10.0.0.21:5433/x?sslmode=on"), (Endpoint{"10.0.0.21", 5433}));
    EXPECT_EQ(endpoint_from_url("postgres://[fd00::21]:5432/postgres"), (Endpoint{"fd00::21", 5432}));
    for (const auto* url : {"", "10.0.0.21:5432", "postgres://db-1:5432/postgres", "postgres://10.0.0.21/postgres",
                            "postgres://10.0.0.21:0/x", "postgres://10.0.0.21:65536/x", "postgres://:5432/x",
                            "postgres://10.0.0.21 state ready:5432/x", "postgres://10.0.0.21\nshutdown:5432/x"}) {
        EXPECT_FALSE(endpoint_from_url(url).has_value()) << url;
    }
}

TEST(Members, ShareWhatPatroniAllowsInConnections) {
    EXPECT_EQ(max_connections_from(R"({"ttl":20,"postgresql":{"parameters":{"max_connections":"409"}}})"), 409);
    EXPECT_EQ(max_connections_from(R"({"postgresql":{"parameters":{"max_connections":200}}})"), 200);
    for (const auto* text : {"", "[]", "{}", R"({"postgresql":{"parameters":{"max_connections":"many"}}})",
                             R"({"postgresql":{"parameters":{"max_connections":-1}}})"}) {
        EXPECT_FALSE(max_connections_from(text).has_value()) << text;
    }
}

} // namespace
} // namespace ingot::firstboot::proxy
