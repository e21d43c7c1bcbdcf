#include "firstboot/datasource/datasource.hpp"

#include <gtest/gtest.h>

#include "common/crypto/crypto.hpp"
#include "tests/unit/firstboot/fakes.hpp"

namespace ingot::firstboot {
namespace {

constexpr std::string_view kHetzner = R"(availability-zone: hel1-dc2
hostname: db-1
instance-id: 4711
public-ipv4: 192.0.2.1
region: eu-central
public-keys:
  - ssh-ed25519 AAAA one
  - ssh-ed25519 BBBB two
network-config:
  version: 1
  config: []
)";
constexpr std::string_view kSeed = "/var/lib/cloud/seed/nocloud";
const std::string kBase = "http://169.254.169.254/hetzner/v1/";

TEST(HetznerMetadata, IsYamlWithANumberForAnId) {
    const auto metadata = parse_hetzner(kHetzner, "#cloud-config\n");
    ASSERT_TRUE(metadata.has_value()) << metadata.error().to_string();
    EXPECT_EQ(metadata->datasource, "hetzner");
    EXPECT_EQ(metadata->instance_id, "4711");
    EXPECT_EQ(metadata->hostname, "db-1");
    EXPECT_EQ(metadata->public_keys, (std::vector<std::string>{"ssh-ed25519 AAAA one", "ssh-ed25519 BBBB two"}));
    EXPECT_EQ(metadata->user_data, "#cloud-config\n");
}

TEST(HetznerMetadata, WithoutAnIdIsNotThereYet) {
    EXPECT_EQ(parse_hetzner("hostname: x\n", "").error().kind, ErrorKind::transient);
}

TEST(NoCloudMetadata, TakesKeysInAnyOfTheirForms) {
    const std::vector<std::string> expected{"ssh-rsa A", "ssh-rsa B"};
    for (const auto* const form :
         {"public-keys: [ssh-rsa A, ssh-rsa B]\n", "public-keys: {me: ssh-rsa A, you: ssh-rsa B}\n",
          "public-keys: |\n  ssh-rsa A\n  ssh-rsa B\n"}) {
        EXPECT_EQ(parse_nocloud(form, "")->public_keys, expected) << form;
    }
}

TEST(NoCloudMetadata, HasDefaultsAndTwoNamesForTheHostName) {
    EXPECT_EQ(parse_nocloud("", "")->instance_id, "nocloud");
    EXPECT_EQ(parse_nocloud("hostname: a\n", "")->hostname, "a");
    EXPECT_EQ(parse_nocloud("hostname: a\nlocal-hostname: b\n", "")->hostname, "b");
    EXPECT_EQ(parse_nocloud("- a list\n", "").error().kind, ErrorKind::invalid_input);
    EXPECT_EQ(parse_nocloud("a: [\n", "").error().kind, ErrorKind::invalid_input);
}

TEST(UserDataText, IsDecodedOnlyWhereTheResultIsRecognised) {
    const std::string config = "#cloud-config\nhostname: x\n";
    const auto encoded = crypto::base64_encode(config);
    EXPECT_EQ(decode_user_data(config), config);
    EXPECT_EQ(decode_user_data(encoded), config);
    EXPECT_EQ(decode_user_data(encoded.substr(0, 12) + "\n" + encoded.substr(12) + "\n"), config);
    EXPECT_EQ(decode_user_data("test"), "test"); // base64, too
    EXPECT_EQ(decode_user_data(""), "");
}

TEST(DatasourceChoice, ReadsTheCommandLine) {
    EXPECT_EQ(datasource_choice({"quiet"})->name, "");
    EXPECT_EQ(datasource_choice({"ds=hetzner"})->name, "hetzner");
    EXPECT_EQ(datasource_choice({"ds=nocloud;s=http://10.0.0.1/x"})->seed, "http://10.0.0.1/x/");
    EXPECT_EQ(datasource_choice({"ds=nocloud-net;i=abc;seedfrom=file:///seed/"})->seed, "/seed/");
    const auto unknown = datasource_choice({"ds=ec2"});
    ASSERT_FALSE(unknown.has_value());
    EXPECT_EQ(unknown.error().kind, ErrorKind::invalid_input);
}

class ReadDatasource : public testing::Test {
  protected:
    void SetUp() override {
        world_.write("/run/systemd/container", "systemd-nspawn");
        world_.answers[kBase + "metadata"] = {.status = 200, .body = std::string(kHetzner)};
        world_.answers[kBase + "userdata"] = {.status = 200, .body = "#cloud-config\n"};
    }
    void seed() {
        world_.write(std::string(kSeed) + "/meta-data", "instance-id: i-1\n");
        world_.write(std::string(kSeed) + "/user-data", "#cloud-config\n");
    }
    test::World world_{};
};

TEST_F(ReadDatasource, PrefersWhatTheCommandLineSays) {
    seed();
    EXPECT_EQ(read_datasource(world_.environment)->datasource, "nocloud");
    world_.write("/proc/1/cmdline", "/sbin/init ds=hetzner");
    EXPECT_EQ(read_datasource(world_.environment)->datasource, "hetzner");
}

TEST_F(ReadDatasource, NeverAsksANetworkThatItWasNotToldOf) {
    const auto metadata = read_datasource(world_.environment);
    ASSERT_FALSE(metadata.has_value());
    EXPECT_EQ(metadata.error().kind, ErrorKind::transient);
    world_.write("/sys/class/dmi/id/sys_vendor", "Hetzner\n"); // the host's, in a container
    EXPECT_FALSE(read_datasource(world_.environment).has_value());
}

TEST_F(ReadDatasource, NeedsBothFilesOfASeed) {
    world_.write(std::string(kSeed) + "/meta-data", "instance-id: i-1\n");
    EXPECT_FALSE(read_datasource(world_.environment).has_value());
}

TEST_F(ReadDatasource, KnowsAHetznerMachineByItsVendorAndSerialNumber) {
    ASSERT_TRUE(files::remove_file(world_.environment.root.at("/run/systemd/container")));
    world_.processes.answer = [](const process::Command&) -> Result<process::Output> {
        return process::Output{.exit_code = 2}; // blkid: no such label
    };
    world_.write("/sys/class/dmi/id/sys_vendor", "Hetzner\n");
    world_.write("/sys/class/dmi/id/product_serial", "4711\n");
    EXPECT_EQ(read_datasource(world_.environment)->instance_id, "4711");
    world_.write("/sys/class/dmi/id/product_serial", "4712\n");
    EXPECT_EQ(read_datasource(world_.environment).error().kind, ErrorKind::refused);
}

TEST_F(ReadDatasource, TakesAnAbsentUserDataForAnEmptyOne) {
    world_.write("/proc/1/cmdline", "/sbin/init ds=hetzner");
    for (const int status : {204, 404}) {
        world_.answers[kBase + "userdata"] = {.status = status, .body = "nothing here"};
        const auto metadata = read_datasource(world_.environment);
        ASSERT_TRUE(metadata.has_value()) << status;
        EXPECT_EQ(metadata->user_data, "");
    }
    world_.answers[kBase + "userdata"] = {.status = 503, .body = ""};
    EXPECT_EQ(read_datasource(world_.environment).error().kind, ErrorKind::transient);
}

TEST_F(ReadDatasource, ReadsASeedFromAUrl) {
    world_.write("/proc/1/cmdline", "/sbin/init ds=nocloud;s=http://192.0.2.1/seed");
    world_.answers["http://192.0.2.1/seed/meta-data"] = {.status = 200, .body = "instance-id: far\n"};
    world_.answers["http://192.0.2.1/seed/user-data"] = {.status = 200, .body = "#cloud-config\n"};
    EXPECT_EQ(read_datasource(world_.environment)->instance_id, "far");
}

} // namespace
} // namespace ingot::firstboot
