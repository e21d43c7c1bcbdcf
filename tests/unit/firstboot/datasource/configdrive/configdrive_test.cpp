#include "firstboot/datasource/configdrive/configdrive.hpp"

#include <gtest/gtest.h>

#include "tests/unit/firstboot/fakes.hpp"

namespace ingot::firstboot::configdrive {
namespace {

constexpr std::string_view kUuid = "83679162-1378-4288-a2d4-70e13ec132aa";
constexpr std::string_view kMetaData = R"({"uuid": "83679162-1378-4288-a2d4-70e13ec132aa", "hostname": "db-1.example",
  "public_keys": {"me": "ssh-rsa A me\n", "you": "ssh-rsa B\nssh-rsa C\n"}, "meta": {"x": 1}})";

TEST(ConfigDrive, SaysWhoTheMachineIs) {
    const auto metadata = parse({.meta_data = std::string(kMetaData),
                                 .user_data = "#cloud-config\n",
                                 .network_data = R"({"links": []})",
                                 .vendor_data = R"({"cloud-init": "#cloud-config\nlocale: C\n"})"});
    ASSERT_TRUE(metadata.has_value());
    EXPECT_EQ(metadata->instance_id, kUuid);
    EXPECT_EQ(metadata->hostname, "db-1.example");
    EXPECT_EQ(metadata->public_keys, (std::vector<std::string>{"ssh-rsa A me", "ssh-rsa B", "ssh-rsa C"}));
    EXPECT_EQ(metadata->vendor_data, "#cloud-config\nlocale: C\n");
    EXPECT_EQ(metadata->network->format, NetworkDescription::Format::openstack);
    EXPECT_EQ(parse({.meta_data = "{}"}).error().kind, ErrorKind::invalid_input);
    EXPECT_EQ(parse({.meta_data = "<html>"}).error().kind, ErrorKind::invalid_input);
}

TEST(ConfigDrive, IsReadInItsNewestVersion) {
    const test::World world;
    const std::string folder = "/config-drive/openstack/";
    EXPECT_FALSE(read(world.environment, {}).value().has_value());
    world.write(folder + "latest/meta_data.json", R"({"uuid": "latest"})");
    EXPECT_EQ(read(world.environment, {}).value()->instance_id, "latest");
    world.write(folder + "2017-02-22/meta_data.json", R"({"uuid": "newer"})");
    world.write(folder + "2012-08-10/meta_data.json", R"({"uuid": "older"})");
    EXPECT_EQ(read(world.environment, {}).value()->instance_id, "newer");
}

TEST(ConfigDrive, OfAnotherMachineIsRefusedOnOpenStackOnly) {
    const test::World world;
    world.write("/config-drive/openstack/latest/meta_data.json", kMetaData);
    Machine machine{.vendor = "OpenStack Foundation", .uuid = std::string(kUuid)};
    EXPECT_TRUE(read(world.environment, machine).has_value());
    machine.uuid = "00000000-1378-4288-a2d4-70e13ec132aa";
    const auto refused = read(world.environment, machine);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, ErrorKind::refused);
    machine.vendor = "QEMU";
    EXPECT_TRUE(read(world.environment, machine).has_value());
}

} // namespace
} // namespace ingot::firstboot::configdrive
