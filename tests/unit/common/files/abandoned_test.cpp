#include "common/files/abandoned.hpp"

#include <csignal>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/files/files.hpp"

namespace ingot::files {
namespace {

namespace fs = std::filesystem;
using Time = std::chrono::sys_time<std::chrono::milliseconds>;

Time later() {
    return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now()) +
           std::chrono::seconds(1);
}

TEST(Abandoned, IsWhatAWriteOfThisProjectWouldBeCalled) {
    EXPECT_TRUE(is_temporary_name(".hosts.aB3xyZ"));
    EXPECT_TRUE(is_temporary_name(".node.crt.000000"));
    for (const auto* const name : {"hosts.aB3xyZ", ".hosts", ".hosts.aB3xy", ".hosts.aB3xy-", "..aB3xyZ", ".pwd.lock",
                                   ".hosts-aB3xyZ", ".aB3xyZ", ""}) {
        EXPECT_FALSE(is_temporary_name(name)) << name;
    }
    EXPECT_TRUE(is_temporary_name(".hosts.aB3xyZ", {"fstab", "hosts"}));
    EXPECT_FALSE(is_temporary_name(".hosts2.aB3xyZ", {"fstab", "hosts"}));
    EXPECT_FALSE(is_temporary_name(".a.config", {"fstab", "hosts"}));
}

TEST(Abandoned, GoesAndNothingElse) {
    const auto folder = TempDir::create("ingot-abandoned-").value();
    const auto at = [&](const char* name) { return folder.path() / name; };
    ASSERT_TRUE(write(at(".left.aaaaaa"), "half"));
    ASSERT_TRUE(write(at("kept"), "whole"));
    ASSERT_TRUE(write(at("kept.aaaaaa"), "whole"));
    ASSERT_TRUE(write(at("two"), "names"));
    fs::create_hard_link(at("two"), at(".two.aaaaaa"));
    fs::create_symlink(at("kept"), at(".link.aaaaaa"));
    fs::create_directory(at(".folder.aaaaaa"));
    ASSERT_EQ(::mkfifo(at(".fifo.aaaaaa").c_str(), 0600), 0);
    const auto removed = remove_abandoned(folder.path(), later());
    ASSERT_TRUE(removed.has_value()) << removed.error().to_string();
    EXPECT_EQ(*removed, std::vector<fs::path>{at(".left.aaaaaa")});
    EXPECT_EQ(*list(folder.path()), (std::vector<std::string>{".fifo.aaaaaa", ".folder.aaaaaa", ".link.aaaaaa",
                                                              ".two.aaaaaa", "kept", "kept.aaaaaa", "two"}));
    EXPECT_TRUE(remove_abandoned(folder.path() / "nowhere", later())->empty());
}

TEST(Abandoned, IsNotWhatSomebodyWritesOrWhatIsNewer) {
    const auto folder = TempDir::create("ingot-abandoned-").value();
    auto file = AtomicFile::create(folder.path() / "target").value();
    ASSERT_TRUE(file.write("in the middle"));
    EXPECT_TRUE(remove_abandoned(folder.path(), later())->empty());
    ASSERT_TRUE(file.commit());
    ASSERT_TRUE(write(folder.path() / ".new.aaaaaa", "x"));
    EXPECT_TRUE(remove_abandoned(folder.path(), later() - std::chrono::minutes(1))->empty());
    EXPECT_EQ(remove_abandoned(folder.path(), later())->size(), 1U);
    EXPECT_EQ(*read(folder.path() / "target"), "in the middle");
}

TEST(Abandoned, OfAProcessThatWasKilledGoes) {
    const auto folder = TempDir::create("ingot-abandoned-").value();
    const auto child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        auto file = AtomicFile::create(folder.path() / "target");
        if (file && file->write("half")) { ::raise(SIGKILL); }
        ::_exit(1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    ASSERT_EQ(list(folder.path())->size(), 1U);
    EXPECT_EQ(remove_abandoned(folder.path(), later())->size(), 1U);
    EXPECT_TRUE(list(folder.path())->empty());
}

} // namespace
} // namespace ingot::files
