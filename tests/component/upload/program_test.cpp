// The program as a person runs it: ^C, a crash, secrets.
#include <csignal>
#include <cstdlib>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/process/background.hpp"
#include "common/text/text.hpp"
#include "tests/component/upload/fake_hetzner.hpp"
#include "tests/component/upload/fixture.hpp"
#include "tests/component/upload/rescue.hpp"

namespace ingot::tests {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

class Program : public testing::Test {
  protected:
    Program()
        : folder_(*files::TempDir::create("ingot-upload-program-")), fixture_(make_image(folder_.path(), "db")),
          disk_(folder_.path(), kDiskSize), tools_(folder_.path(), disk_),
          rescue_(tools_, disk_, kImageSize, folder_.path()), fake_(rescue_) {}

    void SetUp() override {
        if (::geteuid() != 0) { GTEST_SKIP() << "needs root for a block device"; }
        ASSERT_TRUE(disk_.ready());
        ASSERT_TRUE(files::write(folder_.path() / "token", std::string(FakeHetzner::kToken) + "\n", {.mode = 0600}));
    }

    [[nodiscard]] fs::path log() const { return folder_.path() / "log"; }

    /// By way of env: a background child of the tests has a clean environment.
    process::Background start(std::vector<std::string> more) {
        std::vector<std::string> argv = {"env", "HCLOUD_ENDPOINT=" + fake_.endpoint(), INGOT_PROGRAM};
        argv.insert(argv.end(), more.begin(), more.end());
        argv.insert(argv.end(), {"--token-file", (folder_.path() / "token").string()});
        fs::remove(log());
        return *process::Background::start({.argv = argv, .log_file = log()});
    }
    process::Background start_upload(std::vector<std::string> more = {}) {
        std::vector<std::string> argv = {"upload",       "hetzner",    fixture_.folder.string(),      "--device",
                                         disk_.device(), "--ssh-port", std::to_string(rescue_.port())};
        argv.insert(argv.end(), more.begin(), more.end());
        return start(argv);
    }
    [[nodiscard]] std::string said() const { return files::read(log()).value_or(""); }
    [[nodiscard]] bool says(const std::string& text) const {
        for (int tries = 0; tries < 6000; ++tries) {
            if (said().find(text) != std::string::npos) { return true; }
            std::this_thread::sleep_for(10ms);
        }
        return false;
    }

    files::TempDir folder_;
    ImageFixture fixture_;
    Disk disk_;
    RescueTools tools_;
    SshRescue rescue_;
    FakeHetzner fake_;
};

TEST_F(Program, RemovesEverythingAfterControlC) {
    for (const auto* phase :
         {"creating a server", "waiting for the rescue system", "writing", "taking the snapshot"}) {
        SCOPED_TRACE(phase);
        tools_.reset();
        auto program = start_upload();
        ASSERT_TRUE(says(std::string("db: ") + phase)) << said();
        program.signal(SIGINT);
        const auto code = program.wait(120s);
        ASSERT_TRUE(code.has_value()) << said();
        EXPECT_NE(*code, 0);
        EXPECT_THAT(said(), HasSubstr("stopped, as asked"));
        EXPECT_THAT(said(), HasSubstr("nothing was left behind"));
        EXPECT_EQ(fake_.servers(), 0U);
        EXPECT_EQ(fake_.keys(), 0U);
        EXPECT_TRUE(fake_.snapshots().empty());
    }
    EXPECT_THAT(fake_.faults(), testing::IsEmpty());
}

TEST_F(Program, LeavesLabelledThingsWhenItIsKilledAndCleansThemUpLater) {
    auto program = start_upload();
    ASSERT_TRUE(says("db: emptying the disk")) << said();
    program.signal(SIGKILL);
    ASSERT_TRUE(program.wait(60s).has_value());
    EXPECT_EQ(fake_.servers(), 1U);

    auto careful = start({"upload", "hetzner", "--cleanup"});
    EXPECT_EQ(careful.wait(60s), 0) << said();
    EXPECT_THAT(said(), HasSubstr("left alone: server ingot-upload-"));
    EXPECT_EQ(fake_.servers(), 1U);

    auto thorough = start({"upload", "hetzner", "--cleanup", "--older-than", "0"});
    EXPECT_EQ(thorough.wait(60s), 0) << said();
    EXPECT_THAT(said(), HasSubstr("removed server ingot-upload-"));
    EXPECT_EQ(fake_.servers(), 0U);
    EXPECT_EQ(fake_.keys(), 0U);
}

TEST_F(Program, SaysInJsonWhatItDidAndShowsItsTokenToNobody) {
    auto program = start_upload({"--json"});
    ASSERT_TRUE(says("writing")) << said();
    // Of the program and of everything it started: command line and environment.
    for (const auto& entry : fs::directory_iterator("/proc")) {
        const auto pid = text::to_number(entry.path().filename().string());
        if (!pid || *pid == ::getpid()) { continue; }
        EXPECT_THAT(files::read(entry.path() / "cmdline").value_or(""), Not(HasSubstr(FakeHetzner::kToken)));
        EXPECT_THAT(files::read(entry.path() / "environ").value_or(""), Not(HasSubstr(FakeHetzner::kToken)));
    }
    EXPECT_EQ(program.wait(120s), 0) << said();
    EXPECT_THAT(said(), Not(HasSubstr(FakeHetzner::kToken)));
    json::Json last;
    for (const auto& line : text::lines(said())) {
        const auto value = json::parse(line);
        ASSERT_TRUE(value) << line;
        last = *value;
    }
    EXPECT_EQ(last["event"], "done");
    EXPECT_EQ(last["result"], "published");
    EXPECT_EQ(last["snapshot"], fake_.snapshots().front()["id"]);
    EXPECT_EQ(fake_.digest_of_snapshot(), fixture_.raw_digest);

    auto list = start({"hetzner", "list"});
    EXPECT_EQ(list.wait(60s), 0);
    EXPECT_THAT(said(), HasSubstr("ingot db trixie 0.1.0 2025-11-28"));
}

TEST_F(Program, RefusesATokenFileThatOthersCanRead) {
    fs::permissions(folder_.path() / "token", fs::perms::others_read, fs::perm_options::add);
    auto program = start_upload();
    EXPECT_EQ(program.wait(60s), 3);
    EXPECT_THAT(said(), HasSubstr("others can read"));
    EXPECT_TRUE(fake_.operations().empty());
}

} // namespace
} // namespace ingot::tests
