#include "builder/inspect/report.hpp"

#include <gtest/gtest.h>

#include "tests/support/golden.hpp"
#include "tests/unit/builder/inspect/example.hpp"

namespace ingot::builder::inspect {
namespace {

TEST(Report, AddsUpPackagesAndDirectoriesToTheSameSum) {
    const auto report = make_report(example_image(), "images/db");
    Size packages;
    for (const auto& package : report.packages) { packages += package.size; }
    EXPECT_EQ(packages.compressed, report.size.compressed);
    EXPECT_EQ(packages.installed, report.size.installed);
    EXPECT_EQ(packages.files, report.size.files);
    EXPECT_EQ(report.package_count, 7U);
    EXPECT_EQ(report.kernel, "6.12-cloud");
}

TEST(Report, AsTextFitsATerminal) {
    const auto text = render_text(make_report(example_image(), "images/db"));
    tests::expect_golden("inspect/report.txt", text);
}

TEST(Report, AsJson) {
    tests::expect_golden("inspect/report.json", json::to_text(to_json(make_report(example_image(), "images/db"))));
}

TEST(Report, AsPageAsksNobodyAndTrustsNoName) {
    const auto page = render_html(make_report(example_image(), "images/db"));
    const auto has = [&](std::string_view word) { return page.find(word) != std::string::npos; };
    EXPECT_TRUE(has("&lt;odd&gt; &quot;name&quot;"));
    EXPECT_FALSE(has("<odd>"));
    for (const auto* word : {"http:", "https:", "src=", "@import", "url("}) { EXPECT_FALSE(has(word)) << word; }
    EXPECT_TRUE(has("<td class=\"alarm\">SET</td>"));
    EXPECT_TRUE(has("data-k=\"database\""));
}

} // namespace
} // namespace ingot::builder::inspect
