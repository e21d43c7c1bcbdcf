#include "firstboot/proxy/slots.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "common/text/text.hpp"

namespace ingot::firstboot::proxy {
namespace {

const Endpoint kOne{"10.0.0.21"};
const Endpoint kTwo{"10.0.0.22"};
const Endpoint kThree{"10.0.0.23"};

/// A HAProxy that does what the Runtime API does, as far as slots go.
class FakeHaproxy {
  public:
    FakeHaproxy() {
        for (const auto backend : kBackends) {
            for (int number = 1; number <= kSlots; ++number) {
                slots.push_back({.backend = std::string(backend), .number = number, .in_maintenance = true});
            }
        }
    }

    Slot& slot(std::string_view backend, int number) {
        return *std::ranges::find_if(
            slots, [&](const Slot& each) { return each.backend == backend && each.number == number; });
    }

    void run(const std::string& command) {
        const auto words = text::split(command, ' ');
        ASSERT_GE(words.size(), 5U) << command;
        ASSERT_EQ(words[0] + words[1], "setserver") << command;
        const auto slash = words[2].find("/db");
        auto& target = slot(words[2].substr(0, slash), std::stoi(words[2].substr(slash + 3)));
        if (words[3] == "addr") {
            EXPECT_TRUE(target.in_maintenance) << "an address changed outside maintenance: " << command;
            const bool empty = words[6] == "1";
            target.endpoint = empty ? std::nullopt : std::optional(Endpoint{words[4], std::stoi(words[6])});
        } else if (words[3] == "health") {
            EXPECT_FALSE(target.open) << "health was set on an open server: " << command;
            target.up = false;
        } else if (words[4] == "maint") {
            target.in_maintenance = true;
            target.open = false;
        } else if (words[4] == "drain") {
            target.up = target.up || target.in_maintenance; // the trap: it comes out of maintenance UP
            target.in_maintenance = false;
            target.open = false;
        } else if (words[4] == "ready") {
            target.up = target.up || target.in_maintenance;
            target.in_maintenance = false;
            target.open = true;
        } else {
            FAIL() << command;
        }
        for (const auto& each : slots) {
            EXPECT_FALSE(each.open && each.up && !checked.contains({each.backend, each.number}))
                << "an unchecked server takes traffic after: " << command;
        }
        if (!target.up) { checked.erase({target.backend, target.number}); }
    }

    /// A health check passes.
    void pass_check(std::string_view backend, int number) {
        checked.insert({std::string(backend), number});
        slot(backend, number).up = true;
    }

    SlotPlan apply(const std::optional<std::vector<Endpoint>>& members) {
        auto plan = plan_slots(members, slots);
        for (const auto& command : plan.commands) { run(command); }
        return plan;
    }

    std::vector<Slot> slots;
    std::set<std::pair<std::string, int>> checked;
};

using Members = std::vector<Endpoint>;

TEST(SlotPlan, FillsFreeSlotsInBothBackendsByTheSafeWay) {
    FakeHaproxy haproxy;
    const auto plan = haproxy.apply(Members{kOne});
    EXPECT_EQ(plan.commands, (std::vector<std::string>{
                                 "set server primary/db1 addr 10.0.0.21 port 5432",
                                 "set server primary/db1 state drain",
                                 "set server primary/db1 health down",
                                 "set server primary/db1 state ready",
                                 "set server replicas/db1 addr 10.0.0.21 port 5432",
                                 "set server replicas/db1 state drain",
                                 "set server replicas/db1 health down",
                                 "set server replicas/db1 state ready",
                             }));
    EXPECT_EQ(plan.layout, (Layout{{1, kOne}}));
}

TEST(NewLeader, TakesWritesFromAllOthersAtOnce) {
    FakeHaproxy haproxy;
    haproxy.apply(Members{kOne, kTwo, kThree});
    haproxy.pass_check("primary", 1);
    haproxy.pass_check("replicas", 2);
    EXPECT_EQ(plan_new_leader(kTwo, haproxy.slots), std::vector<std::string>{"set server primary/db1 health down"});
    EXPECT_TRUE(plan_new_leader(kOne, haproxy.slots).empty());
}

TEST(SlotPlan, IsEmptyWhenNothingChanged) {
    FakeHaproxy haproxy;
    haproxy.apply(Members{kOne, kTwo});
    EXPECT_TRUE(haproxy.apply(Members{kTwo, kOne}).commands.empty());
    haproxy.pass_check("primary", 1);
    EXPECT_TRUE(haproxy.apply(Members{kOne, kTwo}).commands.empty());
}

TEST(SlotPlan, NeverMovesAMember) {
    FakeHaproxy haproxy;
    haproxy.apply(Members{kTwo, kThree});
    EXPECT_EQ(haproxy.apply(Members{kOne, kTwo, kThree}).layout, (Layout{{1, kTwo}, {2, kThree}, {3, kOne}}));
}

TEST(SlotPlan, FreesTheSlotOfAMemberThatIsGoneAndDown) {
    FakeHaproxy haproxy;
    haproxy.apply(Members{kOne, kTwo});
    const auto plan = haproxy.apply(Members{kTwo});
    EXPECT_EQ(plan.commands, (std::vector<std::string>{
                                 "set server primary/db1 state maint",
                                 "set server primary/db1 addr 127.0.0.1 port 1",
                                 "set server replicas/db1 state maint",
                                 "set server replicas/db1 addr 127.0.0.1 port 1",
                             }));
    EXPECT_EQ(plan.layout, (Layout{{2, kTwo}}));
    EXPECT_EQ(haproxy.apply(Members{kTwo, kThree}).layout, (Layout{{1, kThree}, {2, kTwo}}));
}

TEST(SlotPlan, KeepsAMemberThatEtcdForgotAsLongAsItsChecksPass) {
    FakeHaproxy haproxy;
    haproxy.apply(Members{kOne, kTwo});
    haproxy.pass_check("primary", 1);
    EXPECT_EQ(haproxy.apply(Members{}).layout, (Layout{{1, kOne}}));
    haproxy.slot("primary", 1).up = false;
    EXPECT_TRUE(haproxy.apply(Members{}).layout.empty());
}

TEST(SlotPlan, KeepsEverythingWhenEtcdDoesNotAnswer) {
    FakeHaproxy haproxy;
    haproxy.apply(Members{kOne, kTwo});
    const auto plan = haproxy.apply(std::nullopt);
    EXPECT_TRUE(plan.commands.empty());
    EXPECT_EQ(plan.layout, (Layout{{1, kOne}, {2, kTwo}}));
}

TEST(SlotPlan, BringsBackWhatARestartLeftInMaintenanceEvenWithoutEtcd) {
    FakeHaproxy haproxy;
    for (const auto backend : kBackends) { haproxy.slot(backend, 2).endpoint = kTwo; } // as the file says
    const auto plan = haproxy.apply(std::nullopt);
    EXPECT_EQ(plan.commands.size(), 6U);
    EXPECT_TRUE(haproxy.slot("primary", 2).open);
    EXPECT_FALSE(haproxy.slot("primary", 2).up);
    EXPECT_FALSE(haproxy.slot("primary", 1).open);
}

TEST(SlotPlan, FinishesWhatADeadAgentBegan) {
    FakeHaproxy haproxy;
    haproxy.slot("primary", 1).endpoint = kOne; // address set, nothing more
    haproxy.apply(Members{kOne});
    for (const auto backend : kBackends) {
        EXPECT_EQ(haproxy.slot(backend, 1).endpoint, kOne);
        EXPECT_TRUE(haproxy.slot(backend, 1).open);
    }
    FakeHaproxy drained;
    drained.apply(Members{kOne});
    drained.slot("replicas", 1).open = false; // drained
    drained.apply(Members{kOne});
    EXPECT_TRUE(drained.slot("replicas", 1).open);
}

TEST(SlotPlan, PutsBackendsThatDisagreeRight) {
    FakeHaproxy haproxy;
    haproxy.apply(Members{kOne});
    auto& other = haproxy.slot("replicas", 1);
    other.endpoint = kTwo;
    haproxy.apply(Members{kOne});
    EXPECT_EQ(haproxy.slot("replicas", 1).endpoint, kOne);
}

TEST(SlotPlan, SaysForWhomThereIsNoSlot) {
    FakeHaproxy haproxy;
    Members many;
    for (int number = 1; number <= kSlots + 1; ++number) { many.push_back({"10.0.1." + std::to_string(number)}); }
    const auto plan = haproxy.apply(many);
    EXPECT_EQ(plan.layout.size(), static_cast<std::size_t>(kSlots));
    EXPECT_EQ(plan.without_slot, (Members{{"10.0.1.33"}}));
}

// A line of HAProxy 3.0: `show servers state`.
std::string state_line(std::string_view backend, int number, std::string_view address, int port, int operational,
                       int administrative) {
    return text::format("4 {} {} db{} {} {} {} 1 1 36 15 3 2 6 0 0 0 - {} - 0 8008 - - 8008\n", backend, number,
                        number, address, operational, administrative, port);
}

std::string state_text() {
    std::string out = "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight "
                      "srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health "
                      "srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord "
                      "srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port\n";
    for (const auto backend : kBackends) {
        out += state_line(backend, 1, "10.0.0.21", 5432, 2, 4);  // up; was `disabled` in the file
        out += state_line(backend, 2, "10.0.0.22", 5432, 0, 4);  // down
        out += state_line(backend, 3, "10.0.0.23", 5432, 0, 5);  // maintenance
        out += state_line(backend, 4, "10.0.0.24", 5432, 2, 12); // draining
        for (int number = 5; number <= kSlots; ++number) { out += state_line(backend, number, "127.0.0.1", 1, 0, 5); }
    }
    return out + "\n";
}

TEST(SlotState, IsReadAsHaproxySaysIt) {
    const auto slots = slots_from_state(state_text());
    ASSERT_TRUE(slots.has_value()) << slots.error().to_string();
    ASSERT_EQ(slots->size(), 64U);
    const auto& list = *slots;
    EXPECT_EQ(list[0].endpoint, kOne);
    EXPECT_TRUE(list[0].open && list[0].up && !list[0].in_maintenance);
    EXPECT_TRUE(list[1].open && !list[1].up);
    EXPECT_TRUE(!list[2].open && list[2].in_maintenance);
    EXPECT_TRUE(!list[3].open && !list[3].in_maintenance);
    EXPECT_FALSE(list[4].endpoint.has_value());
}

TEST(SlotState, OfAnotherHaproxyIsAnErrorNotAnEmptyList) {
    for (const auto& text : {std::string(), std::string("Unknown command\n"), state_text().substr(0, 900)}) {
        const auto slots = slots_from_state(text);
        ASSERT_FALSE(slots.has_value());
        EXPECT_EQ(slots.error().kind, ErrorKind::tool_failed);
    }
}

} // namespace
} // namespace ingot::firstboot::proxy
