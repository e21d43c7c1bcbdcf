#include "builder/artefacts/manifest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::builder::artefacts {
namespace {

using testing::HasSubstr;

TEST(Manifest, SurvivesJson) {
    const Manifest manifest{.role = "db",
                            .suite = "trixie",
                            .architecture = "amd64",
                            .agent_version = "0.1.0",
                            .git_revision = "",
                            .date = 1700000000,
                            .inputs = "abc",
                            .files = {{"root.squashfs", 12, "ff"}},
                            .packages = {{.name = "apt",
                                          .version = "3.0",
                                          .architecture = "amd64",
                                          .size = 1,
                                          .sha256 = std::string(64, 'a'),
                                          .uri = "http://m/apt.deb"}}};
    const auto text = render_manifest(manifest);
    EXPECT_THAT(text, HasSubstr("\"version\": 1,"));
    EXPECT_THAT(text, HasSubstr("\"date\": \"2023-11-14T22:13:20Z\""));
    EXPECT_THAT(text, HasSubstr("\"git_revision\": null"));
    const auto back = parse_manifest(text);
    ASSERT_TRUE(back) << back.error().to_string();
    EXPECT_EQ(back->role, "db");
    EXPECT_EQ(back->date, manifest.date);
    EXPECT_EQ(back->files, manifest.files);
    EXPECT_EQ(back->packages, manifest.packages);
    EXPECT_EQ(render_manifest(*back), text);
}

TEST(Manifest, OfAnotherVersionIsRefused) {
    EXPECT_FALSE(parse_manifest(R"({"version": 2})"));
    EXPECT_FALSE(parse_manifest("[]"));
    EXPECT_FALSE(parse_manifest("{"));
}

} // namespace
} // namespace ingot::builder::artefacts
