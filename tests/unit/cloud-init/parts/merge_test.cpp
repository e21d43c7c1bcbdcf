// What cloud-init's own mergers give for the same texts (26.2, run; its documentation says otherwise).
#include "cloud-init/parts/merge.hpp"

#include <gtest/gtest.h>

#include "cloud-init/userdata/userdata.hpp"

namespace ingot::cloud_init {
namespace {

document::Value read(std::string_view text) {
    Faults faults;
    auto value = document::parse(text, "m", faults);
    EXPECT_TRUE(faults.empty()) << text;
    return value;
}

std::string written(const document::Value& value) {
    document::Writer out;
    out.value(value);
    return out.finish();
}

struct Case {
    std::string first;
    std::string second;
    std::string how;
    std::string expected;
};

TEST(Merge, GivesWhatCloudInitGives) {
    const Case cases[] = {
        {"a: 1\nl: [1, 2]\nd: {x: 1, y: {z: 1}}\n", "l: [3]\nd: {x: 2}\n", "", "{a: 1, l: [3], d: {x: 2}}"},
        {"l: [1, 2]\nd: {x: 1, y: {z: 1}}\n", "l: [3]\nd: {x: 2, y: {w: 3}}\n", "dict()+list(append)+str()",
         "{l: [1, 2], d: {x: 1, y: {z: 1, w: 3}}}"},
        {"l: [1, 2]\nd: {x: 1, y: {z: 1}}\n", "l: [3]\nd: {x: 2, y: {w: 3}, q: 1}\n",
         "dict(recurse_array)+list(append)", "{l: [1, 2, 3], d: {x: 1, y: {z: 1, w: 3}, q: 1}}"},
        {"l: [1, 2]\n", "l: [3, 4, 5]\n", "dict(recurse_list)+list(replace)", "{l: [3, 4]}"},
        {"l: [1, 2]\n", "l: [3]\n", "dict(recurse_list)+list(prepend)", "{l: [3, 1, 2]}"},
        {"s: ab\n", "s: cd\n", "dict(recurse_str)+str(append)", "{s: abcd}"},
        {"s: 1\n", "s: cd\n", "dict(recurse_str)+str(append)", "{s: 1}"},
        {"s: ab\nt: 1\n", "s: null\n", "dict(allow_delete,replace)", "{t: 1}"},
        {"l: [1, 2]\n", "l: [3]\n", "list(append)", "{l: [1, 2]}"},
        {"l: [{a: 1}, {b: 2}]\n", "l: [{c: 3}]\n", "dict(recurse_list)+list(recurse_dict)",
         "{l: [{a: 1, c: 3}, {b: 2}]}"},
    };
    for (const auto& [first, second, how, expected] : cases) {
        document::Value whole;
        ASSERT_TRUE(merge_part(whole, read(first), "").has_value());
        ASSERT_TRUE(merge_part(whole, read(second), how).has_value());
        EXPECT_EQ(written(whole), written(read(expected))) << second << how;
        // The same rules inside the part, in both of their forms.
        if (how.empty()) { continue; }
        document::Value again;
        ASSERT_TRUE(merge_part(again, read(first), "").has_value());
        ASSERT_TRUE(merge_part(again, read("merge_how: '" + how + "'\n" + second), "").has_value());
        EXPECT_EQ(written(again), written(read(expected))) << second << how;
    }
}

TEST(Merge, RulesOfAnEarlierPartDoNotCountForLaterOnes) {
    document::Value whole;
    ASSERT_TRUE(merge_part(whole, read("l: [1, 2]\nmerge_how: dict(recurse_list)+list(append)\n"), "").has_value());
    ASSERT_TRUE(merge_part(whole, read("l: [3]\n"), "").has_value());
    EXPECT_EQ(written(whole), written(read("l: [3]\n")));
}

TEST(Merge, RulesMayBeAList) {
    document::Value whole;
    ASSERT_TRUE(merge_part(whole, read("l: [1]\n"), "").has_value());
    ASSERT_TRUE(
        merge_part(whole, read("merge_how: [{name: list, settings: [append]}, [dict, recurse_list]]\nl: [2]\n"), "")
            .has_value());
    EXPECT_EQ(written(whole), written(read("l: [1, 2]\n")));
    for (const auto* const wrong : {"merge_how: list\n", "merge_how: set(append)\n", "merge_how: [[tuple]]\n"}) {
        EXPECT_EQ(merge_part(whole, read(wrong), "").error().kind, ErrorKind::invalid_input) << wrong;
    }
}

TEST(Merge, VendorDataFillsOnlyWhatUserDataLeavesOpen) {
    const auto merged = merge_under(read("a: 1\nl: [1]\nd: {x: 1}\n"), read("a: 2\nl: [2]\nd: {x: 2, y: 3}\nz: 4\n"));
    EXPECT_EQ(written(merged), written(read("a: 1\nl: [1]\nd: {x: 1, y: 3}\nz: 4\n")));
}

TEST(Sources, TakeVendorDataUnlessTheUserRefusesIt) {
    const std::string vendor = "#cloud-config\ntimezone: Europe/Berlin\ningot: {cluster: evil}\n";
    const auto with = parse_sources({.user_data = "#cloud-config\nhostname: a\n", .vendor_data = vendor}, "u");
    ASSERT_TRUE(with.has_value()) << with.error().message;
    EXPECT_EQ(with->cloud_config.machine.timezone, "Europe/Berlin");
    EXPECT_FALSE(with->ingot.has_value());
    const auto without =
        parse_sources({.user_data = "#cloud-config\nvendor_data: {enabled: false}\n", .vendor_data = vendor}, "u");
    EXPECT_FALSE(without->cloud_config.machine.timezone.has_value());
    const auto broken = parse_sources(
        {.user_data = "#cloud-config\nhostname: a\n", .vendor_data = "#cloud-config\nhostname: [\n"}, "u");
    ASSERT_TRUE(broken.has_value());
    EXPECT_NE(broken->warnings.front().find("(vendor-data is left out)"), std::string::npos);
}

TEST(Sources, GiveScriptsBesideOneMergedConfig) {
    const auto parsed = parse("#cloud-config-archive\n- \"#!/bin/sh\\ntrue\\n\"\n- 'hostname: a'\n"
                              "- {content: 'hostname: b', type: text/cloud-config}\n",
                              "u");
    ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
    EXPECT_EQ(parsed->cloud_config.hostname, "b");
    ASSERT_EQ(parsed->scripts.size(), 1U);
    EXPECT_EQ(parsed->scripts[0].content, "#!/bin/sh\ntrue\n");
}

} // namespace
} // namespace ingot::cloud_init
