#include "builder/rootfs/verify.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::builder::rootfs {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

packages::Package package(const std::string& name, const std::string& version) {
    return {.name = name, .version = version, .architecture = "all", .size = 1, .sha256 = std::string(64, 'a')};
}

const packages::PackageSet kWanted = {package("apt", "3.0"), package("bash", "5.2")};

TEST(InstalledPackages, AreTheWantedOnesAndOurOwn) {
    EXPECT_THAT(compare_installed("apt 3.0 installed\nbash 5.2 installed\ningot-agent 0.1 installed\n", kWanted,
                                  "ingot-agent"),
                IsEmpty());
}

TEST(InstalledPackages, AreToldApartFromTheWantedOnes) {
    EXPECT_THAT(compare_installed("apt 2.9 installed\nvim 9 installed\nbash 5.2 half-configured\n", kWanted, ""),
                ElementsAre("bash is half-configured", "apt is 2.9, not 3.0",
                            "vim 9 is installed, but nothing asked for it"));
    EXPECT_THAT(compare_installed("apt 3.0 installed\n", kWanted, ""), ElementsAre("bash is not installed"));
}

} // namespace
} // namespace ingot::builder::rootfs
