#include "firstboot/datasource/media/media.hpp"

#include <fstream>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <archive.h>
#include <archive_entry.h>

#include "common/process/process.hpp"
#include "common/text/text.hpp"
#include "firstboot/datasource/datasource.hpp"
#include "tests/unit/firstboot/fakes.hpp"

namespace ingot::firstboot {
namespace {

using testing::HasSubstr;
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

    /// One try, which never takes long: nothing is waited for.
    Result<Metadata> try_once() {
        const auto begin = std::chrono::steady_clock::now();
        auto result = read_datasource(world_.environment);
        EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
        return result;
    }
    void expect_error(ErrorKind kind, const std::string& sentence) {
        const auto result = try_once();
        ASSERT_FALSE(result.has_value()) << sentence;
        EXPECT_EQ(to_string(result.error().kind), to_string(kind)) << result.error().to_string();
        EXPECT_THAT(result.error().to_string(), HasSubstr(sentence));
    }
    /// Cuts the device off right before the bytes of `text`.
    void cut_before(const std::string& text) {
        const auto place = files::read(device_).value().rfind(text);
        ASSERT_NE(place, std::string::npos);
        std::filesystem::resize_file(device_, place);
    }
    void firmware(const std::string& vendor, const std::string& uuid) {
        world_.write("/sys/class/dmi/id/sys_vendor", vendor + "\n");
        world_.write("/sys/class/dmi/id/product_uuid", uuid + "\n");
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

// ---- How a medium can be wrong: the same rows as the table in services_test.cpp has for services ------------------

const Files kDrive{
    {"openstack/latest/meta_data.json", R"({"uuid": "11223344-5566-7788-99aa-bbccddeeff00", "hostname": "db-2"})"},
    {"openstack/latest/user_data", "#cloud-config\n# the drive's\n"}};
constexpr const char* kNothing =
    "no metadata yet: looked at /var/lib/cloud/seed/nocloud, filesystems labelled cidata, "
    "filesystems labelled config-2";

TEST_F(Media, ThatComesLaterIsTakenThen) {
    expect_error(ErrorKind::transient, kNothing); // the bay is empty
    write_iso("others", {{"readme", "x"}}, "joliet");
    expect_error(ErrorKind::transient, kNothing);
    write_iso("cidata", {{"meta-data", "instance-id: half\n"}}, "joliet"); // no user-data: no seed
    expect_error(ErrorKind::transient, kNothing);
    write_iso("config-2", kDrive, "joliet");
    EXPECT_EQ(try_once().value().hostname, "db-2");
    write_iso("cidata", kSeed, "joliet");
    EXPECT_EQ(try_once().value().hostname, "db-9");
}

TEST_F(Media, ThatCannotBeReadOrNeverGivesAByteIsPassedOver) {
    ASSERT_TRUE(std::filesystem::create_directory(device_)); // every read fails
    expect_error(ErrorKind::transient, kNothing);
    std::filesystem::remove(device_);
    ASSERT_EQ(::mkfifo(device_.c_str(), 0600), 0); // opening it would wait for ever, reading too
    expect_error(ErrorKind::transient, kNothing);
    std::filesystem::remove(device_);
    // It does not hide the one behind it.
    ASSERT_EQ(::mkfifo(world_.environment.root.at("/dev/vdc").c_str(), 0600), 0);
    world_.write("/sys/class/block/vdc/size", "2048\n");
    write_iso("cidata", kSeed, "joliet");
    EXPECT_EQ(try_once().value().place, "/dev/vdb (iso9660)");
}

TEST_F(Media, ThatIsCutOffIsAFaultWithItsPlace) {
    write_iso("cidata", kSeed, "rockridge=useful,!joliet");
    cut_before("#cloud-config\n");
    expect_error(ErrorKind::invalid_input, "reading the NoCloud seed on /dev/vdb: ");
    expect_error(ErrorKind::invalid_input, "ends before what it should hold");
    std::filesystem::remove(device_);
    write_vfat("cidata", kSeed, "12");
    cut_before("#cloud-config\n");
    expect_error(ErrorKind::invalid_input, "reading the NoCloud seed on /dev/vdb: ");
    std::filesystem::remove(device_);
    write_iso("config-2", kDrive, "rockridge=useful,!joliet");
    cut_before("#cloud-config\n");
    expect_error(ErrorKind::invalid_input, "reading the config drive /dev/vdb (iso9660): ");
    std::filesystem::remove(device_);
    write_vfat("config-2", kDrive, "16");
    cut_before("#cloud-config\n");
    expect_error(ErrorKind::invalid_input, "reading the config drive /dev/vdb (vfat): ");
}

TEST_F(Media, ThatHoldsGarbageIsAFaultWithItsPlace) {
    write_iso("cidata", {{"meta-data", "a: [\n"}, {"user-data", ""}}, "joliet");
    expect_error(ErrorKind::invalid_input, "reading the NoCloud seed of /dev/vdb (iso9660): meta-data:");
    write_iso("cidata", {{"meta-data", "<html></html>"}, {"user-data", ""}}, "joliet");
    expect_error(ErrorKind::invalid_input, "meta-data is not a mapping");
    const auto drive = [&](const std::string& meta_data, const std::string& sentence) {
        SCOPED_TRACE(meta_data);
        write_iso("config-2", {{"openstack/latest/meta_data.json", meta_data}}, "joliet");
        expect_error(ErrorKind::invalid_input, "reading the config drive /dev/vdb (iso9660): meta_data.json");
        expect_error(ErrorKind::invalid_input, sentence);
    };
    drive("<html></html>", "meta_data.json: ");
    drive(R"({"uuid": "11223344-)", "meta_data.json: ");
    drive("", "meta_data.json: ");
    drive("[1, 2]", "meta_data.json has no uuid");
    drive(R"({"uuid": 7})", "meta_data.json has no uuid");
}

TEST_F(Media, ThatHoldsAFileWithoutEndIsRefused) {
    const std::string large(std::size_t{17} << 20U, '#');
    write_iso("cidata", {{"meta-data", "instance-id: i\n"}, {"user-data", large}}, "joliet");
    expect_error(ErrorKind::refused, "reading the NoCloud seed on /dev/vdb: ");
    std::filesystem::remove(device_);
    write_iso("config-2",
              {{"openstack/latest/meta_data.json", R"({"uuid": "u"})"}, {"openstack/latest/user_data", large}},
              "joliet");
    expect_error(ErrorKind::refused, "reading the config drive /dev/vdb (iso9660): ");
}

TEST_F(Media, OfAnotherMachineIsRefusedOnOpenStack) {
    write_iso("config-2", kDrive, "joliet");
    firmware("OpenStack Foundation", "00000000-5566-7788-99aa-bbccddeeff00");
    expect_error(ErrorKind::refused,
                 "the config drive is for instance 11223344-5566-7788-99aa-bbccddeeff00, and this machine's uuid is "
                 "00000000-5566-7788-99aa-bbccddeeff00: it belongs to another machine");
    firmware("OpenStack Foundation", "11223344-5566-7788-99AA-BBCCDDEEFF00");
    EXPECT_EQ(try_once().value().hostname, "db-2");
    firmware("OpenStack Foundation", "44332211-6655-8877-99aa-bbccddeeff00"); // the other byte order
    EXPECT_EQ(try_once().value().hostname, "db-2");
    firmware("QEMU", "00000000-5566-7788-99aa-bbccddeeff00"); // means nothing there
    EXPECT_EQ(try_once().value().hostname, "db-2");
}

} // namespace
} // namespace ingot::firstboot
