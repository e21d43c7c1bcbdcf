#include "builder/packages/store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/crypto/crypto.hpp"
#include "common/files/files.hpp"

namespace ingot::builder::packages {
namespace {

class PackageStore : public testing::Test {
  protected:
    PackageStore() : folder_(*files::TempDir::create()), store_(folder_.path() / "store") {}
    static Package describe(const std::string& name, std::string_view content) {
        return {.name = name,
                .version = "1",
                .architecture = "all",
                .size = content.size(),
                .sha256 = crypto::sha256_hex(content)};
    }
    void arrive(const std::string& name, std::string_view content) {
        ASSERT_TRUE(files::write(store_.incoming() / name, content));
    }
    files::TempDir folder_;
    Store store_;
};

TEST_F(PackageStore, TakesOverWhatHasTheRightHashAndNothingElse) {
    const PackageSet set = {describe("a", "content of a"), describe("b", "content of b")};
    arrive("a_1_all.deb", "content of a");
    arrive("b_1_all.deb", "content of B, damaged");
    ASSERT_TRUE(store_.take_over(set));
    const auto missing = store_.missing(set);
    ASSERT_EQ(missing.size(), 1U);
    EXPECT_EQ(missing[0].name, "b");
    EXPECT_TRUE(files::list(store_.incoming())->empty());
}

TEST_F(PackageStore, ForgetsAPackageThatRottedOnDisk) {
    const PackageSet set = {describe("a", "content of a")};
    ASSERT_TRUE(files::write(store_.path_of(set[0]), "content of A"));
    EXPECT_TRUE(store_.missing(set).empty()) << "its size is right";
    const auto result = store_.check(set[0]);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::transient);
    EXPECT_EQ(store_.missing(set).size(), 1U);
}

TEST_F(PackageStore, DatesASetByItsYoungestPackage) {
    const auto deb = [](std::string_view date) {
        return "!<arch>\ndebian-binary   " + std::string(date) + "  0     0     100644  4         `\n2.0\n";
    };
    const auto old_deb = deb("1500000000");
    const auto new_deb = deb("1700000000");
    const PackageSet set = {describe("a", old_deb), describe("b", new_deb)};
    arrive("a", old_deb);
    arrive("b", new_deb);
    ASSERT_TRUE(store_.take_over(set));
    EXPECT_EQ(*store_.newest_build_time(set), 1700000000);
    EXPECT_FALSE(build_time_of("/etc/hostname"));
}

} // namespace
} // namespace ingot::builder::packages
