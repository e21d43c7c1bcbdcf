#include "builder/progress/progress.hpp"

#include <array>
#include <cstdio>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::builder::progress {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class ProgressOutput : public testing::Test {
  protected:
    std::string written() {
        std::rewind(file_.get());
        std::array<char, 4096> buffer{};
        return {buffer.data(), std::fread(buffer.data(), 1, buffer.size(), file_.get())};
    }
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_{std::tmpfile(), &std::fclose};
};

TEST_F(ProgressOutput, IsALinePerPhaseWhereNobodyWatches) {
    Progress progress(file_.get(), false);
    progress.phase("db", "unpacking", "1%");
    progress.phase("db", "unpacking", "2%");
    progress.phase("db", "packing");
    progress.done("db", "done");
    EXPECT_THAT(written(), StartsWith("db: unpacking\ndb: packing\ndb: done (0."));
}

TEST_F(ProgressOutput, IsOneLineEachOnATerminal) {
    Progress progress(file_.get(), true);
    progress.phase("db", "unpacking", "1%");
    progress.phase("etcd", "unpacking");
    progress.done("db", "done");
    EXPECT_THAT(written(), HasSubstr("\x1b[2A"));
    EXPECT_THAT(written(), Not(HasSubstr("db: ")));
}

TEST(ElapsedText, IsShort) {
    EXPECT_EQ(elapsed_text(1234ms), "1.2 s");
    EXPECT_EQ(elapsed_text(67s), "1 min 07 s");
}

} // namespace
} // namespace ingot::builder::progress
