// The installer against everything that goes wrong while a disk is written. What has to hold, always: the disk boots
// what was verified, or nothing; and nobody's data is lost.
#include <chrono>
#include <csignal>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/crypto/crypto.hpp"
#include "common/diskmap/diskmap.hpp"
#include "common/json/json.hpp"
#include "common/text/text.hpp"
#include "tests/component/installer/small_image.hpp"
#include "tests/support/file_server.hpp"

namespace ingot::tests {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr std::size_t kMarkAt = 512U << 10U;
constexpr std::size_t kMarkSize = 4096;
constexpr std::size_t kSector = 512;

class Installing : public WithSmallImage {
  protected:
    void SetUp() override {
        WithSmallImage::SetUp();
        if (IsSkipped()) { return; }
        // A folder of links, in which a test may put something else.
        const auto names = files::list(image_->path("")).value_or(std::vector<std::string>());
        for (const auto& name : names) { fs::create_symlink(image_->path(name), web(name)); }
        server_.emplace(folder_->path());
        server_->give_ranges();
    }
    [[nodiscard]] fs::path web(const std::string& name) const {
        fs::create_directories(path("image"));
        return path("image") / name;
    }
    [[nodiscard]] std::string address() const { return server_->address() + "/image/"; }
    /// A file of the image, changed by a test.
    void replace(const std::string& name, const std::string& content) const {
        fs::remove(web(name));
        ASSERT_TRUE(files::write(web(name), content));
    }

    std::vector<std::string> command(std::vector<std::string> more) const {
        std::vector<std::string> argv = {INGOT_INSTALL, address(), "--key", image_->public_key().string()};
        argv.insert(argv.end(), more.begin(), more.end());
        return argv;
    }
    process::Output install(std::vector<std::string> more) const { return run(command(std::move(more))); }

    /// The file as it has to be: the image, but for the mark.
    static void expect_complete(const fs::path& file) {
        auto got = *files::read(file, 1ULL << 30U);
        const auto raw = *files::read(image_->path("disk.raw"), 1ULL << 30U);
        EXPECT_EQ(got.substr(kMarkAt, 15), "INGOT-INSTALLED");
        got.replace(kMarkAt, kMarkSize, raw.substr(kMarkAt, kMarkSize));
        EXPECT_EQ(got.size(), raw.size());
        EXPECT_TRUE(got == raw) << "the file is not the image";
    }
    static bool boots(const fs::path& file) {
        std::string sector(kSector, '\0');
        const files::Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
        if (!fd.valid() || ::pread(fd.get(), sector.data(), sector.size(), 0) != static_cast<ssize_t>(kSector)) {
            return false;
        }
        return sector != std::string(kSector, '\0');
    }

    std::optional<FileServer> server_;
};

TEST(Installer, NeedsNoLibrary) {
    const auto said = run({"readelf", "-d", INGOT_INSTALL});
    ASSERT_EQ(said.exit_code, 0) << said.err;
    EXPECT_THAT(said.out, testing::Not(HasSubstr("NEEDED"))) << "it has to run in an initrd without any";
}

TEST_F(Installing, WritesTheImageAndDoesNotWriteItAgain) {
    const auto file = path("disk");
    const auto first = install({"--file", file.string(), "--read-back"});
    ASSERT_EQ(first.exit_code, 0) << first.out << first.err;
    EXPECT_THAT(first.out, HasSubstr("all verified"));
    expect_complete(file);
    // The machine has been running since, and something else stands on its disk.
    const files::Fd fd(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
    ASSERT_EQ(::pwrite(fd.get(), "data", 4, 70U << 20U), 4);
    const auto before = *crypto::sha256_file(file);
    for (const auto& more : {std::vector<std::string>{}, {"--wipe", file.string()}}) {
        auto arguments = more;
        arguments.insert(arguments.end(), {"--file", file.string()});
        const auto second = install(arguments);
        EXPECT_EQ(second.exit_code, 10) << second.out << second.err;
        EXPECT_THAT(second.out, HasSubstr("installed there already"));
        EXPECT_EQ(*crypto::sha256_file(file), before);
    }
    const auto again = install({"--file", file.string(), "--wipe", file.string(), "--again", "2026"});
    ASSERT_EQ(again.exit_code, 0) << again.out << again.err;
    expect_complete(file);
}

TEST_F(Installing, GoesOnWhereAConnectionBroke) {
    server_->cut("disk.raw.zst", 6U << 20U); // of each answer: some pieces come, the next does not
    const auto done = install({"--file", path("disk").string(), "--patience", "60"});
    ASSERT_EQ(done.exit_code, 0) << done.out << done.err;
    expect_complete(path("disk"));
    const auto asked = server_->asked();
    EXPECT_GT(std::ranges::count(asked, "/image/disk.raw.zst"), 4);
}

TEST_F(Installing, TakesWholeFilesFromAServerThatKnowsNoRanges) {
    const FileServer simple(folder_->path());
    const auto done = run({INGOT_INSTALL, simple.address() + "/image/boot.ipxe", "--key",
                           image_->public_key().string(), "--file", path("disk").string()});
    ASSERT_EQ(done.exit_code, 0) << done.out << done.err;
    expect_complete(path("disk"));
}

TEST_F(Installing, GivesUpWhenNothingComesAndLeavesNothingThatBoots) {
    server_->cut("disk.raw.zst", 100);
    const auto done = install({"--file", path("disk").string(), "--patience", "2"});
    EXPECT_EQ(done.exit_code, 75) << done.out;
    EXPECT_THAT(done.err, HasSubstr("disk.raw.zst"));
    EXPECT_FALSE(boots(path("disk")));
    // Once the server is well, the same command ends what was begun.
    server_->behave();
    const auto then = install({"--file", path("disk").string()});
    ASSERT_EQ(then.exit_code, 0) << then.out << then.err;
    EXPECT_THAT(then.out, HasSubstr("begins anew"));
    expect_complete(path("disk"));
}

TEST_F(Installing, ATamperedPieceLeavesADiskThatBootsNothingAndIsNamed) {
    auto bytes = *files::read(image_->path("disk.raw.zst"));
    const auto map = *diskmap::parse(*files::read(image_->path("disk.map.json")));
    std::size_t last = 0;
    for (std::size_t piece = 0; piece < map.pieces.size(); ++piece) {
        if (!map.pieces[piece].zero) { last = piece; }
    }
    bytes[map.pieces[last].at + map.pieces[last].length / 2] ^= 1;
    replace("disk.raw.zst", bytes);
    const auto done = install({"--file", path("disk").string()});
    EXPECT_NE(done.exit_code, 0) << done.out;
    EXPECT_THAT(done.err, HasSubstr(text::format("piece {} of", last)));
    EXPECT_THAT(done.err, HasSubstr("not the one that was built"));
    EXPECT_THAT(done.err, HasSubstr("boots nothing"));
    EXPECT_FALSE(boots(path("disk")));
}

TEST_F(Installing, WritesNothingThatIsNotSignedByTheKey) {
    struct Row {
        const char* name;
        std::function<void()> change;
        const char* reason;
    };
    const auto manifest = *files::read(image_->path("manifest.json"));
    const auto map = *files::read(image_->path("disk.map.json"));
    const auto other = *crypto::make_signing_key();
    const std::vector<Row> rows = {
        {"another key", [&] { replace("manifest.json.sig", *crypto::sign(other.private_pem, manifest)); },
         "not this key's"},
        {"a manifest that was changed",
         [&] { replace("manifest.json", text::replace_all(manifest, "\"small\"", "\"other\"")); }, "not this key's"},
        {"a map that was changed", [&] { replace("disk.map.json", text::replace_all(map, "zero", "data")); },
         "not the one that was signed"},
        {"no signature", [&] { fs::remove(web("manifest.json.sig")); }, "not signed"},
    };
    for (const auto& row : rows) {
        row.change();
        const auto done = install({"--file", path("disk").string()});
        EXPECT_EQ(done.exit_code, 3) << row.name << done.out << done.err;
        EXPECT_THAT(done.err, HasSubstr(row.reason)) << row.name;
        EXPECT_FALSE(fs::exists(path("disk"))) << row.name;
        for (const auto* name : {"manifest.json", "manifest.json.sig", "disk.map.json"}) {
            fs::remove(web(name));
            fs::create_symlink(image_->path(name), web(name));
        }
    }
    const auto neither = run({INGOT_INSTALL, address(), "--file", path("disk").string()});
    EXPECT_EQ(neither.exit_code, 3);
    EXPECT_THAT(neither.err, HasSubstr("neither a key"));
}

TEST_F(Installing, ADryRunSaysWhatItWouldDoAndWritesNothing) {
    const auto done = install({"--file", path("disk").string(), "--dry-run"});
    ASSERT_EQ(done.exit_code, 0) << done.err;
    const auto plan = json::parse(done.out.substr(done.out.find('{')));
    ASSERT_TRUE(plan) << done.out;
    EXPECT_EQ(json::string_at(*plan, "action"), "install");
    EXPECT_GT(json::unsigned_at(*plan, "bytes_to_write").value_or(0), 24U << 20U);
    EXPECT_GT(json::unsigned_at(*plan, "bytes_to_zero").value_or(0), 0U);
    EXPECT_FALSE(fs::exists(path("disk")));
}

/// Power fails at any moment: here the process dies, with all that the kernel had been given.
TEST_F(Installing, WheneverItIsKilledTheDiskBootsAllOrNothing) {
    const auto file = path("disk");
    constexpr int kRuns = 12;
    int killed = 0;
    for (int attempt = 0; attempt < kRuns; ++attempt) {
        const auto argv = command({"--file", file.string(), "--connections", "2"});
        std::vector<char*> raw;
        for (const auto& word : argv) { raw.push_back(const_cast<char*>(word.c_str())); }
        raw.push_back(nullptr);
        const auto child = ::fork();
        if (child == 0) {
            const int nothing = ::open("/dev/null", O_WRONLY);
            ::dup2(nothing, STDOUT_FILENO);
            ::dup2(nothing, STDERR_FILENO);
            ::execv(raw.front(), raw.data());
            ::_exit(127);
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20 + attempt * attempt * 8)); // not a wait: the moment
        ::kill(child, SIGKILL);
        int status = 0;
        ::waitpid(child, &status, 0);
        killed += WIFSIGNALED(status) ? 1 : 0;
        if (boots(file)) {
            expect_complete(file);
            fs::remove(file);
        }
    }
    EXPECT_GT(killed, 0) << "no run was killed in its work";
    const auto done = install({"--file", file.string()});
    ASSERT_THAT(done.exit_code, testing::AnyOf(0, 10)) << done.out << done.err;
    expect_complete(file);
}

/// A file as a block device.
class LoopDisk {
  public:
    explicit LoopDisk(const fs::path& file, std::uintmax_t size) {
        EXPECT_TRUE(files::write(file, ""));
        fs::resize_file(file, size);
        const auto made = run({"losetup", "--find", "--show", file.string()});
        EXPECT_EQ(made.exit_code, 0) << made.err;
        path_ = text::trim(made.out);
    }
    ~LoopDisk() { run({"losetup", "-d", path_}); }
    LoopDisk(const LoopDisk&) = delete;
    LoopDisk& operator=(const LoopDisk&) = delete;
    LoopDisk(LoopDisk&&) = delete;
    LoopDisk& operator=(LoopDisk&&) = delete;
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    std::string path_;
};

TEST_F(Installing, LeavesADiskWithAFilesystemAloneUntilItIsNamed) {
    const LoopDisk disk(path("backing"), 512U << 20U);
    ASSERT_EQ(run({"mkfs.ext4", "-q", "-L", "precious", disk.path()}).exit_code, 0);
    const auto before = *crypto::sha256_file(path("backing"));
    for (const auto* wipe : {"", "S1234"}) {
        const auto done = install({"--disk", "path=" + disk.path(), "--wipe", wipe});
        EXPECT_EQ(done.exit_code, 3) << done.out << done.err;
        EXPECT_THAT(done.err, HasSubstr("ext4 labelled 'precious'"));
        EXPECT_EQ(*crypto::sha256_file(path("backing")), before);
    }
    const auto mounted = path("mnt");
    fs::create_directory(mounted);
    ASSERT_EQ(run({"mount", disk.path(), mounted.string()}).exit_code, 0);
    const auto busy = install({"--disk", "path=" + disk.path(), "--wipe", disk.path()});
    EXPECT_EQ(run({"umount", mounted.string()}).exit_code, 0);
    EXPECT_EQ(busy.exit_code, 3) << busy.out;
    EXPECT_THAT(busy.err, HasSubstr("in use"));
    const auto named = install({"--disk", "path=" + disk.path(), "--wipe", disk.path()});
    EXPECT_EQ(named.exit_code, 0) << named.out << named.err;
    EXPECT_THAT(named.out, HasSubstr("what is lost: ext4 labelled 'precious'"));
}

TEST_F(Installing, LeavesTheSeedInTheRootForRootAlone) {
    fs::create_directory(path("seed"));
    ASSERT_TRUE(files::write(path("seed/meta-data"), "instance-id: i-1\n"));
    ASSERT_TRUE(files::write(path("seed/user-data"), "#cloud-config\n# secret\n"));
    const LoopDisk disk(path("backing"), 512U << 20U);
    const auto done = install({"--disk", "path=" + disk.path(), "--seed", server_->address() + "/seed/"});
    ASSERT_EQ(done.exit_code, 0) << done.out << done.err;
    EXPECT_TRUE(boots(path("backing")));
    const auto map = *diskmap::parse(*files::read(image_->path("disk.map.json")));
    const auto root = path("root");
    fs::create_directory(root);
    const auto options = text::format("ro,loop,offset={},sizelimit={}", map.boot.root_at, map.boot.root_size);
    const auto mounted = run({"mount", "-o", options, disk.path(), root.string()});
    ASSERT_EQ(mounted.exit_code, 0) << mounted.err;
    const auto seed = root / "var/lib/cloud/seed/nocloud";
    EXPECT_EQ(files::read(seed / "user-data").value_or(""), "#cloud-config\n# secret\n");
    EXPECT_EQ(files::read(seed / "meta-data").value_or(""), "instance-id: i-1\n");
    EXPECT_EQ(fs::status(seed / "user-data").permissions(), fs::perms(0600));
    EXPECT_EQ(fs::status(seed).permissions(), fs::perms(0700));
    EXPECT_FALSE(fs::exists(seed / "vendor-data"));
    EXPECT_EQ(run({"umount", root.string()}).exit_code, 0);
}

TEST_F(Installing, WithoutItsSeedADiskIsNotTouched) {
    const auto done = install({"--file", path("disk").string(), "--seed", server_->address() + "/nowhere/"});
    EXPECT_NE(done.exit_code, 0);
    EXPECT_THAT(done.err, HasSubstr("meta-data: HTTP 404"));
    EXPECT_FALSE(fs::exists(path("disk")));
}

} // namespace
} // namespace ingot::tests
