#include "firstboot/system/renewal.hpp"

#include <gtest/gtest.h>

#include "tests/unit/firstboot/fakes.hpp"

namespace ingot::firstboot {
namespace {

TEST(Renewal, GivesACopyOfAMachineAnIdentityOfItsOwn) {
    test::World world;
    world.write("/etc/ssh/ssh_host_ed25519_key", "old");
    world.write("/etc/ssh/sshd_config", "keep");
    world.write("/etc/machine-id", "0123456789abcdef0123456789abcdef\n");
    world.write("/etc/ingot/pki/node.key", "old");
    world.write("/etc/ingot/pki/ca-db.crt", "keep");
    world.write("/var/lib/ingot/db.json", "keep");
    for (const auto& step : renewal_steps(world.environment)) {
        EXPECT_EQ(step.frequency, Frequency::per_instance) << step.name;
        EXPECT_TRUE(step.apply().has_value()) << step.name;
        EXPECT_TRUE(step.apply().has_value()) << step.name << ", once more";
    }
    EXPECT_EQ(world.read("/etc/ssh/ssh_host_ed25519_key"), "<missing>");
    EXPECT_EQ(world.services.calls.front(), "restart ssh.service");
    EXPECT_EQ(world.read("/etc/ingot/pki/node.key"), "<missing>");
    EXPECT_EQ(world.read("/etc/machine-id").size(), 33U);
    EXPECT_NE(world.read("/etc/machine-id"), "0123456789abcdef0123456789abcdef\n");
    for (const auto* const kept : {"/etc/ssh/sshd_config", "/etc/ingot/pki/ca-db.crt", "/var/lib/ingot/db.json"}) {
        EXPECT_EQ(world.read(kept), "keep") << kept;
    }
}

} // namespace
} // namespace ingot::firstboot
