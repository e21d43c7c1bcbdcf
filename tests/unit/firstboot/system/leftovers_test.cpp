#include "firstboot/system/leftovers.hpp"

#include <gtest/gtest.h>

#include "tests/unit/firstboot/fakes.hpp"

namespace ingot::firstboot {
namespace {

TEST(Leftovers, GoFromTheFoldersInWhichTheAgentWrites) {
    test::World world;
    const std::vector<std::string> left = {"/etc/ingot/.firewall.nft.aB3xyZ", "/etc/ingot/pki/.node.crt.aB3xyZ",
                                           "/var/lib/ingot/.journal.json.aB3xyZ", "/etc/.hosts.aB3xyZ"};
    const std::vector<std::string> others = {"/etc/.a.config", "/etc/ingot/firewall.nft", "/etc/lab/.mine.aB3xyZ",
                                             "/var/lib/postgresql/.base.aB3xyZ", "/etc/default/.other.aB3xyZ"};
    for (const auto& file : left) { world.write(file, "half"); }
    for (const auto& file : others) { world.write(file, "whole"); }
    remove_leftovers(world.environment);
    for (const auto& file : left) { EXPECT_FALSE(files::exists(world.environment.root.at(file))) << file; }
    for (const auto& file : others) { EXPECT_TRUE(files::exists(world.environment.root.at(file))) << file; }
}

} // namespace
} // namespace ingot::firstboot
