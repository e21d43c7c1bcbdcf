#include "common/result/result.hpp"

#include <cerrno>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot {
namespace {

using testing::ElementsAre;

Status inner(bool good) {
    if (!good) { return fail(ErrorKind::transient, "no answer"); }
    return {};
}

Status outer(bool good) {
    INGOT_TRY(inner(good), "asking etcd-1");
    return {};
}

Result<std::unique_ptr<int>> make(bool good) {
    INGOT_TRY(outer(good), "joining");
    return std::make_unique<int>(7);
}

Result<int> use(bool good) {
    INGOT_ASSIGN(const auto number, make(good), "starting");
    return *number;
}

TEST(Errors, GatherContextOnTheirWayUp) {
    EXPECT_EQ(use(true).value(), 7);
    const auto failed = use(false);
    ASSERT_FALSE(failed.has_value());
    EXPECT_EQ(failed.error().kind, ErrorKind::transient);
    EXPECT_EQ(failed.error().to_string(), "starting: joining: asking etcd-1: no answer");
}

TEST(Errors, NameThePlaceOfAnInput) {
    Error error = fail(ErrorKind::invalid_input, "no such key");
    error.position = Position{.file = "a.yaml", .line = 3, .column = 5};
    EXPECT_EQ(std::move(error).with_context("reading").to_string(), "reading: a.yaml:3:5: no such key");
    EXPECT_EQ((Position{.file = "a", .line = 3}).to_string(), "a:3");
    EXPECT_EQ((Position{.file = "a", .column = 3}).to_string(), "a");
}

TEST(Errors, LeaveOutEmptyContext) { EXPECT_EQ(fail(ErrorKind::bug, "x").with_context("").to_string(), "x"); }

TEST(Errors, OfTheSystemSayWhetherTimeMayHeal) {
    EXPECT_EQ(fail_errno(ENOENT, "opening x").to_string(), "opening x: No such file or directory");
    EXPECT_EQ(fail_errno(ENOENT, "").kind, ErrorKind::not_found);
    for (const int number : {EAGAIN, EINTR, ENOSPC, EIO, ETIMEDOUT, ECONNREFUSED, ECONNRESET}) {
        EXPECT_EQ(fail_errno(number, "").kind, ErrorKind::transient) << number;
    }
    EXPECT_EQ(fail_errno(EACCES, "").kind, ErrorKind::tool_failed);
}

TEST(Errors, GiveTheExitCodesOfTheGuide) {
    EXPECT_EQ(exit_code(ErrorKind::tool_failed), 1);
    EXPECT_EQ(exit_code(ErrorKind::bug), 1);
    EXPECT_EQ(exit_code(ErrorKind::not_found), 1);
    EXPECT_EQ(exit_code(ErrorKind::invalid_input), 2);
    EXPECT_EQ(exit_code(ErrorKind::refused), 3);
    EXPECT_EQ(exit_code(ErrorKind::transient), 75);
}

TEST(FaultList, IsSortedByPlaceAndKeepsHints) {
    Faults faults;
    faults.add({.file = "f", .line = 10, .column = 1}, "late");
    faults.add({.file = "f", .line = 2, .column = 9}, "b", "try c");
    faults.add({.file = "f", .line = 2, .column = 1}, "a");
    Faults others;
    others.add({}, "nowhere");
    faults.merge(std::move(others));
    EXPECT_THAT(faults.lines(), ElementsAre("nowhere", "f:2:1: a", "f:2:9: b (try c)", "f:10:1: late"));
    EXPECT_EQ(faults.to_error().kind, ErrorKind::invalid_input);
    EXPECT_EQ(faults.to_error().message, "nowhere\nf:2:1: a\nf:2:9: b (try c)\nf:10:1: late");
}

TEST(FaultList, KeepsOneLinePerFaultWhateverItQuotes) {
    Faults faults;
    faults.add({.file = "f"}, "found 'a\nb\x1b[31m\x7f'");
    EXPECT_THAT(faults.lines(), ElementsAre("f: found 'a\\nb\\x1b[31m\\x7f'"));
}

TEST(FaultList, CutsWhatNobodyWouldRead) {
    std::string letters = "x";
    for (int count = 0; count < 100'000; ++count) { letters += "ä"; }
    Faults faults;
    faults.add({.file = "f"}, letters);
    const auto line = faults.lines().at(0);
    EXPECT_LE(line.size(), 1010U);
    EXPECT_TRUE(line.starts_with("f: xää"));
    EXPECT_TRUE(line.ends_with("ää…"));
}

} // namespace
} // namespace ingot
