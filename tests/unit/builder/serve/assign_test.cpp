// A row for each rule of assign.cpp.
#include "builder/serve/model/assign.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::builder::serve {
namespace {

using testing::HasSubstr;

constexpr const char* kMacA = "52:54:00:00:00:0a";
constexpr const char* kMacB = "52:54:00:00:00:0b";
constexpr const char* kMacC = "52:54:00:00:00:0c";
constexpr const char* kUuidA = "4c4c4544-0042-3510-8051-b4c04f56443a";
constexpr const char* kUuidB = "4c4c4544-0042-3510-8051-b4c04f56443b";

Config config() {
    Config made;
    made.machines = {{.name = "etcd-1", .mac = kMacA, .purpose = {.role = "etcd"}},
                     {.name = "etcd-2", .serial = "SER-2", .uuid = kUuidB, .purpose = {.role = "etcd"}}};
    made.roles = {{.count = 2, .names = "db-{}", .purpose = {.role = "db"}},
                  {.count = 1, .names = "proxy-{}", .purpose = {.role = "proxy"}}};
    return made;
}

Assigned machine(const std::string& name, const std::string& role, const Identity& identity) {
    return {.identity = identity, .name = name, .role = role, .token = std::string(32, 't')};
}

struct AssignRow {
    const char* name;
    State state;
    Identity identity;
    bool strict;
    const char* expected; ///< the machine's name; nullptr: refused
    const char* reason = "";
};

class Assigning : public testing::TestWithParam<AssignRow> {};

TEST_P(Assigning, GivesARoleOnceAndToOneMachine) {
    const auto& row = GetParam();
    const auto found = assign(config(), row.state, row.identity, row.strict);
    if (row.expected != nullptr) {
        ASSERT_TRUE(found) << found.error().to_string();
        EXPECT_EQ(found->name, row.expected);
        EXPECT_EQ(found->purpose.role, found->name.substr(0, found->name.find('-')));
        return;
    }
    ASSERT_FALSE(found) << found->name;
    EXPECT_EQ(found.error().kind, ErrorKind::refused);
    EXPECT_THAT(found.error().message, HasSubstr(row.reason));
}

INSTANTIATE_TEST_SUITE_P(
    Rules, Assigning,
    testing::Values(
        AssignRow{"SaysNothing",
                  {},
                  identity_of("", "Default string", "00000000-0000-0000-0000-000000000000"),
                  false,
                  nullptr,
                  "says nothing"},
        AssignRow{"Listed", {}, {.mac = kMacA}, true, "etcd-1"},
        AssignRow{
            "ListedByAllThatStandsThere", {}, {.mac = kMacB, .serial = "SER-2", .uuid = kUuidB}, true, "etcd-2"},
        AssignRow{
            "ListedButNotInEverything", {}, {.mac = kMacB, .serial = "SER-2"}, true, nullptr, "not in serve.yaml"},
        AssignRow{"FirstUnknown", {}, {.mac = kMacC}, false, "db-1"},
        AssignRow{"UnknownUnderStrict", {}, {.mac = kMacC}, true, nullptr, "not in serve.yaml"},
        AssignRow{"NextFreeName", {{machine("db-1", "db", {.mac = kMacB})}}, {.mac = kMacC}, false, "db-2"},
        AssignRow{"NextRole",
                  {{machine("db-1", "db", {.mac = kMacA}), machine("db-2", "db", {.mac = kMacB})}},
                  {.mac = kMacC},
                  false,
                  "proxy-1"},
        AssignRow{"NoPlaceLeft",
                  {{machine("db-1", "db", {.mac = "52:54:00:00:00:01"}),
                    machine("db-2", "db", {.mac = "52:54:00:00:00:02"}),
                    machine("proxy-1", "proxy", {.mac = "52:54:00:00:00:03"})}},
                  {.mac = kMacC},
                  false,
                  nullptr,
                  "no role has a place left"},
        AssignRow{"WasHereBefore",
                  {{machine("db-2", "db", {.mac = kMacC, .uuid = kUuidA})}},
                  {.mac = kMacC},
                  false,
                  "db-2"},
        AssignRow{"WasHereBeforeWithoutCard",
                  {{machine("db-2", "db", {.mac = kMacC, .uuid = kUuidA})}},
                  {.uuid = kUuidA},
                  false,
                  "db-2"},
        AssignRow{"AnotherCardInAKnownChassis",
                  {{machine("db-2", "db", {.mac = kMacC, .uuid = kUuidA})}},
                  {.mac = kMacB, .uuid = kUuidA},
                  false,
                  nullptr,
                  "looks like db-2"},
        AssignRow{"AKnownCardInAnotherChassis",
                  {{machine("db-2", "db", {.mac = kMacC, .uuid = kUuidA})}},
                  {.mac = kMacC, .uuid = kUuidB},
                  false,
                  nullptr,
                  "looks like db-2"},
        AssignRow{"TwoLookLikeIt",
                  {{machine("db-1", "db", {.mac = kMacC}), machine("db-2", "db", {.uuid = kUuidA})}},
                  {.mac = kMacC, .uuid = kUuidA},
                  false,
                  nullptr,
                  "looks like"},
        AssignRow{"TheListedNameIsTaken",
                  {{machine("etcd-1", "etcd", {.mac = kMacC})}},
                  {.mac = kMacA},
                  false,
                  nullptr,
                  "but that is MAC"},
        AssignRow{"ItsRoleIsGoneFromTheConfiguration",
                  {{machine("cache-1", "cache", {.mac = kMacC})}},
                  {.mac = kMacC},
                  false,
                  nullptr,
                  "no such machine any more"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(Orders, AreToInstallOnce) {
    Purpose purpose{.role = "db"};
    Assigned known = machine("db-1", "db", {});
    EXPECT_EQ(order_for(purpose, known), Order::install);
    known.phase = Phase::failed;
    EXPECT_EQ(order_for(purpose, known), Order::install);
    known.phase = Phase::installed;
    EXPECT_EQ(order_for(purpose, known), Order::disk);
    EXPECT_FALSE(may_have_seed(purpose, known));
    purpose.again = "2026";
    EXPECT_EQ(order_for(purpose, known), Order::install);
    EXPECT_TRUE(may_have_seed(purpose, known));
    purpose.mode = Mode::ram;
    EXPECT_EQ(order_for(purpose, known), Order::ram);
}

TEST(Phases, DoNotGoBackFromInstalled) {
    EXPECT_EQ(next_phase(Phase::assigned, "installing"), Phase::installing);
    EXPECT_EQ(next_phase(Phase::installing, "failed"), Phase::failed);
    EXPECT_EQ(next_phase(Phase::failed, "installing"), Phase::installing);
    EXPECT_EQ(next_phase(Phase::installing, "installed"), Phase::installed);
    EXPECT_EQ(next_phase(Phase::assigned, "present"), Phase::installed);
    EXPECT_EQ(next_phase(Phase::installed, "installing"), Phase::installed);
    EXPECT_EQ(next_phase(Phase::installed, "failed"), Phase::installed);
    EXPECT_EQ(next_phase(Phase::assigned, "nonsense"), Phase::assigned);
}

} // namespace
} // namespace ingot::builder::serve
