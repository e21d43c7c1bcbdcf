// `ingot-agent archive` is PostgreSQL's archive_command: a file that it calls archived and that is not is a hole in
// every later restore. Here with a command that ends as it is told to; with pgBackRest itself in cluster_lab.
#include <gtest/gtest.h>

#include "common/files/files.hpp"
#include "common/process/process.hpp"
#include "common/text/text.hpp"
#include "tests/places/places.hpp"

namespace ingot::firstboot {
namespace {

TEST(Archive, TakesOnlyADuplicateOfWhatNobodyNeedsForSuccess) {
    const auto folder = files::TempDir::create("ingot-test-").value();
    ASSERT_TRUE(files::write(folder.path() / "00000002.history", "1\t0/80000A0\tx\n"));
    process::PosixProcesses processes;
    const auto archive = [&](const std::string& file, const std::string& ends) {
        const auto done = processes.run({.argv = {(tests::source_dir() / "build/bin/ingot-agent").string(), "archive",
                                                  (folder.path() / file).string(), "--", "sh", "-c", ends}});
        return done ? done->exit_code : -1;
    };
    struct Row {
        const char* file;
        int duplicate; ///< what becomes of pgBackRest's "exists with a different checksum", 45
    };
    for (const auto& [file, duplicate] : {
             Row{"000000010000000000000007", 45}, // before the fork: needed
             Row{"000000010000000000000008", 0},  // the fork is in it
             Row{"000000010000000000000009", 0},  // after it
             Row{"000000020000000000000008", 45}, // of the timeline that this member is on
             Row{"000000030000000000000008", 45}, // of one that is not known
             Row{"000000010000000000000008.partial", 45},
             Row{"00000002.history", 45},
         }) {
        EXPECT_EQ(archive(file, "exit 0"), 0) << file;
        EXPECT_EQ(archive(file, "exit 45"), duplicate) << file;
        EXPECT_EQ(archive(file, "exit 103"), 103) << file;
        EXPECT_NE(archive(file, "kill -KILL $$"), 0) << file;
    }
}

TEST(Archive, FailsIfThereIsNothingThatArchives) {
    process::PosixProcesses processes;
    for (const std::string file : {"000000010000000000000008", "/missing/000000010000000000000008"}) {
        const auto done = processes.run({.argv = {(tests::source_dir() / "build/bin/ingot-agent").string(), "archive",
                                                  file, "--", "/no/such/program"}});
        ASSERT_TRUE(done.has_value());
        EXPECT_NE(done->exit_code, 0);
        EXPECT_NE(done->err.find("/no/such/program"), std::string::npos) << done->err;
    }
}

} // namespace
} // namespace ingot::firstboot
