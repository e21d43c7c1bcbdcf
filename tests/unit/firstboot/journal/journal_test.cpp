#include "firstboot/journal/journal.hpp"

#include <gtest/gtest.h>

#include "common/files/files.hpp"

namespace ingot::firstboot {
namespace {

class JournalTest : public testing::Test {
  protected:
    Result<Journal> open(const std::string& instance = "i-1") { return Journal::open(path_, instance, clock_); }

    files::TempDir folder_ = files::TempDir::create().value();
    std::filesystem::path path_ = folder_.path() / "state" / "journal.json";
    clock::FakeClock clock_{};
};

TEST_F(JournalTest, RemembersWhatIsDoneAndWhatWasUnderWay) {
    {
        auto journal = open().value();
        ASSERT_TRUE(journal.begin("a"));
        ASSERT_TRUE(journal.finish("a"));
        ASSERT_TRUE(journal.begin("b"));
    }
    const auto journal = open().value();
    EXPECT_TRUE(journal.is_done("a"));
    EXPECT_FALSE(journal.is_done("b"));
    EXPECT_EQ(journal.records().at("b").attempts, 1);
    EXPECT_FALSE(journal.previous_instance().has_value());
}

TEST_F(JournalTest, CountsAttempts) {
    auto journal = open().value();
    for (int attempt = 0; attempt < 3; ++attempt) { ASSERT_TRUE(journal.begin("a")); }
    ASSERT_TRUE(journal.finish("a"));
    EXPECT_EQ(open().value().records().at("a").attempts, 3);
}

TEST_F(JournalTest, AnotherInstanceStartsWithNothingAndKnowsThePreviousOne) {
    {
        auto journal = open("i-1").value();
        ASSERT_TRUE(journal.begin("a"));
        ASSERT_TRUE(journal.finish("a"));
    }
    {
        auto journal = open("i-2").value();
        EXPECT_FALSE(journal.is_done("a"));
        EXPECT_EQ(journal.previous_instance(), "i-1");
        ASSERT_TRUE(journal.begin("b"));
        ASSERT_TRUE(journal.finish("b"));
    }
    EXPECT_EQ(open("i-2").value().previous_instance(), "i-1");
}

TEST_F(JournalTest, RemembersWhoseDataIsOnTheDiskUntilThatIsDecided) {
    ASSERT_TRUE(open("i-1").value().begin("a"));
    {
        auto other = open("i-2").value();
        EXPECT_EQ(other.data_instance(), "i-1");
        ASSERT_TRUE(other.begin("b"));
    }
    EXPECT_EQ(open("i-2").value().data_instance(), "i-1");
    EXPECT_EQ(open("i-1").value().data_instance(), "i-1") << "the disk went back";
    EXPECT_EQ(open("i-3").value().data_instance(), "i-1");
    {
        auto other = open("i-2").value();
        ASSERT_TRUE(other.own_data());
        EXPECT_EQ(other.data_instance(), "i-2");
    }
    EXPECT_EQ(open("i-2").value().data_instance(), "i-2");
    EXPECT_EQ(open("i-1").value().data_instance(), "i-2");
}

TEST_F(JournalTest, IsOnlyForRoot) {
    ASSERT_TRUE(open().value().begin("a"));
    EXPECT_EQ(std::filesystem::status(path_).permissions(),
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(JournalTest, PutsADamagedFileAside) {
    for (const auto* const damage : {"", "{", "[]", "{\"version\":1}", "{\"instance_id\":\"i-1\",\"steps\":[]}"}) {
        ASSERT_TRUE(files::write(path_, damage));
        const auto journal = open();
        ASSERT_TRUE(journal.has_value()) << damage;
        EXPECT_TRUE(journal->records().empty());
        EXPECT_EQ(files::read(path_.string() + ".damaged").value(), damage);
    }
}

TEST_F(JournalTest, WhatCouldNotBeWrittenIsNotDone) {
    auto journal = open().value();
    ASSERT_TRUE(journal.begin("a"));
    ASSERT_TRUE(files::remove_tree(path_));
    ASSERT_TRUE(files::make_directory(path_ / "in the way")); // the name is taken by a folder
    EXPECT_FALSE(journal.finish("a").has_value());
    EXPECT_FALSE(journal.is_done("a"));
}

} // namespace
} // namespace ingot::firstboot
