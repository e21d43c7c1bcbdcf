#include "builder/lab/model/metadata.hpp"

#include <gtest/gtest.h>

#include "tests/support/golden.hpp"

using namespace ingot::builder::lab;
using ingot::tests::expect_golden;

namespace {

Instance instance() {
    return {.member = {.name = "db-1", .role = Role::db, .address = "10.0.0.21", .instance_id = 12345678},
            .network = "10.0.0.0/24",
            .gateway = "10.0.0.1",
            .network_name = "orders",
            .ssh_authorized_keys = {"ssh-ed25519 AAAA one", "ssh-ed25519 BBBB two"},
            .user_data = "#cloud-config\ningot: {}\n"};
}

HttpAnswer get(std::string_view path) {
    const auto asked = instance();
    return answer("GET", path, &asked);
}

} // namespace

TEST(LabMetadata, IsHetznersDocument) { expect_golden("lab/metadata.yaml", metadata_document(instance())); }

TEST(LabMetadata, ListsThePrivateNetworkAsHetznerDoes) {
    expect_golden("lab/private-networks.yaml", private_networks_document(instance()));
}

TEST(LabMetadata, ServesEveryPathThatClientsUse) {
    EXPECT_EQ(get("/hetzner/v1/metadata").body, metadata_document(instance()));
    EXPECT_EQ(get("/hetzner/v1/metadata/").status, 200);
    EXPECT_EQ(get("/hetzner/v1/metadata/hostname").body, "db-1");
    EXPECT_EQ(get("/hetzner/v1/metadata/instance-id").body, "12345678");
    EXPECT_EQ(get("/hetzner/v1/metadata/private-networks").body, private_networks_document(instance()));
    EXPECT_EQ(get("/hetzner/v1/metadata/local-ipv4").body, "");
    EXPECT_EQ(get("/hetzner/v1/userdata").body, instance().user_data);
    for (const auto* key : {"public-ipv4", "availability-zone", "region", "public-keys", "network-config"}) {
        const auto reply = get(std::string("/hetzner/v1/metadata/") + key);
        EXPECT_EQ(reply.status, 200) << key;
        EXPECT_FALSE(reply.body.empty()) << key;
    }
}

TEST(LabMetadata, Answers204WithoutUserData) {
    auto asked = instance();
    asked.user_data.clear();
    const auto reply = answer("GET", "/hetzner/v1/userdata", &asked);
    EXPECT_EQ(reply.status, 204);
    EXPECT_EQ(to_http(reply), "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
}

TEST(LabMetadata, TellsStrangersNothing) {
    EXPECT_EQ(answer("GET", "/hetzner/v1/userdata", nullptr).status, 404);
    EXPECT_EQ(get("/latest/meta-data/").status, 404);
    EXPECT_EQ(get("/hetzner/v1/metadata/nonsense").status, 404);
    EXPECT_EQ(get("/").status, 404);
}

TEST(LabMetadata, OnlyReads) {
    const auto asked = instance();
    EXPECT_EQ(answer("POST", "/hetzner/v1/userdata", &asked).status, 405);
    EXPECT_EQ(answer("", "", &asked).status, 400);
}

TEST(LabMetadata, SaysHowLongABodyIs) {
    EXPECT_EQ(to_http({.body = "abc"}), "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/plain; "
                                        "charset=utf-8\r\nContent-Length: 3\r\n\r\nabc");
    EXPECT_TRUE(to_http({.body = "abc"}, true).ends_with("Content-Length: 3\r\n\r\n"));
}

TEST(LabRequestLine, IsTakenApart) {
    const auto line = parse_request_line("GET /hetzner/v1/metadata?x=1 HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(line.method, "GET");
    EXPECT_EQ(line.path, "/hetzner/v1/metadata");
    for (const auto* bad : {"", "GET", "GET /", "GET x HTTP/1.1", "GET / FTP/1.0", "GET  / HTTP/1.1"}) {
        EXPECT_EQ(parse_request_line(bad).path, "") << bad;
    }
}
