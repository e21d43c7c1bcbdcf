#include "firstboot/node/facts.hpp"

#include <gtest/gtest.h>

#include "firstboot/node/command_line.hpp"

namespace ingot::firstboot {
namespace {

constexpr std::string_view kMeminfo = "MemFree:  1 kB\nMemTotal:        4028472 kB\nBuffers: 2 kB\n";
constexpr std::uint64_t kTotal = 4028472ULL * 1024;

TEST(UsableMemory, IsTheLeastOfMachineCgroupAndCommandLine) {
    EXPECT_EQ(usable_memory(kMeminfo, "max\n", std::nullopt), kTotal);
    EXPECT_EQ(usable_memory(kMeminfo, "1073741824\n", std::nullopt), 1ULL << 30U);
    EXPECT_EQ(usable_memory(kMeminfo, "max", "512"), 512ULL << 20U);
    EXPECT_EQ(usable_memory(kMeminfo, "1073741824", "2048"), 1ULL << 30U);
    EXPECT_EQ(usable_memory(kMeminfo, "", "999999"), kTotal);
    EXPECT_EQ(usable_memory(kMeminfo, "", "nonsense"), kTotal);
    EXPECT_EQ(usable_memory("", "", std::nullopt), 0U);
}

TEST(InNetwork, ComparesAddressesOfOneKind) {
    EXPECT_TRUE(in_network("10.0.0.21", "10.0.0.0/24"));
    EXPECT_FALSE(in_network("10.0.1.21", "10.0.0.0/24"));
    EXPECT_TRUE(in_network("10.0.1.21", "10.0.0.0/23"));
    EXPECT_TRUE(in_network("fd00::5", "fd00::/64"));
    EXPECT_FALSE(in_network("10.0.0.21", "fd00::/64"));
    EXPECT_FALSE(in_network("nonsense", "10.0.0.0/24"));
}

TEST(CommandLine, IsTheKernelsOnAMachineAndThatOfPidOneInAContainer) {
    const auto folder = files::TempDir::create().value();
    const files::Root root(folder.path());
    ASSERT_TRUE(files::write(root.at("/proc/cmdline"), "quiet ds=nocloud root=/dev/sda\n"));
    ASSERT_TRUE(files::write(root.at("/proc/1/cmdline"), std::string("/sbin/init\0ds=hetzner\0", 22)));
    EXPECT_EQ(option(read_command_line(root), "ds"), "nocloud");
    ASSERT_TRUE(files::write(root.at("/run/systemd/container"), "systemd-nspawn"));
    EXPECT_EQ(option(read_command_line(root), "ds"), "hetzner");
}

TEST(CommandLine, TheLastWordCountsAndABareKeyIsEmpty) {
    EXPECT_EQ(option({"a=1", "a=2", "ab=3"}, "a"), "2");
    EXPECT_EQ(option({"a"}, "a"), "");
    EXPECT_EQ(option({"ab=3"}, "a"), std::nullopt);
}

} // namespace
} // namespace ingot::firstboot
