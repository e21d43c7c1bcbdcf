#include "builder/packages/sources.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::builder::packages {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr auto kKeyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

TEST(AptSources, ReadsOneLineEntriesWithOptions) {
    const auto entries = parse_one_line_sources("# a comment\n"
                                                "deb http://any.debian.org/debian bookworm main contrib # why\n"
                                                "deb-src http://any.debian.org/debian bookworm main\n"
                                                "deb [arch=amd64 signed-by=/k.gpg] https://x.org/apt stable main\n"
                                                "deb [broken http://y/ s m\n"
                                                "deb http://too-short.org/\n");
    ASSERT_THAT(entries, SizeIs(2));
    EXPECT_THAT(entries[0].uris, ElementsAre("http://any.debian.org/debian"));
    EXPECT_THAT(entries[0].components, ElementsAre("main", "contrib"));
    EXPECT_EQ(entries[1].signed_by, "/k.gpg");
}

TEST(AptSources, ReadsStanzasAndLeavesOutDisabledAndSourceOnes) {
    const auto entries = parse_deb822_sources("Types: deb deb-src\n"
                                              "# a comment inside\n"
                                              "URIs: http://any.debian.org/debian\n"
                                              "Suites: bookworm\n bookworm-updates\n"
                                              "Components: main\n"
                                              "Signed-By: /k.gpg\n"
                                              "\n"
                                              "Types: deb\nEnabled: no\nURIs: http://off/\nSuites: s\nComponents: c\n"
                                              "\n"
                                              "Types: deb-src\nURIs: http://src/\nSuites: s\nComponents: c\n");
    ASSERT_THAT(entries, SizeIs(1));
    EXPECT_THAT(entries[0].suites, ElementsAre("bookworm", "bookworm-updates"));
    EXPECT_EQ(entries[0].signed_by, "/k.gpg");
}

TEST(DebianMirrors, AreTheArchiveAndItsSecurityArchive) {
    const auto mirrors =
        debian_mirrors({{{"https://cloud.example/apt"}, {"cloud-sdk-bookworm"}, {"main"}, ""},
                        {{"http://m.example/debian/"}, {"bookworm", "bookworm-updates"}, {"main"}, kKeyring},
                        {{"http://s.example/debian-security"}, {"bookworm-security"}, {"main"}, kKeyring}});
    EXPECT_EQ(mirrors.main, "http://m.example/debian");
    EXPECT_EQ(mirrors.security, "http://s.example/debian-security");
    EXPECT_EQ(mirrors.signed_by, kKeyring);
}

struct Entry {
    const char* name;
    SourceEntry entry;
    bool is_debian;
};

class DebianArchive : public testing::TestWithParam<Entry> {};

TEST_P(DebianArchive, IsToldFromOtherRepositories) {
    EXPECT_EQ(!debian_mirrors({GetParam().entry}).main.empty(), GetParam().is_debian);
}

INSTANTIATE_TEST_SUITE_P(
    Table, DebianArchive,
    testing::Values(
        Entry{"official", {{"http://any.debian.org/debian"}, {"trixie"}, {"main"}, ""}, true},
        Entry{"country_mirror", {{"http://country.debian.org/debian"}, {"stable"}, {"main"}, ""}, true},
        Entry{"own_mirror", {{"http://mirror.corp/debian"}, {"sid"}, {"main", "contrib"}, ""}, true},
        Entry{"odd_path_but_its_key", {{"http://mirror.corp/d"}, {"trixie"}, {"main"}, kKeyring}, true},
        Entry{"docker", {{"https://download.docker.com/linux/debian"}, {"bookworm"}, {"stable"}, ""}, false},
        Entry{"vendor_with_suite", {{"https://apt.vendor.com"}, {"bookworm"}, {"main"}, ""}, false},
        Entry{"vendor_key", {{"https://v.com/debian"}, {"bookworm"}, {"main"}, "/k/vendor.gpg"}, false},
        Entry{"pgdg", {{"https://pgdg.example.org/pub/repos/apt"}, {"trixie-pgdg"}, {"main"}, ""}, false},
        Entry{"node", {{"https://node.example.org/node_20.x"}, {"nodistro"}, {"main"}, ""}, false},
        Entry{"ubuntu", {{"http://archive.ubuntu.com/ubuntu"}, {"noble"}, {"main"}, ""}, false}),
    [](const auto& test) { return test.param.name; });

TEST(DebianMirrors, AssumeTheSecuritySiblingWhereNoneIsConfigured) {
    EXPECT_EQ(debian_mirrors({{{"http://m/debian"}, {"bookworm"}, {"main"}, ""}}).security,
              "http://m/debian-security");
    EXPECT_EQ(given_mirror("http://m/debian/").main, "http://m/debian");
    EXPECT_EQ(given_mirror("http://m/debian/").security, "http://m/debian-security");
    EXPECT_EQ(given_mirror("file:/srv/test").security, "");
}

TEST(SuiteSources, AreTheSuiteItsUpdatesAndItsSecurity) {
    const auto text =
        render_sources(sources_for("trixie", {"http://m/debian", "http://m/debian-security", kKeyring}));
    EXPECT_EQ(text, "Types: deb\nURIs: http://m/debian\nSuites: trixie trixie-updates\nComponents: main\n"
                    "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n\n"
                    "Types: deb\nURIs: http://m/debian-security\nSuites: trixie-security\nComponents: main\n"
                    "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n");
}

TEST(SuiteSources, OfSidAreJustSid) {
    const auto entries = sources_for("sid", {"http://m/debian", "http://m/debian-security", kKeyring});
    ASSERT_THAT(entries, SizeIs(1));
    EXPECT_THAT(entries[0].suites, ElementsAre("sid"));
}

TEST(SuiteSources, ReadBackAsTheyWereWritten) {
    auto entries = sources_for("trixie", {"http://m/debian", "http://m/debian-security", kKeyring});
    EXPECT_EQ(entries[0].name, "debian");
    EXPECT_EQ(entries[1].name, "debian-security");
    for (auto& entry : entries) { entry.name.clear(); } // ours, not apt's
    EXPECT_EQ(parse_deb822_sources(render_sources(entries)), entries);
    EXPECT_THAT(parse_deb822_sources(""), IsEmpty());
}

} // namespace
} // namespace ingot::builder::packages
