// Disk structures, checked field by field and, where the tools are there, by those who read them for a living.
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "builder/disk/fat.hpp"
#include "builder/disk/gpt.hpp"
#include "builder/disk/grub.hpp"
#include "builder/disk/guid.hpp"
#include "common/files/files.hpp"
#include "common/process/process.hpp"

namespace {

using namespace ingot;
using namespace ingot::builder::disk;

std::uint64_t number_at(const std::string& bytes, std::size_t offset, std::size_t size) {
    std::uint64_t value = 0;
    for (std::size_t index = size; index > 0; --index) {
        value = (value << 8U) | static_cast<std::uint8_t>(bytes.at(offset + index - 1));
    }
    return value;
}

/// Runs a checker on an image file; skips where the machine does not have it.
void expect_accepted(const std::vector<std::string>& argv) {
    process::PosixProcesses processes;
    const auto output = processes.run({.argv = argv});
    if (!output && output.error().kind == ErrorKind::not_found) { GTEST_SKIP() << output.error().to_string(); }
    ASSERT_TRUE(output.has_value()) << output.error().to_string();
    EXPECT_EQ(output->exit_code, 0) << output->out << output->err;
}

DiskLayout three_partitions() {
    auto layout = plan_layout("seed", {{.type = kTypeBiosBoot, .name = "bios", .size = kMebibyte},
                                       {.type = kTypeEsp, .name = "esp", .size = 64 * kMebibyte},
                                       {.type = kTypeRootAmd64, .name = "root", .size = 300 * kMebibyte - 5}});
    EXPECT_TRUE(layout.has_value());
    return layout.value_or(DiskLayout{});
}

TEST(Guid, DerivesTheSameFromTheSameSeedAndAnotherFromAnotherLabel) {
    EXPECT_EQ(Guid::derive("a", "root"), Guid::derive("a", "root"));
    EXPECT_NE(Guid::derive("a", "root"), Guid::derive("a", "esp"));
    EXPECT_EQ(Guid::derive("a", "root").to_string().at(14), '8'); // version 8, RFC 9562
}

TEST(Guid, KeepsTheFirstThreeFieldsLittleEndianOnDisk) {
    const auto bytes = kTypeEsp.on_disk();
    EXPECT_EQ(bytes[0], 0x28);
    EXPECT_EQ(bytes[3], 0xC1);
    EXPECT_EQ(bytes[8], 0xBA);
    EXPECT_EQ(kTypeEsp.to_string(), "c12a7328-f81f-11d2-ba4b-00a0c93ec93b");
}

TEST(Gpt, AlignsEveryPartitionToOneMebibyte) {
    const auto layout = three_partitions();
    for (const auto& partition : layout.partitions) {
        EXPECT_EQ(partition.offset % kMebibyte, 0U) << partition.name;
        EXPECT_EQ(partition.size % kMebibyte, 0U) << partition.name;
    }
    EXPECT_EQ(layout.size, (1 + 1 + 64 + 300 + 1) * kMebibyte);
}

TEST(Gpt, WritesHeadersThatPointAtEachOther) {
    const auto layout = three_partitions();
    const auto bytes = render_gpt(layout);
    ASSERT_EQ(bytes.start.size(), 34 * kSector);
    ASSERT_EQ(bytes.end.size(), 33 * kSector);
    EXPECT_EQ(bytes.start.substr(512, 8), "EFI PART");
    EXPECT_EQ(number_at(bytes.start, 512 + 32, 8), layout.size / kSector - 1);
    EXPECT_EQ(number_at(bytes.end, 32 * kSector + 24, 8), layout.size / kSector - 1);
    EXPECT_EQ(number_at(bytes.end, 32 * kSector + 32, 8), 1U);
}

TEST(Gpt, Crc32IsTheOneOfIeee8023) { EXPECT_EQ(crc32("123456789"), 0xCBF43926U); }

TEST(Gpt, IsAcceptedBySgdisk) {
    const auto folder = files::TempDir::create();
    ASSERT_TRUE(folder.has_value());
    const auto path = folder->path() / "disk.raw";
    const auto layout = three_partitions();
    const auto bytes = render_gpt(layout);
    std::ofstream file(path, std::ios::binary);
    file << bytes.start;
    file.seekp(static_cast<std::streamoff>(layout.size - bytes.end.size()));
    file << bytes.end;
    file.close();
    expect_accepted({"sgdisk", "--verify", path.string()});
}

TEST(Fat, IsAcceptedByFsckAndGivesTheFileBack) {
    const auto folder = files::TempDir::create();
    ASSERT_TRUE(folder.has_value());
    const auto path = folder->path() / "esp.img";
    const std::string content(300'001, 'x');
    const FatOptions options{.size = 64 * kMebibyte, .volume_id = 0x1234ABCD, .timestamp = 1'700'000'000};
    const auto extents = render_fat32(options, {{"EFI/BOOT/BOOTX64.EFI", content}, {"EFI/BOOT/EMPTY.TXT", ""}});
    ASSERT_TRUE(extents.has_value()) << extents.error().to_string();
    std::ofstream file(path, std::ios::binary);
    for (const auto& extent : *extents) {
        file.seekp(static_cast<std::streamoff>(extent.offset));
        file << extent.bytes;
    }
    file.seekp(static_cast<std::streamoff>(options.size - 1));
    file << '\0';
    file.close();
    expect_accepted({"fsck.vfat", "-n", path.string()});
    expect_accepted({"mcopy", "-i", path.string(), "::EFI/BOOT/BOOTX64.EFI", (folder->path() / "back").string()});
    const auto back = files::read(folder->path() / "back");
    if (back) { EXPECT_EQ(*back, content); }
}

TEST(Fat, RefusesNamesThatNeedMoreThan8Dot3) {
    const auto extents = render_fat32({.size = 64 * kMebibyte}, {{"EFI/BOOT/A-LONG-NAME.EFI", "x"}});
    ASSERT_FALSE(extents.has_value());
    EXPECT_EQ(extents.error().kind, ErrorKind::invalid_input);
}

TEST(Fat, RefusesWhatDoesNotFit) {
    EXPECT_FALSE(render_fat32({.size = 8 * kMebibyte}, {}).has_value());
    EXPECT_FALSE(render_fat32({.size = 40 * kMebibyte}, {{"BIG.BIN", std::string(50 * kMebibyte, 'x')}}).has_value());
}

TEST(Grub, TellsBootCodeWhereTheCoreImageIs) {
    std::string boot(512, '\0');
    boot.replace(510, 2, "\x55\xAA");
    const auto code = grub_boot_code(boot, 2048);
    ASSERT_TRUE(code.has_value());
    EXPECT_EQ(code->size(), 440U);
    EXPECT_EQ(number_at(*code, 0x5C, 8), 2048U);
}

TEST(Grub, TellsTheCoreImageWhereItsRestIs) {
    const auto core = grub_core_image(std::string(1300, 'c'), 2048, kMebibyte);
    ASSERT_TRUE(core.has_value());
    EXPECT_EQ(core->size(), 3 * kSector);
    EXPECT_EQ(number_at(*core, 500, 8), 2049U);
    EXPECT_EQ(number_at(*core, 508, 2), 2U);
    EXPECT_EQ(number_at(*core, 510, 2), 0x820U);
    EXPECT_FALSE(grub_core_image(std::string(2 * kMebibyte, 'c'), 2048, kMebibyte).has_value());
    EXPECT_FALSE(grub_boot_code("short", 2048).has_value());
}

} // namespace
