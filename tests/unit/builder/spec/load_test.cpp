#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "builder/spec/spec.hpp"
#include "common/files/files.hpp"
#include "tests/places/places.hpp"

namespace ingot::builder::spec {
namespace {

using testing::HasSubstr;

class LoadingASpec : public testing::Test {
  protected:
    LoadingASpec() : folder_(*files::TempDir::create()) {
        put("roles/base.yaml", "suite: trixie\npackages: [apt]\noverlays: [base]\n");
        put("overlays/base/etc/motd", "hello\n");
    }
    void put(const std::string& path, std::string_view text) {
        ASSERT_TRUE(files::write(folder_.path() / path, text));
    }
    Result<Role> load_role(std::string_view name) {
        return load(folder_.path() / "roles", folder_.path() / "overlays", name);
    }
    std::string message(std::string_view name) {
        const auto role = load_role(name);
        return role ? "no error" : role.error().to_string();
    }
    files::TempDir folder_;
};

TEST_F(LoadingASpec, FollowsTheChainBaseFirst) {
    put("roles/db.yaml", "extends: base\npackages: [patroni]\n");
    put("roles/analytics.yaml", "extends: db\npackages: [pgbackrest]\n");
    const auto role = load_role("analytics");
    ASSERT_TRUE(role) << role.error().to_string();
    ASSERT_EQ(role->layers.size(), 3U);
    EXPECT_EQ(role->layers[0].name, "base");
    EXPECT_EQ(role->layers[2].name, "analytics");
    EXPECT_EQ(role->suite, "trixie");
    EXPECT_THAT(role->formats, testing::ElementsAre(Format::squashfs, Format::tar_zst))
        << "what needs no kernel, when none is named";
}

TEST_F(LoadingASpec, NamesTheNearestRoleForOneThatIsNotThere) {
    put("roles/proxy.yaml", "extends: base\n");
    EXPECT_THAT(message("proxi"), HasSubstr("did you mean 'proxy'?"));
    EXPECT_THAT(message("zzzzzz"), HasSubstr("there are: base, proxy"));
}

TEST_F(LoadingASpec, DoesNotTakeALockForARole) {
    put("roles/base.lock.yaml", "x: 1\n");
    EXPECT_THAT(message("base.lock"), HasSubstr("there is no role"));
}

TEST_F(LoadingASpec, RefusesACircle) {
    put("roles/a.yaml", "extends: b\n");
    put("roles/b.yaml", "extends: a\n");
    EXPECT_THAT(message("a"), HasSubstr("b.yaml:1:10: extends: 'a' leads in a circle"));
}

TEST_F(LoadingASpec, ReportsOverlaysKeysAndParentsThatAreNotThere) {
    put("roles/x.yaml", "extends: bse\noverlays: [bas]\nsources:\n  s: { uris: [u], suites: [s], components: [c], "
                        "signed_by: no.asc }\n");
    const auto text = message("x");
    EXPECT_THAT(text, HasSubstr("x.yaml:1:10: extends: there is no role 'bse' (did you mean 'base'?)"));
    EXPECT_THAT(text, HasSubstr("x.yaml:2:12: there is no overlay folder"));
    EXPECT_THAT(text, HasSubstr("there is no key file"));
}

TEST_F(LoadingASpec, RefusesAFormatThatBootsByItselfWithoutAKernel) {
    put("roles/x.yaml", "extends: base\nformats: [tar.zst, qcow2]\n");
    EXPECT_THAT(message("x"), HasSubstr("x.yaml:2:10: formats: 'qcow2' boots by itself, but x has no kernel"));
    put("roles/y.yaml", "extends: base\nkernel: { flavour: cloud }\n");
    EXPECT_THAT(load_role("y")->formats, testing::ElementsAre(Format::raw_zst, Format::netboot));
}

TEST_F(LoadingASpec, NeedsASuiteSomewhere) {
    put("roles/lonely.yaml", "packages: [apt]\n");
    EXPECT_THAT(message("lonely"), HasSubstr("no file of the role names a suite"));
}

TEST(TheProjectsOwnSpecs, AreValid) {
    const auto source = tests::source_dir();
    for (const auto* name : {"base", "db", "etcd", "proxy"}) {
        const auto role = load(source / "roles", source / "overlays", name);
        EXPECT_TRUE(role) << role.error().to_string();
    }
}

} // namespace
} // namespace ingot::builder::spec
