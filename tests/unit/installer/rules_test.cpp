#include "installer/disks/rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::installer {
namespace {

using testing::HasSubstr;

TEST(DiskRules, SizesArePowersOfTenOrTwo) {
    EXPECT_EQ(parse_size("500G"), 500'000'000'000ULL);
    EXPECT_EQ(parse_size("1Gi"), 1ULL << 30U);
    EXPECT_EQ(parse_size("2T"), 2'000'000'000'000ULL);
    EXPECT_EQ(parse_size("4096"), 4096ULL);
    for (const auto* wrong : {"", "G", "1X", "-1G", "1.5G", "5i", "99999999999P", "1 G"}) {
        EXPECT_EQ(parse_size(wrong), std::nullopt) << wrong;
    }
}

TEST(DiskRules, AreReadInOneLine) {
    const auto rules = parse_rules("transport=nvme, size>=400G,size<=1T,model=SAMSUNG*");
    ASSERT_TRUE(rules) << rules.error().to_string();
    ASSERT_EQ(rules->size(), 4U);
    EXPECT_EQ(rules->at(1).comparison, Comparison::at_least);
    EXPECT_EQ(rules->at(1).size, 400'000'000'000ULL);
    EXPECT_TRUE(parse_rules("")->empty());
}

TEST(DiskRules, FaultsAreNamed) {
    struct Row {
        const char* rules;
        const char* reason;
    };
    for (const auto& row :
         {Row{"sda", "is no rule"}, Row{"name=sda", "is no property"}, Row{"serial=", "no value"},
          Row{"serial>=A", "only sizes"}, Row{"size>5G", "compared by"}, Row{"size=big", "no size"},
          Row{"rotational=maybe", "yes or no"}, Row{"path=sda", "no device"}, Row{"=x", "is no rule"}}) {
        const auto rules = parse_rules(row.rules);
        ASSERT_FALSE(rules) << row.rules;
        EXPECT_EQ(rules.error().kind, ErrorKind::invalid_input);
        EXPECT_THAT(rules.error().to_string(), HasSubstr(row.reason)) << row.rules;
    }
}

} // namespace
} // namespace ingot::installer
