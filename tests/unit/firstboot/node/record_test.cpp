#include "firstboot/node/record.hpp"

#include <gtest/gtest.h>

namespace ingot::firstboot {
namespace {

NodeSpec sample() {
    NodeSpec node{.name = "db-1", .instance_id = "42", .address = "10.0.0.21"};
    auto& config = node.config;
    config.cluster = "orders";
    config.cluster_id = "6f1c2d3e-0000-4000-8000-000000000000";
    config.role = cloud_init::Role::db;
    config.network = "10.0.0.0/24";
    config.etcd.founders = {{"etcd-1", "10.0.0.11"}, {"etcd-2", "10.0.0.12"}};
    config.postgres.version = 16;
    config.proxy.read_pool_port = 7000;
    return node;
}

TEST(NodeRecord, SaysAgainWhatCommandsNeed) {
    const auto again = node_from_json(to_json_text(sample()));
    ASSERT_TRUE(again) << again.error().to_string();
    EXPECT_EQ(again->name, "db-1");
    EXPECT_EQ(again->address, "10.0.0.21");
    EXPECT_EQ(again->config.cluster, "orders");
    EXPECT_EQ(again->config.role, cloud_init::Role::db);
    EXPECT_EQ(again->config.etcd.founders, sample().config.etcd.founders);
    EXPECT_EQ(again->config.postgres.version, 16);
    EXPECT_EQ(again->config.proxy.read_pool_port, 7000);
}

TEST(NodeRecord, HoldsNoSecret) {
    auto node = sample();
    node.config.backup.cipher_pass = crypto::Secret("cipher-pass-of-the-repository");
    node.config.pki.keys.emplace(cloud_init::Role::db, crypto::Secret("PRIVATE KEY"));
    node.config.postgres.users = {{"app", "SCRAM-SHA-256$verifier"}};
    const auto text = to_json_text(node);
    for (const auto* secret : {"cipher-pass", "PRIVATE", "SCRAM"}) {
        EXPECT_EQ(text.find(secret), std::string::npos);
    }
}

TEST(NodeRecord, IsRefusedWhenItNamesNoNode) {
    for (const auto* text : {"", "{}", "[]", R"({"name":"x","address":"10.0.0.1","cluster":"c","role":"king"})"}) {
        EXPECT_FALSE(node_from_json(text)) << text;
    }
}

TEST(NodeRecord, IsAwaitedWhereTheAgentHasNotComeThatFar) {
    const auto folder = files::TempDir::create("ingot-test-").value();
    const auto missing = read_node(files::Root(folder.path()));
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().kind, ErrorKind::transient);
}

} // namespace
} // namespace ingot::firstboot
