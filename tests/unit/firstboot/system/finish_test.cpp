#include "firstboot/system/finish.hpp"

#include <gtest/gtest.h>

#include "tests/unit/firstboot/fakes.hpp"

namespace ingot::firstboot {
namespace {

const Metadata kMetadata{.datasource = "nocloud", .instance_id = "i-1", .hostname = "db-1.example"};

TEST(Finish, PhonesHomeWithAFormUntilSomebodyAnswers) {
    test::World world;
    world.write("/etc/ssh/ssh_host_ed25519_key.pub", "ssh-ed25519 A+B me\n");
    cloud_init::CloudConfig config;
    config.machine.phone_home =
        cloud_init::PhoneHome{.url = "http://x/$INSTANCE_ID", .post = {"hostname", "pub_key_ed25519"}, .tries = 2};
    const auto before = world.clock.now();
    EXPECT_TRUE(finish_steps(config, kMetadata, world.environment).front().apply().has_value()); // nobody: tolerated
    EXPECT_EQ(world.clock.now() - before, std::chrono::seconds(3));
    world.answers["http://x/i-1"] = {.status = 200};
    EXPECT_TRUE(finish_steps(config, kMetadata, world.environment).front().apply().has_value());
}

TEST(Finish, GoesDownOnceAndNotBeforeThatIsRecorded) {
    test::World world;
    cloud_init::CloudConfig config;
    config.machine.power_state = cloud_init::PowerState{.mode = "reboot", .delay = "now", .message = "bye"};
    const auto steps = finish_steps(config, kMetadata, world.environment);
    ASSERT_EQ(steps.size(), 1U);
    EXPECT_EQ(steps.front().frequency, Frequency::per_instance);
    EXPECT_TRUE(steps.front().apply().has_value());
    EXPECT_EQ(world.processes.ran, std::vector<std::string>{"shutdown --reboot +1 bye"});
}

} // namespace
} // namespace ingot::firstboot
