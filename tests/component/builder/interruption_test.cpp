// What goes wrong in the middle: a mirror that dies, a disk that is full, ^C. Nothing half-made gets a final name,
// the message says what happened, and the next run goes on from what is good.
#include <csignal>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/component/builder/repositories.hpp"

namespace ingot::tests {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

/// A small disk, as long as it lives.
class SmallDisk {
  public:
    SmallDisk(fs::path folder, const std::string& size) : folder_(std::move(folder)) {
        fs::create_directories(folder_);
        mounted_ = ::mount("none", folder_.c_str(), "tmpfs", 0, ("size=" + size).c_str()) == 0;
    }
    ~SmallDisk() {
        if (mounted_) { ::umount2(folder_.c_str(), MNT_DETACH); }
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
    SmallDisk(SmallDisk&&) = delete;
    SmallDisk& operator=(SmallDisk&&) = delete;
    [[nodiscard]] bool mounted() const { return mounted_; }
    [[nodiscard]] bool grow(const std::string& size) const {
        return ::mount("none", folder_.c_str(), "tmpfs", MS_REMOUNT, ("size=" + size).c_str()) == 0;
    }

  private:
    fs::path folder_;
    bool mounted_ = false;
};

class Interruption : public ExtraRepository {
  protected:
    void SetUp() override {
        ASSERT_NO_FATAL_FAILURE(ExtraRepository::SetUp());
        if (IsSkipped()) { return; }
        big_ = extra_->add("ingot-test-big", "1.0", {}, {}, 4U << 20U);
        extra_->publish();
        write_role("ingot-test-hello\n  - ingot-test-big");
    }
    /// Whatever has the name of a hash has that hash.
    void expect_store_is_good() const {
        const auto store = project_.cache / "packages";
        for (const auto& entry : fs::recursive_directory_iterator(store)) {
            if (!entry.is_regular_file() || entry.path().string().find("/incoming/") != std::string::npos) {
                continue;
            }
            EXPECT_EQ(*crypto::sha256_file(entry.path()), entry.path().stem().string());
        }
    }
    [[nodiscard]] std::ptrdiff_t times_asked(const std::string& file) {
        const auto asked = server_->asked();
        return std::ranges::count(asked, "/" + file);
    }
    std::string big_;
};

TEST_F(Interruption, OfADownloadKeepsWhatArrivedAndGoesOnFromThere) {
    server_->cut("ingot-test-big_1.0_all.deb", 100000);
    auto said = ingot("lock", {"mine", "--fetch"});
    EXPECT_EQ(said.exit_code, 75) << said.out;
    EXPECT_THAT(said.out, HasSubstr("ingot-test-big"));
    EXPECT_FALSE(files::exists(stored(big_)));
    EXPECT_TRUE(files::exists(stored(deb_))) << "the other one arrived";
    expect_store_is_good();
    EXPECT_FALSE(files::exists(project_.lock("mine"))) << "no lock of packages that we could not get";

    server_->behave();
    said = ingot("lock", {"mine", "--fetch"});
    EXPECT_EQ(said.exit_code, 0) << said.out;
    EXPECT_TRUE(files::exists(stored(big_)));
    EXPECT_EQ(times_asked(deb_), 1) << "what is good is not fetched again";
    expect_store_is_good();
}

TEST_F(Interruption, OfALockedDownloadNamesThePackage) {
    ASSERT_EQ(ingot("lock", {"mine"}).exit_code, 0);
    server_->cut("ingot-test-big_1.0_all.deb", 100000);
    const auto said = ingot("build", {"mine", "--locked"});
    EXPECT_EQ(said.exit_code, 75) << said.out;
    EXPECT_THAT(said.out, testing::ContainsRegex("mine.lock.yaml:[0-9]+:[0-9]+: ingot-test-big 1.0: http"));
    EXPECT_TRUE(files::exists(stored(deb_)));
    EXPECT_FALSE(files::exists(project_.image("mine")));
    expect_store_is_good();
}

TEST_F(Interruption, OfAnIndexLeavesTheOldOneInUse) {
    ASSERT_EQ(ingot("lock", {"mine"}).exit_code, 0);
    extra_->add("ingot-test-more", "1.0");
    extra_->publish();
    server_->cut("/Packages", 40);
    auto said = ingot("lock", {"mine", "--refresh"});
    EXPECT_NE(said.exit_code, 0);
    EXPECT_THAT(said.out, HasSubstr("fetching the package indexes"));
    said = ingot("lock", {"mine"});
    EXPECT_EQ(said.exit_code, 0) << said.out;
}

TEST_F(Interruption, ByAnIndexThatIsNotWhatWasSigned) {
    const auto index = extra_->folder() / "dists/stable/main/binary-amd64/Packages";
    auto text = *files::read(index);
    ASSERT_TRUE(files::write(index, text::replace_all(text, "ingot-test-hello", "ingot-evil-hello")));
    const auto said = ingot("lock", {"mine"});
    EXPECT_NE(said.exit_code, 0);
    EXPECT_THAT(said.out, testing::AnyOf(HasSubstr("Hash Sum mismatch"), HasSubstr("File has unexpected size")));
    EXPECT_FALSE(files::exists(project_.lock("mine")));
}

TEST_F(Interruption, ByADiskThatIsFullWhileFetching) {
    const SmallDisk disk(project_.cache, "3m");
    if (!disk.mounted()) { GTEST_SKIP() << "no file system can be mounted here"; }
    auto said = ingot("lock", {"mine", "--fetch"});
    EXPECT_NE(said.exit_code, 0);
    EXPECT_THAT(said.out, testing::AnyOf(HasSubstr("No space left"), HasSubstr("enough free space")));
    EXPECT_FALSE(files::exists(stored(big_)));
    ASSERT_TRUE(disk.grow("100m"));
    said = ingot("lock", {"mine", "--fetch"});
    EXPECT_EQ(said.exit_code, 0) << said.out;
    EXPECT_TRUE(files::exists(stored(big_)));
    expect_store_is_good();
}

class InterruptedBuild : public testing::Test {
  protected:
    void SetUp() override {
        if (const auto reason = why_not(); !reason.empty()) { GTEST_SKIP() << reason; }
    }
    Project project_;
};

TEST_F(InterruptedBuild, ByADiskThatIsFullWhilePackingKeepsTheImageBefore) {
    ASSERT_EQ(project_.ingot("build", {"etcd"}).exit_code, 0);
    const auto before = *files::read(project_.image("etcd") / "manifest.json");
    const auto rest = project_.path() / "images-of-before";
    fs::rename(project_.path() / "images", rest);
    const SmallDisk disk(project_.path() / "images", "20m");
    if (!disk.mounted()) { GTEST_SKIP() << "no file system can be mounted here"; }
    ASSERT_TRUE(files::write(project_.image("etcd") / "manifest.json", before)); // stands for a whole image
    const auto said = project_.ingot("build", {"etcd"});
    EXPECT_NE(said.exit_code, 0);
    EXPECT_THAT(said.out, HasSubstr("No space left"));
    EXPECT_EQ(*files::read(project_.image("etcd") / "manifest.json"), before);
    EXPECT_TRUE(project_.nothing_half_made()) << "and what was half made has given its space back";
}

TEST_F(InterruptedBuild, ByAPersonSaysSoAndLeavesNothing) {
    const auto argv = project_.command("build", {"etcd", "--no-layer-cache"});
    const auto log = project_.path() / "log";
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        std::freopen(log.c_str(), "w", stderr);
        std::vector<char*> raw;
        for (const auto& word : argv) { raw.push_back(const_cast<char*>(word.c_str())); } // NOLINT: exec wants it so
        raw.push_back(nullptr);
        ::execv(INGOT_PROGRAM, raw.data());
        ::_exit(127);
    }
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (files::read(log).value_or("").find("installing") == std::string::npos &&
           std::chrono::steady_clock::now() < deadline) {
        std::this_thread::sleep_for(100ms);
    }
    std::this_thread::sleep_for(500ms);
    ::kill(child, SIGINT);
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT) << "so that a script that called it stops too";
    EXPECT_THAT(*files::read(log), HasSubstr("interrupted"));
    std::this_thread::sleep_for(1s);
    for (const auto& entry : fs::directory_iterator("/proc")) {
        std::error_code problem;
        const auto root = fs::read_symlink(entry.path() / "root", problem).string();
        EXPECT_THAT(root, Not(HasSubstr((project_.cache / "building").string()))) << entry.path();
    }
    EXPECT_FALSE(files::exists(project_.image("etcd")));
    const auto built = project_.ingot("build", {"etcd"});
    EXPECT_EQ(built.exit_code, 0) << built.out;
    EXPECT_TRUE(project_.nothing_half_made());
}

} // namespace
} // namespace ingot::tests
