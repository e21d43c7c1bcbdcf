#include "builder/pipeline/explain.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "builder/rootfs/layers.hpp"
#include "tests/support/golden.hpp"

namespace ingot::builder::pipeline {
namespace {

using testing::ElementsAre;

rootfs::LayerKey packages_key(std::string_view name, const std::string& version) {
    rootfs::LayerKey key("packages", "below");
    key.add("name", name)
        .add(packages::PackageSet{{.name = "a", .version = "1", .architecture = "all", .sha256 = "0a"},
                                  {.name = "b", .version = version, .architecture = "all", .sha256 = "0b"}});
    key.add("drop", std::vector<std::string>{"/usr/share/man/*"}).add("before /etc/x", "one\ntwo\n");
    return key;
}

TEST(Reasons, OfALayerThatWasNeverMade) {
    const auto other = packages_key("proxy", "1").text();
    EXPECT_THAT(reasons_for(packages_key("db", "1").text(), {other}),
                ElementsAre("it has never been made, or its last one was removed"));
}

TEST(Reasons, AreWhatChangedSinceTheLastOfItsName) {
    auto now = packages_key("db", "2");
    now.add("drop", std::vector<std::string>{"/usr/share/info/*"}).add("before /etc/x", "one\nthree\n");
    const auto oldest = packages_key("db", "0.9").text();
    EXPECT_THAT(reasons_for(now.text(), {packages_key("db", "1").text(), oldest}),
                ElementsAre("trim: /usr/share/info/* is now left out", "the file /etc/x has another content",
                            "package b 1 → 2"));
}

TEST(Reasons, OfAnImageAreOverlaysUnitsAndTheAgent) {
    const auto key = [](const char* agent, const char* digest, std::vector<std::string> enabled) {
        rootfs::LayerKey made("image", "below");
        made.add("role", "db")
            .add("agent", agent)
            .add("overlay", std::string("base same"))
            .add("overlay", std::string("db ") + digest);
        made.add("enable", enabled);
        return made.text();
    };
    EXPECT_THAT(reasons_for(key("new", "2222", {"y.service"}), {key("old", "1111", {"x.service", "y.service"})}),
                ElementsAre("the agent's package is another one", "files of the overlay db changed",
                            "x.service is no more enabled"));
    EXPECT_THAT(reasons_for(key("new", "2222", {}), {key("old", "1111", {})}, 1),
                ElementsAre("the agent's package is another one", "and 1 more changes"));
}

TEST(Explanation, IsOneBlockARole) {
    const Explanation explanation{
        .roles =
            {{.name = "db",
              .suite = "trixie",
              .agent = "0.1.0",
              .packages = 208,
              .layers = {{.name = "packages base", .key = "aaaaaaaaaaaaaaaa", .cached = true, .packages = 90},
                         {.name = "packages db",
                          .key = "bbbbbbbbbbbbbbbb",
                          .reasons = {"package b 1 → 2"},
                          .packages = 118,
                          .missing_packages = 1,
                          .missing_bytes = 5'000'000},
                         {.name = "image db",
                          .key = "cccccccccccccccc",
                          .reasons = {"what is below it changes"},
                          .overlays = {"base", "db"}}},
              .formats = {"raw.zst", "netboot"},
              .files = {"disk.raw.zst", "vmlinuz"},
              .output = "build/images/db"},
             {.name = "etcd", .suite = "trixie", .packages = 1, .output = "build/images/etcd", .unchanged = true}},
        .missing_packages = 1,
        .missing_bytes = 5'000'000};
    tests::expect_golden("explain/explanation.txt", render_text(explanation));
    const auto value = to_json(explanation);
    EXPECT_EQ(value["roles"][0]["layers"][1]["download"]["bytes"], 5'000'000);
    EXPECT_EQ(value["roles"][1]["unchanged"], true);
}

} // namespace
} // namespace ingot::builder::pipeline
