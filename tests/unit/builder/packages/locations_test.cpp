#include "builder/packages/locations.hpp"

#include <gtest/gtest.h>

namespace ingot::builder::packages {
namespace {

const std::vector<SourceEntry> kHere = {
    {.uris = {"http://mirror.corp/debian/"}, .name = "debian"},
    {.uris = {"http://mirror.corp/debian-security"}, .name = "debian-security"},
    {.uris = {"http://mirror.corp/debian/vendor"}, .name = "vendor"},
};
const std::vector<SourceEntry> kThere = {{.uris = {"https://other.example/d"}, .name = "debian"}};

TEST(LocationOfAPackage, IsTheRepositoryItLiesBelow) {
    EXPECT_EQ(location_of("http://mirror.corp/debian/pool/a.deb", kHere), (Location{"debian", "pool/a.deb"}));
    EXPECT_EQ(location_of("http://mirror.corp/debian-security/pool/a.deb", kHere),
              (Location{"debian-security", "pool/a.deb"}));
    EXPECT_EQ(location_of("http://mirror.corp/debian/vendor/a.deb", kHere), (Location{"vendor", "a.deb"}))
        << "the nearest one";
}

TEST(LocationOfAPackage, IsTheWholeAddressWhereNoRepositoryFits) {
    const Location location = location_of("http://nobody/a%2b.deb", kHere);
    EXPECT_EQ(location, (Location{"", "http://nobody/a%2b.deb"}));
    EXPECT_EQ(uri_of(location, kThere), "http://nobody/a%2b.deb");
}

TEST(LocationOfAPackage, LeadsToTheSameFileOnAnotherMirror) {
    const auto location = location_of("http://mirror.corp/debian/pool/libc6_2.41-12%2bdeb13u1%7e1_amd64.deb", kHere);
    EXPECT_EQ(location.file, "pool/libc6_2.41-12+deb13u1~1_amd64.deb");
    EXPECT_EQ(uri_of(location, kThere), "https://other.example/d/pool/libc6_2.41-12%2bdeb13u1%7e1_amd64.deb");
    EXPECT_EQ(uri_of({"vendor", "a.deb"}, kThere), "") << "not known there";
}

} // namespace
} // namespace ingot::builder::packages
