// What sysfs and udev say about disks, from a tree that looks like theirs.
#include "installer/disks/disk.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::installer {
namespace {

TEST(Disks, AreReadFromSysfsAndUdev) {
    const auto folder = *files::TempDir::create();
    const files::Root root(folder.path());
    const auto put = [&](const std::string& path, const std::string& content) {
        ASSERT_TRUE(files::write(root.at(path), content));
    };
    for (const auto* name : {"sda", "nvme0n1", "loop3"}) {
        const std::string block = std::string("/sys/block/") + name;
        put(block + "/size", "976773168\n");
        put(block + "/queue/logical_block_size", "512\n");
        put(block + "/queue/rotational", std::string(name) == "sda" ? "1\n" : "0\n");
        put(block + "/removable", "0\n");
        put(block + "/ro", "0\n");
    }
    put("/sys/block/sda/dev", "8:0\n");
    put("/sys/block/sda/device/model", "WDC WD5000  \n");
    put("/sys/block/sda/sda1/holders/md127/x", "");
    put("/sys/block/sda/sda2/partition", "2\n");
    put("/sys/block/nvme0n1/device/serial", "S64X \n");
    put("/sys/block/nvme0n1/device/model", "SAMSUNG\n");
    put("/sys/block/nvme0n1/wwid", "eui.0025\n");
    put("/run/udev/data/b8:0", "S:disk/by-path/pci-1\nS:disk/by-id/wwn-0x5001\nS:disk/by-id/ata-WDC_W1\n"
                               "E:ID_SERIAL=WDC_W1\nE:ID_SERIAL_SHORT=W1\nE:ID_BUS=ata\nE:ID_WWN=0x5001\n");
    put("/proc/self/mounts", "/dev/sda2 /data ext4 rw 0 0\nproc /proc proc rw 0 0\n");
    put("/proc/swaps", "Filename Type Size Used Priority\n/dev/nvme0n1 partition 1 0 -2\n");

    const auto disks = list_disks(root);
    ASSERT_TRUE(disks);
    ASSERT_EQ(disks->size(), 3U);
    EXPECT_TRUE(disks->at(0).virtual_device);
    const auto& nvme = disks->at(1);
    EXPECT_EQ(nvme.serial, "S64X");
    EXPECT_EQ(nvme.wwn, "eui.0025");
    EXPECT_EQ(nvme.transport, "nvme");
    EXPECT_THAT(nvme.used_by, testing::ElementsAre("swap"));
    const auto& sda = disks->at(2);
    EXPECT_EQ(sda.path, "/dev/sda");
    EXPECT_EQ(sda.serial, "W1");
    EXPECT_EQ(sda.wwn, "0x5001");
    EXPECT_EQ(sda.model, "WDC WD5000");
    EXPECT_EQ(sda.transport, "sata");
    EXPECT_EQ(sda.size, 976773168ULL * 512);
    EXPECT_TRUE(sda.rotational);
    EXPECT_THAT(sda.by_id, testing::ElementsAre("ata-WDC_W1", "wwn-0x5001"));
    EXPECT_THAT(sda.used_by, testing::ElementsAre("md127", "/data"));
}

} // namespace
} // namespace ingot::installer
