#include "firstboot/datasource/source/machine.hpp"

#include <gtest/gtest.h>

#include "tests/unit/firstboot/fakes.hpp"

namespace ingot::firstboot {
namespace {

TEST(Machine, IsWhatItsFirmwareSaysButInAContainerThatIsTheHosts) {
    const test::World world;
    world.write("/sys/class/dmi/id/sys_vendor", "Hetzner\n");
    world.write("/sys/class/dmi/id/product_serial", "4711\n");
    world.write("/sys/class/dmi/id/product_uuid", "EC2E1916-9099-7CAF-FD21-012345ABCDEF\n");
    world.write("/proc/cmdline", "quiet \"ds=nocloud;s=/seed/\"\n");
    const auto machine = read_machine(world.environment.root);
    EXPECT_EQ(machine.vendor, "Hetzner");
    EXPECT_EQ(machine.serial, "4711");
    EXPECT_EQ(machine.uuid, "ec2e1916-9099-7caf-fd21-012345abcdef");
    EXPECT_EQ(datasource_words(machine), "nocloud;s=/seed/");
    world.write("/run/systemd/container", "systemd-nspawn");
    EXPECT_EQ(read_machine(world.environment.root).vendor, "");
}

TEST(Machine, DmiNamesAreExpandedAndUnknownOnesLeftAlone) {
    const test::World world;
    world.write("/sys/class/dmi/id/chassis_serial", "C-7\n");
    EXPECT_EQ(expand_dmi("http://s/__dmi.chassis-serial-number__/x", world.environment.root), "http://s/C-7/x");
    EXPECT_EQ(expand_dmi("http://s/__dmi.system-version__/x", world.environment.root), "http://s//x");
    EXPECT_EQ(expand_dmi("http://s/__dmi.nonsense__/x", world.environment.root), "http://s/__dmi.nonsense__/x");
}

TEST(Machine, UuidsAreTheSameInEitherByteOrder) {
    EXPECT_TRUE(same_uuid("12345678-9abc-def0-1122-334455667788", "12345678-9ABC-DEF0-1122-334455667788"));
    EXPECT_TRUE(same_uuid("12345678-9abc-def0-1122-334455667788", "78563412-bc9a-f0de-1122-334455667788"));
    EXPECT_FALSE(same_uuid("12345678-9abc-def0-1122-334455667788", "12345678-9abc-def0-1122-334455667789"));
    EXPECT_FALSE(same_uuid("", ""));
    EXPECT_FALSE(same_uuid("x", "x"));
}

} // namespace
} // namespace ingot::firstboot
