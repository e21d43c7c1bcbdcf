#include "firstboot/node/node.hpp"

#include <gtest/gtest.h>

namespace ingot::firstboot {
namespace {

cloud_init::UserData user_data(cloud_init::Role role = cloud_init::Role::etcd) {
    cloud_init::UserData data;
    data.ingot.emplace();
    data.ingot->cluster = "orders";
    data.ingot->role = role;
    data.ingot->network = "10.0.0.0/24";
    data.ingot->etcd.founders = {{"etcd-1", "10.0.0.11"}, {"etcd-2", "10.0.0.12"}};
    return data;
}

Facts facts(std::string role = "etcd") {
    return {.addresses = {"192.168.1.7", "10.0.0.12"},
            .memory_bytes = 1U << 30U,
            .cpus = 2,
            .image_role = std::move(role)};
}

const Metadata kMetadata{.datasource = "hetzner", .instance_id = "42", .hostname = "server-42.example.org"};

TEST(MakeNode, TakesTheAddressInThePrivateNetworkAndAFoundersName) {
    const auto node = make_node(kMetadata, user_data(), facts());
    ASSERT_TRUE(node.has_value());
    EXPECT_EQ(node->address, "10.0.0.12");
    EXPECT_EQ(node->name, "etcd-2");
    EXPECT_EQ(node->instance_id, "42");
}

TEST(MakeNode, NamesOtherNodesByTheFirstLabelOfTheirHostName) {
    auto data = user_data(cloud_init::Role::db);
    EXPECT_EQ(make_node(kMetadata, data, facts("db"))->name, "server-42");
    data.cloud_config.fqdn = "DB-7.example.org";
    EXPECT_EQ(make_node(kMetadata, data, facts("db"))->name, "db-7");
    data.cloud_config.hostname = "db-8";
    EXPECT_EQ(make_node(kMetadata, data, facts("db"))->name, "db-8");
}

TEST(MakeNode, WaitsForAnAddressInThePrivateNetwork) {
    auto away = facts();
    away.addresses = {"192.168.1.7"};
    const auto node = make_node(kMetadata, user_data(), away);
    ASSERT_FALSE(node.has_value());
    EXPECT_EQ(node.error().kind, ErrorKind::transient);
    EXPECT_EQ(node.error().message,
              "this machine has no address in the private network 10.0.0.0/24 yet; it has 192.168.1.7");
}

TEST(MakeNode, RefusesUserDataOfAnotherRole) {
    const auto node = make_node(kMetadata, user_data(cloud_init::Role::db), facts("etcd"));
    ASSERT_FALSE(node.has_value());
    EXPECT_EQ(node.error().kind, ErrorKind::refused);
    EXPECT_EQ(node.error().message, "the user-data is for role db, and this image for role etcd");
}

TEST(MakeNode, RefusesAMachineThatIsNoIngotImage) {
    EXPECT_EQ(make_node(kMetadata, user_data(), facts("")).error().kind, ErrorKind::refused);
}

TEST(MakeNode, NeedsAnIngotSection) {
    EXPECT_EQ(make_node(kMetadata, {}, facts()).error().kind, ErrorKind::invalid_input);
}

TEST(MakeNode, NeedsAHostNameThatCanNameANode) {
    auto metadata = kMetadata;
    for (const auto* const name : {"", "-db", "db_1", "böse"}) {
        metadata.hostname = name;
        const auto node = make_node(metadata, user_data(cloud_init::Role::db), facts("db"));
        ASSERT_FALSE(node.has_value()) << name;
        EXPECT_EQ(node.error().kind, ErrorKind::invalid_input);
    }
}

} // namespace
} // namespace ingot::firstboot
