#include "builder/lock/lock.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/text/text.hpp"

namespace ingot::builder::lock {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kHashA(64, 'a');
const std::string kHashB(64, 'b');
const std::string kHashC(64, 'c');

packages::Package package(std::string name, std::string version, std::string hash, std::string uri) {
    return {.name = std::move(name),
            .version = std::move(version),
            .architecture = "amd64",
            .size = 10,
            .sha256 = std::move(hash),
            .uri = std::move(uri)};
}

class ALock : public testing::Test {
  protected:
    ALock() {
        role_ = {.name = "db", .suite = "trixie"};
        role_.layers.push_back(
            {.name = "base", .packages = {{"zstd", {"base.yaml", 2, 5}}, {"apt", {"base.yaml", 3, 5}}}});
        role_.layers.push_back({.name = "db", .packages = {{"patroni", {"db.yaml", 4, 5}}}});
        sources_ = {
            {.uris = {"http://here/debian"}, .suites = {"trixie"}, .components = {"main"}, .name = "debian"},
            {.uris = {"http://pg.example/apt"}, .suites = {"trixie-pgdg"}, .components = {"main"}, .name = "pgdg"}};
        keys_ = {{"pgdg", kHashC}};
        layers_ = {{.packages = {package("apt", "3.0", kHashA, "http://here/debian/pool/apt_3.0%2b1.deb"),
                                 package("zstd", "1:1.5", kHashB, "http://here/debian/pool/zstd.deb")},
                    .essential = {package("apt", "3.0", kHashA, "")}},
                   {.packages = {package("patroni", "4.0", kHashC, "http://pg.example/apt/p/patroni.deb")}}};
    }
    Lock made() { return lock_of(role_, "amd64", layers_, sources_, keys_); }
    Lock read(const std::string& text) {
        Faults faults;
        auto lock = parse(text, "roles/db.lock.yaml", faults);
        EXPECT_THAT(faults.lines(), IsEmpty());
        return lock;
    }
    std::vector<std::string> faults_of(const Lock& lock) {
        return check(lock, role_, "amd64", sources_, keys_).lines();
    }
    spec::Role role_;
    std::vector<packages::SourceEntry> sources_;
    std::vector<std::pair<std::string, std::string>> keys_;
    std::vector<LayerPackages> layers_;
};

TEST_F(ALock, HasOneLineForEachPackageAndNoMirror) {
    const auto text = render(made());
    EXPECT_THAT(text, HasSubstr("\n      - {name: apt, version: 3.0, architecture: amd64, size: 10, sha256: " +
                                kHashA + ", repository: debian, file: pool/apt_3.0+1.deb, essential: true}\n"));
    EXPECT_THAT(text, HasSubstr("version: \"1:1.5\""));
    EXPECT_THAT(text, testing::Not(HasSubstr("http://here")));
    EXPECT_THAT(text, HasSubstr("key_sha256: " + kHashC));
}

TEST_F(ALock, ReadsAsItWasWritten) {
    const auto text = render(made());
    const auto lock = read(text);
    EXPECT_EQ(render(lock), text);
    EXPECT_THAT(faults_of(lock), IsEmpty());
    const auto layers = packages_of(lock, sources_);
    ASSERT_EQ(layers.size(), 2U);
    EXPECT_EQ(layers[0].packages, layers_[0].packages);
    ASSERT_EQ(layers[0].essential.size(), 1U);
    EXPECT_EQ(layers[0].essential[0].name, "apt");
    EXPECT_EQ(layers[1].packages, layers_[1].packages);
    EXPECT_THAT(find(lock, "patroni")->position.to_string(), testing::StartsWith("roles/db.lock.yaml:"));
}

TEST_F(ALock, HasThePackagesAtTheMirrorOfWhoeverBuilds) {
    const auto lock = read(render(made()));
    sources_[0].uris = {"https://there/d"};
    EXPECT_EQ(packages_of(lock, sources_)[0].packages[0].uri, "https://there/d/pool/apt_3.0%2b1.deb");
    EXPECT_THAT(faults_of(lock), IsEmpty());
}

TEST_F(ALock, IsRefusedWhenTheSpecWantsAnotherPackage) {
    const auto lock = read(render(made()));
    role_.layers[1].packages.push_back({"pgbackrest", {"db.yaml", 5, 5}});
    EXPECT_THAT(
        faults_of(lock),
        ElementsAre("db.yaml:5:5: the package 'pgbackrest' is not in roles/db.lock.yaml (ingot lock db writes "
                    "it anew)"));
}

TEST_F(ALock, IsRefusedWhenTheSpecDropsAPackage) {
    const auto lock = read(render(made()));
    role_.layers[0].packages.pop_back();
    EXPECT_THAT(faults_of(lock), ElementsAre(HasSubstr("'apt' was asked for when this was written")));
}

TEST_F(ALock, IsRefusedForAnotherSuiteKeyOrSource) {
    const auto lock = read(render(made()));
    keys_[0].second = kHashA;
    EXPECT_THAT(faults_of(lock), ElementsAre(HasSubstr("the key of the source 'pgdg' is another one now")));
    sources_[1].suites = {"trixie-pgdg-testing"};
    EXPECT_THAT(faults_of(lock), ElementsAre(HasSubstr("the source 'pgdg' is another one"), HasSubstr("key of")));
    sources_.pop_back();
    EXPECT_THAT(faults_of(lock), ElementsAre(HasSubstr("no source 'pgdg'")));
    role_.suite = "forky";
    EXPECT_THAT(faults_of(lock), ElementsAre(HasSubstr("for the suite 'trixie', not 'forky'")));
}

TEST_F(ALock, WithAFaultIsNone) {
    auto text = render(made());
    text = text::replace_all(text, "size: 10, sha256: " + kHashA, "size: ten, sha256: 12");
    text = text::replace_all(text, "name: zstd", "name: apt");
    Faults faults;
    parse(text, "l", faults);
    const auto lines = faults.lines();
    EXPECT_THAT(lines, testing::Contains(HasSubstr("expected a number from 1")));
    EXPECT_THAT(lines, testing::Contains(HasSubstr("not a SHA-256 in hexadecimal")));
    EXPECT_THAT(lines, testing::Contains(HasSubstr("apt stands in line")));
}

TEST(Changes, BetweenTwoSetsAreNamedWithTheirDirection) {
    const packages::PackageSet before = {package("a", "1.9", kHashA, ""), package("b", "1", kHashA, ""),
                                         package("c", "2", kHashA, ""), package("d", "1", kHashA, ""),
                                         package("e", "1", kHashA, "")};
    const packages::PackageSet after = {package("a", "1.10", kHashB, ""), package("c", "1", kHashB, ""),
                                        package("d", "1", kHashB, ""), package("e", "1", kHashA, ""),
                                        package("new", "7", kHashA, "")};
    const auto changes = changes_between(before, after);
    EXPECT_THAT(changes,
                ElementsAre(Change{ChangeKind::up, "a", "1.9", "1.10"}, Change{ChangeKind::removed, "b", "1", ""},
                            Change{ChangeKind::down, "c", "2", "1"}, Change{ChangeKind::rebuilt, "d", "1", "1"},
                            Change{ChangeKind::added, "new", "", "7"}));
    EXPECT_THAT(render(changes), HasSubstr("  up       a    1.9 → 1.10\n  removed  b    1\n"));
}

} // namespace
} // namespace ingot::builder::lock
