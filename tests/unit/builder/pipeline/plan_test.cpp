#include "builder/pipeline/plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/files/files.hpp"

namespace ingot::builder::pipeline {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class SourcesOfARole : public testing::Test {
  protected:
    SourcesOfARole() : folder_(*files::TempDir::create()), machine_(folder_.path()) {
        request_.specs = "/project/roles";
        role_ = {.name = "db", .suite = "trixie", .layers = {{.name = "base"}}};
        put("/usr/share/keyrings/debian-archive-keyring.gpg", "key");
    }
    void put(std::string_view path, std::string_view text) { ASSERT_TRUE(files::write(machine_.at(path), text)); }
    files::TempDir folder_;
    files::Root machine_;
    BuildRequest request_;
    spec::Role role_;
};

TEST_F(SourcesOfARole, AreTheMachinesMirrorWithTheSuiteOfTheSpec) {
    put("/etc/apt/sources.list.d/debian.sources",
        "Types: deb\nURIs: http://mirror.corp/debian\nSuites: bookworm\nComponents: main\n");
    put("/etc/apt/sources.list.d/vendor.list", "deb https://vendor.example/apt bookworm main\n");
    const auto sources = sources_of(role_, request_, machine_);
    ASSERT_TRUE(sources) << sources.error().to_string();
    ASSERT_EQ(sources->size(), 2U);
    EXPECT_THAT(sources->at(0).uris, ElementsAre("http://mirror.corp/debian"));
    EXPECT_THAT(sources->at(0).suites, ElementsAre("trixie", "trixie-updates"));
    EXPECT_THAT(sources->at(1).uris, ElementsAre("http://mirror.corp/debian-security"));
    EXPECT_THAT(sources->at(0).signed_by, HasSubstr("debian-archive-keyring.gpg"));
}

TEST_F(SourcesOfARole, AreAGivenMirrorInsteadOfTheMachines) {
    request_.mirror = "http://other/debian";
    const auto sources = sources_of(role_, request_, machine_);
    ASSERT_TRUE(sources) << sources.error().to_string();
    EXPECT_THAT(sources->at(0).uris, ElementsAre("http://other/debian"));
}

TEST_F(SourcesOfARole, MustNotHoldAPassword) {
    request_.mirror = "https://me:secret@mirror.corp/debian";
    const auto sources = sources_of(role_, request_, machine_);
    ASSERT_FALSE(sources);
    EXPECT_THAT(sources.error().message, HasSubstr("auth.conf"));
    EXPECT_THAT(sources.error().message, testing::Not(HasSubstr("secret")));
}

TEST_F(SourcesOfARole, AreUnknownOnAMachineWithoutDebian) {
    put("/etc/apt/sources.list", "deb http://archive.ubuntu.com/ubuntu noble main\n");
    const auto sources = sources_of(role_, request_, machine_);
    ASSERT_FALSE(sources);
    EXPECT_EQ(sources.error().kind, ErrorKind::invalid_input);
    EXPECT_THAT(sources.error().message, HasSubstr("--mirror"));
}

TEST_F(SourcesOfARole, NeedTheArchivesKeys) {
    request_.mirror = "http://other/debian";
    ASSERT_TRUE(files::remove_file(machine_.at("/usr/share/keyrings/debian-archive-keyring.gpg")));
    const auto sources = sources_of(role_, request_, machine_);
    ASSERT_FALSE(sources);
    EXPECT_THAT(sources.error().message, HasSubstr("debian-archive-keyring"));
}

TEST_F(SourcesOfARole, IncludeThoseOfTheSpecWithTheirKeys) {
    request_.mirror = "http://other/debian";
    role_.layers[0].sources = {{.name = "pgdg",
                                .uris = {"https://apt.example.org"},
                                .suites = {"{suite}-pgdg"},
                                .components = {"main"},
                                .signed_by = {"keys/pgdg.asc"}}};
    const auto sources = sources_of(role_, request_, machine_);
    ASSERT_TRUE(sources) << sources.error().to_string();
    EXPECT_THAT(sources->back().suites, ElementsAre("trixie-pgdg"));
    EXPECT_EQ(sources->back().signed_by, "/project/roles/keys/pgdg.asc");
    EXPECT_EQ(sources->back().name, "pgdg");
}

TEST(Versions, OfWhatTheAgentConfiguresAreOnesThatItKnows) {
    const spec::Role role{
        .name = "db",
        .suite = "bookworm",
        .layers = {{.name = "db",
                    .packages = {{"patroni", {"roles/db.yaml", 5, 5}}, {"pgbackrest", {"roles/db.yaml", 6, 5}}}}}};
    const auto fault = check_versions(role, {{.name = "patroni", .version = "3.0.2-1"},
                                             {.name = "pgbackrest", .version = "2.45-1+b1"},
                                             {.name = "pgbouncer", .version = "1.21.0-1"}});
    ASSERT_FALSE(fault);
    EXPECT_EQ(fault.error().kind, ErrorKind::invalid_input);
    EXPECT_THAT(fault.error().message, HasSubstr("roles/db.yaml:5:5: patroni 3.0.2-1 of bookworm is too old: the "
                                                 "agent needs 4.0, for synchronous"));
    EXPECT_THAT(fault.error().message, HasSubstr("roles/db.yaml:6:5: pgbackrest 2.45-1+b1"));
    EXPECT_THAT(fault.error().message, testing::Not(HasSubstr("pgbouncer")));
    EXPECT_TRUE(check_versions(role, {{.name = "patroni", .version = "4.0.7-1"},
                                      {.name = "pgbackrest", .version = "2.55.1-1"},
                                      {.name = "etcd-server", .version = "3.5.16-4"}}));
    EXPECT_TRUE(check_versions(role, {{.name = "patroni", .version = "4.1.5-1~pgdg12+1"}}));
}

TEST(Tools, ThatAreMissingAreNamedWithTheirPackages) {
    const auto folder = *files::TempDir::create();
    for (const auto* tool : {"apt-get", "dpkg-deb", "tar", "unshare"}) {
        ASSERT_TRUE(files::write(folder.path() / tool, ""));
    }
    const spec::Role tar{.name = "a", .suite = "s", .formats = {spec::Format::tar_zst}};
    const spec::Role squashfs{.name = "b", .suite = "s", .formats = {spec::Format::squashfs}};
    EXPECT_TRUE(check_tools({tar}, {folder.path()}));
    const auto result = check_tools({tar, squashfs}, {folder.path()});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().message,
              "this machine lacks mksquashfs, which building needs: apt-get install squashfs-tools");
}

} // namespace
} // namespace ingot::builder::pipeline
