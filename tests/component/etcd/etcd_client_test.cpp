#include "firstboot/coordination/etcd_client.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

#include <gtest/gtest.h>

#include "tests/component/etcd/etcd_cluster.hpp"

namespace ingot::firstboot {
namespace {

using namespace std::chrono_literals;

class RealEtcd : public testing::Test {
  protected:
    void SetUp() override {
        if (!test::find_etcd()) { GTEST_SKIP() << "etcd is not installed (package etcd-server)"; }
        cluster_.emplace(3);
        client_.emplace(http_, cluster_->endpoints(), cluster_->client_tls());
        await_quorum();
    }

    void await_quorum() {
        Status status;
        for (int attempt = 0; attempt < 100; ++attempt) {
            status = client_->check_quorum();
            if (status) { return; }
            std::this_thread::sleep_for(100ms);
        }
        FAIL() << status.error().to_string();
    }

    std::optional<test::EtcdCluster> cluster_;
    http::CurlClient http_;
    std::optional<EtcdClient> client_;
};

#define ASSERT_GOOD(expression)                                                                                      \
    do {                                                                                                             \
        const auto& good_result = (expression);                                                                      \
        ASSERT_TRUE(good_result.has_value()) << good_result.error().to_string();                                     \
    } while (false)

TEST_F(RealEtcd, KeepsKeysAndTellsChangesApart) {
    const std::string binary("\0\xff\n", 3);
    ASSERT_GOOD(client_->put("/t/a", binary));
    const auto got = client_->get("/t/a");
    ASSERT_GOOD(got);
    ASSERT_TRUE(got->has_value());
    EXPECT_EQ((*got)->value, binary);
    EXPECT_EQ((*got)->key, "/t/a");

    const auto missing = client_->get("/t/none");
    ASSERT_GOOD(missing);
    EXPECT_FALSE(missing->has_value());

    EXPECT_TRUE(client_->create("/t/b", "1").value());
    EXPECT_FALSE(client_->create("/t/b", "2").value());
    const auto second = client_->get("/t/b");
    ASSERT_GOOD(second);
    EXPECT_EQ((*second)->value, "1");
    EXPECT_TRUE(client_->replace("/t/b", "3", (*second)->mod_revision).value());
    EXPECT_FALSE(client_->replace("/t/b", "4", (*second)->mod_revision).value());

    const auto listing = client_->list("/t/");
    ASSERT_GOOD(listing);
    ASSERT_EQ(listing->entries.size(), 2U);
    EXPECT_EQ(listing->entries.back().value, "3");
    EXPECT_GT(listing->revision, 0);

    ASSERT_GOOD(client_->remove("/t/a"));
    ASSERT_GOOD(client_->remove("/t/a"));
    EXPECT_FALSE(client_->get("/t/a").value().has_value());
}

TEST_F(RealEtcd, ALeaseCarriesItsKeysAwayWithIt) {
    const auto lease = client_->grant_lease(30s);
    ASSERT_GOOD(lease);
    EXPECT_TRUE(client_->create("/lock", "me", *lease).value());
    EXPECT_TRUE(client_->keep_alive(*lease).value());
    ASSERT_GOOD(client_->revoke_lease(*lease));
    EXPECT_FALSE(client_->get("/lock").value().has_value());
    EXPECT_FALSE(client_->keep_alive(*lease).value());
    ASSERT_GOOD(client_->revoke_lease(*lease));
    EXPECT_FALSE(client_->put("/lock", "me", *lease).has_value());
}

TEST_F(RealEtcd, AWatchSeesAChangeAndEndsInSilence) {
    ASSERT_GOOD(client_->put("/w/a", "1"));
    const auto before = client_->list("/w/");
    ASSERT_GOOD(before);

    const auto started = std::chrono::steady_clock::now();
    EXPECT_FALSE(client_->wait_for_change("/w/", before->revision, 500ms).value());
    EXPECT_GE(std::chrono::steady_clock::now() - started, 400ms);

    std::thread writer([this] {
        http::CurlClient http;
        EtcdClient other(http, cluster_->endpoints(), cluster_->client_tls());
        std::this_thread::sleep_for(300ms);
        EXPECT_TRUE(other.put("/w/b", std::string(100'000, 'x')).has_value());
    });
    EXPECT_TRUE(client_->wait_for_change("/w/", before->revision, 10s).value());
    writer.join();
    // What happened before the watch began is seen as well.
    EXPECT_TRUE(client_->wait_for_change("/w/", before->revision, 10s).value());
}

TEST_F(RealEtcd, ListsItsMembers) {
    auto members = client_->members();
    // A member makes its client URL known some time after it began to serve.
    const auto is_silent = [](const EtcdMember& member) { return member.client_urls.empty(); };
    for (int attempt = 0; members && std::ranges::any_of(*members, is_silent) && attempt < 100; ++attempt) {
        std::this_thread::sleep_for(100ms);
        members = client_->members();
    }
    ASSERT_GOOD(members);
    ASSERT_EQ(members->size(), 3U);
    for (const auto& member : *members) {
        EXPECT_NE(member.id, 0U);
        EXPECT_FALSE(member.name.empty());
        EXPECT_EQ(member.peer_urls.size(), 1U);
        EXPECT_EQ(member.client_urls.size(), 1U);
        EXPECT_FALSE(member.learner);
    }
}

TEST_F(RealEtcd, GoesOnWithoutOneMemberAndStopsWithoutTwo) {
    cluster_->kill(0);
    Status put = client_->put("/k", "1");
    for (int attempt = 0; !put && attempt < 50; ++attempt) {
        EXPECT_EQ(put.error().kind, ErrorKind::transient) << put.error().to_string();
        std::this_thread::sleep_for(100ms);
        put = client_->put("/k", "1");
    }
    ASSERT_GOOD(put);

    cluster_->kill(1);
    std::this_thread::sleep_for(3s); // until the survivor knows that it has no leader
    const auto started = std::chrono::steady_clock::now();
    const auto quorum = client_->check_quorum();
    ASSERT_FALSE(quorum.has_value());
    EXPECT_EQ(quorum.error().kind, ErrorKind::transient) << quorum.error().to_string();
    EXPECT_LT(std::chrono::steady_clock::now() - started, 5s) << "no leader has to be said at once";

    cluster_->start(0);
    await_quorum();
    EXPECT_EQ(client_->get("/k").value()->value, "1");
}

TEST_F(RealEtcd, AMemberThatHangsIsPassedBy) {
    cluster_->suspend(0);
    EtcdClient fresh(http_, cluster_->endpoints(), cluster_->client_tls());
    Status status;
    for (int attempt = 0; attempt < 20; ++attempt) {
        status = fresh.check_quorum();
        if (status) { break; }
        std::this_thread::sleep_for(200ms);
    }
    cluster_->resume(0);
    ASSERT_GOOD(status);
}

TEST_F(RealEtcd, RefusesAStranger) {
    EtcdClient stranger(http_, cluster_->endpoints(), cluster_->stranger_tls());
    EXPECT_FALSE(stranger.check_quorum().has_value());
}

} // namespace
} // namespace ingot::firstboot
