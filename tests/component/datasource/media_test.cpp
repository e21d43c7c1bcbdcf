#include "firstboot/datasource/media/media.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include <archive.h>
#include <archive_entry.h>

#include "common/process/process.hpp"
#include "common/text/text.hpp"
#include "firstboot/datasource/datasource.hpp"
#include "tests/unit/firstboot/fakes.hpp"

namespace ingot::firstboot {
namespace {

using Files = std::map<std::string, std::string>;

const Files kSeed{{"meta-data", "instance-id: from-disk\nlocal-hostname: db-9\n"}, {"user-data", "#cloud-config\n"}};

/// A machine (not a container) with one block device, whose content is a file.
class Media : public testing::Test {
  protected:
    void SetUp() override {
        world_.write("/sys/class/block/vdb/size", "2048\n");
        world_.write("/dev/.exists", "");
        device_ = world_.environment.root.at("/dev/vdb").string();
    }

    /// An iso9660 as libarchive writes it. `extensions`: "rockridge=useful,!joliet" and so on.
    void write_iso(const std::string& label, const Files& content, const std::string& extensions) {
        struct archive* out = archive_write_new();
        archive_write_set_format_iso9660(out);
        ASSERT_EQ(archive_write_set_options(out, ("volume-id=" + label + "," + extensions).c_str()), ARCHIVE_OK)
            << archive_error_string(out);
        ASSERT_EQ(archive_write_open_filename(out, device_.c_str()), ARCHIVE_OK);
        for (const auto& [path, text] : content) {
            archive_entry* entry = archive_entry_new();
            archive_entry_set_pathname(entry, path.c_str());
            archive_entry_set_filetype(entry, AE_IFREG);
            archive_entry_set_perm(entry, 0644);
            archive_entry_set_size(entry, static_cast<la_int64_t>(text.size()));
            ASSERT_EQ(archive_write_header(out, entry), ARCHIVE_OK) << archive_error_string(out);
            archive_write_data(out, text.data(), text.size());
            archive_entry_free(entry);
        }
        ASSERT_EQ(archive_write_close(out), ARCHIVE_OK) << archive_error_string(out);
        archive_write_free(out);
        // libarchive spells labels by the letter of the standard (CONFIG_2); everybody else writes what they are
        // told.
        constexpr int kLabelAt = 32768 + 40;
        constexpr std::size_t kLabelLength = 32;
        std::fstream file(device_, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(kLabelAt).write((label + std::string(kLabelLength, ' ')).data(), kLabelLength);
    }

    /// A vfat by mkfs.vfat and mtools, with the given width of its table.
    void write_vfat(const std::string& label, const Files& content, const std::string& bits) {
        const std::string size = bits == "12" ? "4096" : bits == "16" ? "16384" : "40960"; // KiB
        run({"mkfs.vfat", "-C", "-F", bits, "-n", label, device_, size});
        for (const auto& [path, text] : content) {
            const std::filesystem::path whole(path);
            for (std::filesystem::path folder; const auto& part : whole.parent_path()) {
                folder /= part;
                static_cast<void>(
                    processes_.run({.argv = {"mmd", "-i", device_, "::" + folder.string()}}).has_value());
            }
            const auto file = world_.folder.path() / "content";
            ASSERT_TRUE(files::write(file, text).has_value());
            run({"mcopy", "-i", device_, "-o", file.string(), "::" + path});
        }
    }

    void run(std::vector<std::string> argv) {
        const auto done =
            process::run_checked(processes_, {.argv = std::move(argv), .environment = {{"PATH", kPath}}});
        ASSERT_TRUE(done.has_value()) << done.error().to_string();
    }

    static constexpr const char* kPath = "/usr/sbin:/usr/bin:/sbin:/bin";
    test::World world_{};
    process::PosixProcesses processes_{};
    std::string device_{};
};

TEST_F(Media, IsASeedWhereverItsLabelIsWithRockRidgeOrJoliet) {
    for (const std::string extensions :
         {"rockridge=useful,!joliet", "!rockridge,joliet", "rockridge=useful,joliet"}) {
        for (const std::string label : {"cidata", "CIDATA"}) {
            write_iso(label, kSeed, extensions);
            const auto metadata = read_datasource(world_.environment);
            ASSERT_TRUE(metadata.has_value()) << extensions << ": " << metadata.error().to_string();
            EXPECT_EQ(metadata->instance_id, "from-disk");
            EXPECT_EQ(metadata->hostname, "db-9");
            EXPECT_EQ(metadata->place, "/dev/vdb (iso9660)");
        }
    }
}

TEST_F(Media, IsASeedOnVfatOfEveryWidth) {
    for (const std::string bits : {"12", "16", "32"}) {
        std::filesystem::remove(device_);
        write_vfat("CIDATA", kSeed, bits);
        const auto metadata = read_datasource(world_.environment);
        ASSERT_TRUE(metadata.has_value()) << bits << ": " << metadata.error().to_string();
        EXPECT_EQ(metadata->instance_id, "from-disk");
        EXPECT_EQ(metadata->place, "/dev/vdb (vfat)");
    }
}

TEST_F(Media, WithAnotherLabelIsNone) {
    write_iso("others", kSeed, "joliet");
    EXPECT_EQ(read_datasource(world_.environment).error().kind, ErrorKind::transient);
}

TEST_F(Media, HoldsFoldersAndFilesOfManyClusters) {
    const std::string large = [] {
        std::string text;
        for (int line = 0; line < 20'000; ++line) { text += std::to_string(line) + "\n"; }
        return text;
    }();
    const Files drive{{"openstack/latest/meta_data.json", R"({"uuid": "u-1", "hostname": "db-2"})"},
                      {"openstack/latest/user_data", "#cloud-config\n# " + large}};
    write_vfat("config-2", drive, "16");
    const auto from_vfat = read_datasource(world_.environment);
    ASSERT_TRUE(from_vfat.has_value()) << from_vfat.error().to_string();
    EXPECT_EQ(from_vfat->datasource, "configdrive");
    EXPECT_EQ(from_vfat->user_data, drive.at("openstack/latest/user_data"));
    write_iso("config-2", drive, "rockridge=useful,!joliet");
    const auto from_iso = read_datasource(world_.environment);
    ASSERT_TRUE(from_iso.has_value()) << from_iso.error().to_string();
    EXPECT_EQ(from_iso->user_data, drive.at("openstack/latest/user_data"));
}

TEST_F(Media, CutOffAtAnyPlaceNeverCrashesAndIsNeverTakenForWhole) {
    write_iso("cidata", kSeed, "rockridge=useful,joliet");
    const auto whole = std::filesystem::file_size(device_);
    for (std::uintmax_t length = whole; length > 1999; length -= 1999) {
        std::filesystem::resize_file(device_, length);
        const auto metadata = read_datasource(world_.environment);
        if (metadata) { EXPECT_EQ(metadata->instance_id, "from-disk"); }
    }
}

TEST_F(Media, WithAnyByteChangedNeverCrashesNorHangs) {
    for (const bool iso : {true, false}) {
        std::filesystem::remove(device_);
        if (iso) {
            write_iso("cidata", kSeed, "rockridge=useful,!joliet");
        } else {
            write_vfat("cidata", kSeed, "12");
        }
        // The places that matter: descriptors and folders of the iso, boot sector, table and root of the vfat.
        const int from = iso ? 32768 : 0;
        for (int at = from; at < from + 16384; at += 13) {
            std::fstream file(device_, std::ios::in | std::ios::out | std::ios::binary);
            file.seekg(at);
            const auto before = static_cast<char>(file.get());
            file.seekp(at).put(static_cast<char>(before ^ 0xFF)).flush();
            static_cast<void>(read_datasource(world_.environment).has_value());
            file.seekp(at).put(before).flush();
        }
        EXPECT_TRUE(read_datasource(world_.environment).has_value());
    }
}

} // namespace
} // namespace ingot::firstboot
