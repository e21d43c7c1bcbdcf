#include <algorithm>

#include <gtest/gtest.h>

#include "firstboot/doctor/doctor.hpp"

namespace ingot::firstboot::doctor {
namespace {

Observations healthy() {
    Observations seen;
    seen.status = NodeStatus{.node = "db-1", .role = "db", .state = NodeState::ready};
    seen.role = "db";
    seen.addresses = {"10.0.0.21"};
    seen.default_route = true;
    seen.name_servers = true;
    seen.clock_synchronised = true;
    seen.disks = {{.path = "/", .size = 100, .free = 50, .inodes = 100, .free_inodes = 90}};
    seen.now = clock::WallTime(std::chrono::hours(500'000));
    seen.certificate_ends = seen.now + std::chrono::days(20);
    seen.units = {{"patroni.service", "active"}};
    return seen;
}

/// The verdict about a subject, and that it comes with something to do unless it is good.
Verdict verdict_of(const Observations& seen, const std::string& subject) {
    auto worst = Verdict::good;
    for (const auto& finding : judge(seen)) {
        EXPECT_EQ(finding.verdict == Verdict::good, finding.advice.empty()) << finding.sentence;
        EXPECT_FALSE(finding.sentence.empty());
        if (finding.subject == subject) { worst = std::max(worst, finding.verdict); }
    }
    return worst;
}

TEST(Doctor, FindsNothingAtAHealthyNode) {
    for (const auto& finding : judge(healthy())) { EXPECT_EQ(finding.verdict, Verdict::good) << finding.sentence; }
}

TEST(Doctor, FindsWhatIsTheMatter) {
    auto seen = healthy();
    seen.addresses.clear();
    EXPECT_EQ(verdict_of(seen, "network"), Verdict::bad);
    seen = healthy();
    seen.default_route = false;
    EXPECT_EQ(verdict_of(seen, "network"), Verdict::warning);
    seen = healthy();
    seen.name_servers = false;
    EXPECT_EQ(verdict_of(seen, "DNS"), Verdict::warning);
    seen = healthy();
    seen.clock_synchronised = false;
    EXPECT_EQ(verdict_of(seen, "time"), Verdict::warning);
    seen = healthy();
    seen.disks[0].free = 5;
    EXPECT_EQ(verdict_of(seen, "disk"), Verdict::warning);
    seen.disks[0].free_inodes = 1;
    EXPECT_EQ(verdict_of(seen, "disk"), Verdict::bad);
    seen = healthy();
    seen.certificate_ends = seen.now;
    EXPECT_EQ(verdict_of(seen, "certificate"), Verdict::bad);
    seen.certificate_ends = seen.now + std::chrono::days(3);
    EXPECT_EQ(verdict_of(seen, "certificate"), Verdict::warning);
    seen = healthy();
    seen.units["patroni.service"] = "failed";
    EXPECT_EQ(verdict_of(seen, "services"), Verdict::bad);
    seen = healthy();
    seen.status->duties = {{.name = "db.backup", .state = "failing", .message = "no room"}};
    EXPECT_EQ(verdict_of(seen, "backup"), Verdict::bad);
    seen.status.reset();
    EXPECT_EQ(verdict_of(seen, "agent"), Verdict::bad);
}

TEST(Doctor, SpeaksInLines) {
    EXPECT_EQ(
        to_screen_text({{"network", Verdict::good, "10.0.0.21", ""}, {"DNS", Verdict::bad, "none", "name one"}}),
        "ok    network  10.0.0.21\nBAD   DNS      none\n               -> name one\n");
}

} // namespace
} // namespace ingot::firstboot::doctor
