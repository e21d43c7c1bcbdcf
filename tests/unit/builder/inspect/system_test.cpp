#include "builder/inspect/system.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "builder/inspect/dpkg.hpp"
#include "tests/unit/builder/inspect/example.hpp"

namespace ingot::builder::inspect {
namespace {

using testing::ElementsAre;

TEST(Units, ThatAreMaskedAreNotEnabledWhateverWantsThem) {
    const auto units = find_units(example_image().listing);
    EXPECT_THAT(units.enabled, ElementsAre(EnabledUnit{"ssh.service", "multi-user.target"},
                                           EnabledUnit{"web.socket", "sockets.target"}));
    EXPECT_THAT(units.masked, ElementsAre("postgresql.service"));
}

TEST(Listeners, AreSocketsAndTheDaemonsOfTheRoles) {
    const auto image = example_image();
    const auto listeners = find_listeners(image.listing, find_units(image.listing));
    EXPECT_THAT(listeners, ElementsAre(Listener{"web.socket", "tcp 8443", "at boot"},
                                       Listener{"web.socket", "udp [::]:53", "at boot"},
                                       Listener{"ssh.service", "tcp 22", "at boot"},
                                       Listener{"patroni.service", "tcp 5432 (PostgreSQL), 8008 (Patroni)",
                                                "when the agent starts it"}));
}

TEST(Users, AreLockedIfNoPasswordOpensThem) {
    const auto image = example_image();
    const auto users = find_users(image.listing.content("/etc/passwd"), image.listing.content("/etc/shadow"));
    ASSERT_EQ(users.size(), 4U);
    EXPECT_EQ(users[1].name, "sshd"); // by uid
    EXPECT_FALSE(users[1].can_log_in());
    EXPECT_EQ(users[3].name, "open");
    EXPECT_FALSE(users[3].locked);
    EXPECT_TRUE(users[0].locked);
    EXPECT_TRUE(users[0].can_log_in());
}

TEST(PrivilegedFiles, AreSetuidOnesAndThoseWithCapabilities) {
    auto image = example_image();
    for (auto& entry : image.listing.entries) {
        if (entry.path == "/usr/bin/database") {
            entry.capability =
                std::string("\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 20);
        }
    }
    const auto found = find_privileged(image.listing, owners(image.listing));
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].path, "/usr/bin/database");
    EXPECT_EQ(found[0].capabilities, "cap_net_raw=ep");
    EXPECT_EQ(found[1].path, "/usr/bin/sudo");
    EXPECT_EQ(found[1].mode, 04755U);
    EXPECT_EQ(found[1].owner, "sudo");
}

} // namespace
} // namespace ingot::builder::inspect
