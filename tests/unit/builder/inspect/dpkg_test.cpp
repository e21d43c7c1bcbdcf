#include "builder/inspect/dpkg.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/builder/inspect/example.hpp"

namespace ingot::builder::inspect {
namespace {

using testing::ElementsAre;

std::string owner_of(const Image& image, std::string_view path) {
    const auto owner = owners(image.listing);
    const auto* entry = image.listing.find(path);
    return entry == nullptr ? "?" : owner[static_cast<std::size_t>(entry - image.listing.entries.data())];
}

TEST(DpkgStatus, GivesInstalledPackagesWithTheirDependencies) {
    const auto packages = parse_status(example_image().listing.content("/var/lib/dpkg/status"));
    EXPECT_EQ(packages.size(), 7U);
    EXPECT_FALSE(packages.contains("gone"));
    const auto& database = packages.at("database");
    EXPECT_EQ(database.version, "17.1-1");
    EXPECT_THAT(database.depends, ElementsAre(ElementsAre("missing", "tools"), ElementsAre("libc")));
    EXPECT_TRUE(packages.at("base").essential);
}

TEST(Reasons, AreTheShortestWayFromWhatWasAskedFor) {
    const auto image = example_image();
    const auto why = reasons(parse_status(image.listing.content("/var/lib/dpkg/status")),
                             image.listing.content("/var/lib/apt/extended_states"));
    EXPECT_EQ(why.at("database"), "");
    EXPECT_EQ(why.at("tools-real"), "database"); // by what it provides
    EXPECT_EQ(why.at("libbig"), "database → tools-real");
    EXPECT_EQ(why.at("libc"), "essential"); // though the database needs it too
}

TEST(Owners, AreFoundThroughMergedUsrAndDiversions) {
    const auto image = example_image();
    EXPECT_EQ(owner_of(image, "/usr/bin/sudo"), "sudo");
    EXPECT_EQ(owner_of(image, "/usr/lib/libbig.so.1"), "database"); // it diverted the other's
    EXPECT_EQ(owner_of(image, "/usr/lib/libbig.so.1.usr-is-merged"), "libbig");
}

TEST(Owners, OfFilesOfNoPackageAreWhoeverMakesThem) {
    const auto image = example_image();
    EXPECT_EQ(owner_of(image, "/usr/lib/python3/x/__pycache__/y.pyc"), "(Python byte code)");
    EXPECT_EQ(owner_of(image, "/etc/overlaid.conf"), "(overlay db)"); // though a package has one
    EXPECT_EQ(owner_of(image, "/etc/systemd/system/postgresql.service"), "(units switched on and off)");
    EXPECT_EQ(owner_of(image, "/usr/lib/ingot/role"), "(Ingot)");
    EXPECT_EQ(owner_of(image, "/usr/bin/<odd> \"name\""), "(made on installation)");
    EXPECT_EQ(owner_of(image, "/usr"), "");
}

} // namespace
} // namespace ingot::builder::inspect
