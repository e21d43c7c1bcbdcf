#include "firstboot/system/as_user.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace ingot::firstboot {
namespace {

TEST(AsUser, IsAUnitOfItsOwnThatEndsInTime) {
    const auto command = as_user("postgres", {"pgbackrest", "--stanza=a b", "info"}, std::chrono::seconds(90));
    const auto& argv = command.argv;
    EXPECT_EQ(argv.front(), "systemd-run");
    const auto has = [&argv](std::string_view word) { return std::ranges::find(argv, word) != argv.end(); };
    for (const auto* const word : {"--pipe", "--wait", "--uid=postgres", "--property=RuntimeMaxSec=90000ms"}) {
        EXPECT_TRUE(has(word)) << word;
    }
    const std::vector<std::string> last(std::ranges::find(argv, "--"), argv.end());
    EXPECT_EQ(last, (std::vector<std::string>{"--", "pgbackrest", "--stanza=a b", "info"}));
    EXPECT_GT(command.timeout, std::chrono::seconds(90));
}

} // namespace
} // namespace ingot::firstboot
