#include "common/text/text.hpp"

#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::text {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Text, SplitsAndJoins) {
    EXPECT_THAT(split("a,,b,", ','), ElementsAre("a", "", "b", ""));
    EXPECT_THAT(split("", ','), ElementsAre(""));
    EXPECT_THAT(lines("a\r\n\nb"), ElementsAre("a", "", "b"));
    EXPECT_THAT(lines("a\n"), ElementsAre("a"));
    EXPECT_THAT(lines("\n"), ElementsAre(""));
    EXPECT_THAT(lines(""), IsEmpty());
    EXPECT_EQ(join(std::vector<std::string>{"a", "b"}, ", "), "a, b");
    EXPECT_EQ(join({}, ", "), "");
}

TEST(Text, TrimsReplacesLowers) {
    EXPECT_EQ(trim(" \t\r\na b\n"), "a b");
    EXPECT_EQ(trim(" \n"), "");
    EXPECT_EQ(replace_all("aXbXX", "X", "XX"), "aXXbXXXX");
    EXPECT_EQ(replace_all("a", "", "b"), "a");
    EXPECT_EQ(lower("AbÄ9"), "abÄ9");
}

TEST(Text, ReadsWholeNumbersOnly) {
    EXPECT_EQ(to_number("-42"), -42);
    EXPECT_EQ(to_number("9223372036854775807"), std::numeric_limits<long long>::max());
    for (const auto* text : {"", " 1", "1 ", "+1", "0x1", "1.0", "9223372036854775808", "-", "1e3"}) {
        EXPECT_EQ(to_number(text), std::nullopt) << text;
    }
}

TEST(Text, FindsTheNearestWordOrNone) {
    const std::vector<std::string> words = {"postgres", "proxy", "role", "network"};
    EXPECT_EQ(nearest("postgress", words), "postgres");
    EXPECT_EQ(nearest("Network", words), "network");
    EXPECT_EQ(nearest("rol", words), "role");
    EXPECT_EQ(nearest("backup", words), std::nullopt);
    EXPECT_EQ(nearest("x", {}), std::nullopt);
}

TEST(Text, QuotesForAShellWhereNeeded) {
    EXPECT_EQ(shell_quote("--dir=/a_b/c.d,e"), "--dir=/a_b/c.d,e");
    EXPECT_EQ(shell_quote(""), "''");
    EXPECT_EQ(shell_quote("a b"), "'a b'");
    EXPECT_EQ(shell_quote("it's $HOME"), R"('it'\''s $HOME')");
}

TEST(Text, ShowsBytesInPowersOfTen) {
    EXPECT_EQ(human_bytes(0), "0 B");
    EXPECT_EQ(human_bytes(999), "999 B");
    EXPECT_EQ(human_bytes(1000), "1.0 kB");
    EXPECT_EQ(human_bytes(12'345'678), "12.3 MB");
    EXPECT_EQ(human_bytes(999'999), "1.0 MB");
    EXPECT_EQ(human_bytes(5'000'000'000'000'000), "5000.0 TB");
}

} // namespace
} // namespace ingot::text
