#include "firstboot/datasource/hetzner/hetzner.hpp"

#include <gtest/gtest.h>

#include "tests/unit/firstboot/fakes.hpp"

namespace ingot::firstboot::hetzner {
namespace {

constexpr std::string_view kDocument = R"(availability-zone: hel1-dc2
hostname: db-1
instance-id: 4711
public-ipv4: 192.0.2.1
region: eu-central
public-keys:
  - ssh-ed25519 AAAA one
  - ssh-ed25519 BBBB two
network-config:
  version: 1
  config:
    - {type: physical, name: eth0, mac_address: 96:00:00:00:00:01, subnets: [{type: dhcp, ipv4: true}]}
)";
constexpr std::string_view kPrivate = R"(- ip: 10.0.0.2
  alias_ips: []
  interface_num: 1
  mac_address: 86:00:00:00:00:02
  network_id: 7
)";
const std::string kBase = "http://169.254.169.254/hetzner/v1/";

TEST(HetznerMetadata, IsYamlWithANumberForAnId) {
    const auto metadata = parse(kDocument, "#cloud-config\n", "");
    ASSERT_TRUE(metadata.has_value()) << metadata.error().to_string();
    EXPECT_EQ(metadata->datasource, "hetzner");
    EXPECT_EQ(metadata->instance_id, "4711");
    EXPECT_EQ(metadata->hostname, "db-1");
    EXPECT_EQ(metadata->public_keys, (std::vector<std::string>{"ssh-ed25519 AAAA one", "ssh-ed25519 BBBB two"}));
    EXPECT_EQ(metadata->user_data, "#cloud-config\n");
}

TEST(HetznerMetadata, DescribesTheNetworkWithThePrivateOnesAdded) {
    const auto metadata = parse(kDocument, "", kPrivate);
    ASSERT_TRUE(metadata.has_value());
    ASSERT_TRUE(metadata->network.has_value());
    EXPECT_NE(metadata->network->text.find("96:00:00:00:00:01"), std::string::npos);
    EXPECT_NE(metadata->network->text.find("86:00:00:00:00:02"), std::string::npos);
}

TEST(HetznerMetadata, DescribesACardOnceThatIsInBothPlaces) {
    const auto metadata = parse(kDocument, "", "[{mac_address: '96:00:00:00:00:01'}]");
    ASSERT_TRUE(metadata.has_value());
    EXPECT_EQ(metadata->network->text.find("private0"), std::string::npos);
}

TEST(HetznerMetadata, WithoutAnIdOrThatIsNoneIsNotThereYet) {
    EXPECT_EQ(parse("hostname: x\n", "", "").error().kind, ErrorKind::transient);
    const auto garbage = parse("<html>: [", "", "");
    ASSERT_FALSE(garbage.has_value());
    EXPECT_EQ(garbage.error().kind, ErrorKind::transient);
    EXPECT_TRUE(garbage.error().message.starts_with("Hetzner's metadata service gives what is no metadata: "))
        << garbage.error().message;
}

class ReadHetzner : public testing::Test {
  protected:
    void SetUp() override {
        world_.answers[kBase + "metadata"] = {.status = 200, .body = std::string(kDocument)};
        world_.answers[kBase + "userdata"] = {.status = 200, .body = "#cloud-config\n"};
        world_.answers[kBase + "metadata/private-networks"] = {.status = 200, .body = ""};
    }
    Result<Metadata> read_it() { return read(world_.environment, machine_); }
    test::World world_{};
    Machine machine_{.vendor = "Hetzner", .serial = "4711"};
};

TEST_F(ReadHetzner, RefusesAnAnswerForAnotherMachine) {
    EXPECT_EQ(read_it()->instance_id, "4711");
    machine_.serial = "4712";
    const auto refused = read_it();
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, ErrorKind::refused);
    EXPECT_EQ(refused.error().message, "the metadata service says instance 4711, and this machine's serial number is "
                                       "4712: somebody else answers for it");
}

TEST_F(ReadHetzner, TakesAnAbsentUserDataForAnEmptyOne) {
    for (const int status : {204, 404}) {
        world_.answers[kBase + "userdata"] = {.status = status, .body = "nothing here"};
        const auto metadata = read_it();
        ASSERT_TRUE(metadata.has_value()) << status;
        EXPECT_EQ(metadata->user_data, "");
    }
    world_.answers[kBase + "userdata"] = {.status = 503, .body = ""};
    EXPECT_EQ(read_it().error().kind, ErrorKind::transient);
}

TEST_F(ReadHetzner, AsksTheLinkLocalAddressOfEachInterfaceWhereIpv4DoesNotAnswer) {
    world_.answers.clear();
    world_.write("/sys/class/net/enp7s0/type", "1\n");
    world_.write("/sys/class/net/enp7s0/operstate", "up\n");
    const std::string base = "http://[fe80::a9fe:a9fe%25enp7s0]/hetzner/v1/";
    world_.answers[base + "metadata"] = {.status = 200, .body = std::string(kDocument)};
    world_.answers[base + "userdata"] = {.status = 204};
    world_.answers[base + "metadata/private-networks"] = {.status = 404};
    const auto metadata = read_it();
    ASSERT_TRUE(metadata.has_value()) << metadata.error().to_string();
    EXPECT_EQ(metadata->place, base);
    world_.answers.clear();
    EXPECT_EQ(read_it().error().to_string(),
              "asking Hetzner's metadata service: " + kBase + "metadata: nobody there (and 1 other address)");
}

} // namespace
} // namespace ingot::firstboot::hetzner
