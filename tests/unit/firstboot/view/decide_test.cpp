// Every row of decide.cpp's table.
#include "firstboot/view/decide.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/crypto/crypto.hpp"
#include "firstboot/join/leaf.hpp"

namespace ingot::firstboot::view {
namespace {

using testing::HasSubstr;

const clock::WallTime kNow = clock::WallTime(std::chrono::hours(500'000));
const Caller kProxy{.name = "proxy-1", .key_sha256 = "k", .addresses = {"10.0.0.31", "127.0.0.1"}};

std::string certificate(const std::string& cluster, const std::string& role, const std::string& name) {
    const auto ca = crypto::make_ca(cluster, role, kNow).value();
    return crypto::issue_leaf(
               ca, {.cluster = cluster, .role = role, .common_name = name, .ip_addresses = {"10.0.0.31"}}, kNow)
        ->certificate_pem;
}

/// What judge() makes of it; the reason of a refusal otherwise.
std::string verdict(const Question& question) {
    const auto judged = judge("orders", kProxy, question);
    if (judged) { return *judged == question ? "yes" : "yes, as " + to_json_line(*judged); }
    EXPECT_EQ(judged.error().kind, ErrorKind::refused);
    return judged.error().message;
}

TEST(ViewCaller, IsAProxyOfThisClusterByItsCertificate) {
    const auto caller = caller_from(certificate("orders", "proxy", "proxy-1"), "orders");
    ASSERT_TRUE(caller.has_value());
    EXPECT_EQ(caller->name, "proxy-1");
    EXPECT_EQ(caller->addresses, std::vector<std::string>{"10.0.0.31"});
    EXPECT_EQ(caller->key_sha256.size(), 64U);
    for (const auto& [cluster, role, name] :
         {std::tuple{"orders", "db", "proxy-1"}, std::tuple{"orders", "etcd", "proxy-1"},
          std::tuple{"others", "proxy", "proxy-1"}, std::tuple{"orders", "proxy", "proxy-1/../leader"},
          std::tuple{"orders", "proxy", "a/b"}}) {
        const auto refused = caller_from(certificate(cluster, role, name), "orders");
        ASSERT_FALSE(refused.has_value()) << cluster << role << name;
        EXPECT_EQ(refused.error().kind, ErrorKind::refused);
    }
    EXPECT_FALSE(caller_from("", "orders").has_value());
    EXPECT_FALSE(caller_from("rubbish", "orders").has_value());
}

TEST(ViewJudge, LetsAProxyReadWhatItNeeds) {
    for (const auto* const prefix :
         {"/service/orders/", "/service/orders/members/", "/service/orders/config", "/ingot/orders/proxies/",
          "/ingot/orders/switchover/", "/ingot/orders/switchover/paused/proxy-2", "/ingot/orders/backup/state"}) {
        EXPECT_EQ(verdict(List{.prefix = prefix}), "yes") << prefix;
        EXPECT_EQ(verdict(Wait{.prefix = prefix, .revision = 7}), "yes") << prefix;
    }
    EXPECT_EQ(verdict(Members{}), "yes");
}

TEST(ViewJudge, LetsItReadNothingElse) {
    for (const auto* const prefix :
         {"/", "/service/", "/service/orders", "/service/orders2/", "/service/order", "/ingot/orders/", "/ingot/",
          "/ingot/orders/trust/", "/ingot/orders/trust/names/proxy-1", "/ingot/orders/backup/",
          "/ingot/orders/backup/state2", "/ingot/orders/proxies", "/ingot/others/proxies/", "/ingot/orders/etcd/"}) {
        EXPECT_THAT(verdict(List{.prefix = prefix}), HasSubstr("does not read")) << prefix;
        EXPECT_THAT(verdict(Wait{.prefix = prefix}), HasSubstr("does not read")) << prefix;
    }
}

TEST(ViewJudge, LetsItAnnounceThatItIsAtItsOwnAddress) {
    const std::string own = "/ingot/orders/proxies/proxy-1";
    EXPECT_EQ(verdict(Announce{.key = own, .value = "10.0.0.31"}), "yes");
    for (const auto* const elsewhere : {"10.0.0.32", "127.0.0.1", "", "10.0.0.31 ", "10.0.0.31\n"}) {
        EXPECT_THAT(verdict(Announce{.key = own, .value = elsewhere}), HasSubstr("is not at the address"))
            << elsewhere;
    }
}

TEST(ViewJudge, LetsItAnswerASwitchoverInOneWayOfWriting) {
    const std::string own = "/ingot/orders/switchover/paused/proxy-1";
    EXPECT_EQ(verdict(Announce{.key = own, .value = R"({"id":"a1","state":"paused"})"}), "yes");
    EXPECT_EQ(verdict(Announce{.key = own, .value = R"({"id":"a1","state":"busy"})"}), "yes");
    EXPECT_EQ(verdict(Announce{.key = own, .value = R"({"more": [1], "state":"busy", "id":"a1"})"}),
              "yes, as " + to_json_line(Question(Announce{.key = own, .value = R"({"id":"a1","state":"busy"})"})));
    for (const auto* const value : {"", "rubbish", "{}", R"({"id":"","state":"paused"})", R"({"id":"a1"})",
                                    R"({"id":"a1","state":"else"})", R"({"id":7,"state":"paused"})"}) {
        EXPECT_NE(verdict(Announce{.key = own, .value = value}).substr(0, 3), "yes") << value;
    }
    const auto long_id = R"({"state":"paused","id":")" + std::string(65, 'a') + R"("})";
    EXPECT_NE(verdict(Announce{.key = own, .value = long_id}).substr(0, 3), "yes");
}

TEST(ViewJudge, LetsItWriteNothingElse) {
    for (const auto* const key :
         {"/service/orders/leader", "/service/orders/failover", "/service/orders/config",
          "/service/orders/members/proxy-1", "/ingot/orders/proxies/proxy-2", "/ingot/orders/proxies/proxy-11",
          "/ingot/orders/proxies/proxy-1/", "/ingot/orders/proxies/", "/ingot/orders/switchover/pause",
          "/ingot/orders/switchover/paused/proxy-2", "/ingot/orders/trust/names/proxy-1",
          "/ingot/orders/trust/revoked/proxy-1", "/ingot/others/proxies/proxy-1"}) {
        for (const auto* const value : {"10.0.0.31", R"({"id":"a1","state":"paused"})"}) {
            EXPECT_THAT(verdict(Announce{.key = key, .value = value}), HasSubstr("does not write")) << key;
        }
        EXPECT_THAT(verdict(Withdraw{.key = key}), HasSubstr("does not write")) << key;
    }
    EXPECT_EQ(verdict(Withdraw{.key = "/ingot/orders/proxies/proxy-1"}), "yes");
    EXPECT_EQ(verdict(Withdraw{.key = "/ingot/orders/switchover/paused/proxy-1"}), "yes");
}

} // namespace
} // namespace ingot::firstboot::view
