#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "builder/publish/hetzner/choose.hpp"
#include "builder/publish/hetzner/wire.hpp"
#include "common/json/json.hpp"

namespace {

using namespace ingot;
using namespace ingot::builder::publish::hetzner;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::vector<ServerType> kTypes = {
    {.name = "old", .architecture = "x86", .disk_gb = 20, .deprecated = true, .offers = {{"fsn1"}}},
    {.name = "big", .architecture = "x86", .disk_gb = 160, .offers = {{"fsn1", true, 0.02}}},
    {.name = "small",
     .architecture = "x86",
     .disk_gb = 40,
     .offers = {{"fsn1", false, 0.005}, {"nbg1", true, 0.007}, {"hel1", true, 0.006}}},
    {.name = "arm", .architecture = "arm", .disk_gb = 40, .offers = {{"fsn1", true, 0.004}}},
};

std::vector<std::string> names(const Result<std::vector<Candidate>>& found) {
    std::vector<std::string> list;
    for (const auto& candidate : found ? *found : std::vector<Candidate>{}) {
        list.push_back(candidate.type + "@" + candidate.location);
    }
    return list;
}

TEST(Candidates, AreTheSmallestThatFitAndMayBeHad) {
    EXPECT_THAT(names(candidates(kTypes, "x86", 2'000'000'000, {})),
                ElementsAre("small@hel1", "small@nbg1", "big@fsn1", "small@fsn1"));
    EXPECT_THAT(names(candidates(kTypes, "x86", 50'000'000'000, {})), ElementsAre("big@fsn1"));
    EXPECT_THAT(names(candidates(kTypes, "arm", 1, {})), ElementsAre("arm@fsn1"));
}

TEST(Candidates, FollowWhatAPersonNamed) {
    EXPECT_THAT(names(candidates(kTypes, "x86", 1, {.types = {"big", "small"}})),
                ElementsAre("big@fsn1", "small@hel1", "small@nbg1", "small@fsn1"));
    EXPECT_THAT(names(candidates(kTypes, "x86", 1, {.locations = {"nbg1", "hel1"}})),
                ElementsAre("small@nbg1", "small@hel1"));
    EXPECT_THAT(names(candidates(kTypes, "x86", 1, {.types = {"old"}})), ElementsAre("old@fsn1"))
        << "deprecated, but named";
    const auto nothing = candidates(kTypes, "x86", 1, {.types = {"arm"}});
    ASSERT_FALSE(nothing);
    EXPECT_THAT(nothing.error().message, HasSubstr("small (40 GB)"));
}

TEST(BaseImage, IsADebianThatIsNotDeprecated) {
    const auto image = [](Id id, const char* name, const char* flavor, const char* architecture,
                          bool deprecated = false) {
        return Snapshot{.id = id,
                        .name = name,
                        .status = "available",
                        .type = "system",
                        .architecture = architecture,
                        .os_flavor = flavor,
                        .disk_gb = 5,
                        .deprecated = deprecated};
    };
    const std::vector<Snapshot> images = {
        image(1, "ubuntu-24.04", "ubuntu", "x86"), image(2, "debian-12", "debian", "x86"),
        image(3, "debian-13", "debian", "x86", true), image(4, "debian-13", "debian", "arm")};
    EXPECT_EQ(base_image(images, "x86")->name, "debian-12");
    EXPECT_EQ(base_image(images, "arm")->id, 4);
    EXPECT_FALSE(base_image({}, "x86"));
}

TEST(Labels, AreWhatTheProviderTakes) {
    EXPECT_EQ(label_value("1.2~rc1+git"), "1.2-rc1-git");
    EXPECT_EQ(label_value("-x-"), "x");
    EXPECT_EQ(label_value(std::string(70, 'a')).size(), 63U);
    EXPECT_EQ(labels_of({.role = "db"}, std::string(64, 'f')).at(kManifest), std::string(40, 'f'));
    const auto good = parse_labels("team=dba, env = prod ,example.org/owner=me,empty=");
    ASSERT_TRUE(good);
    EXPECT_EQ(good->size(), 4U);
    EXPECT_EQ(good->at("env"), "prod");
    for (const auto* bad : {"novalue", "=x", "a b=c", "a=b c", "ingot-role=x", "a=-b", "a=b,,c=d"}) {
        EXPECT_FALSE(parse_labels(bad)) << bad;
    }
}

Snapshot snapshot(Id id, int hour, const char* role, bool is_protected = false, const char* status = "available",
                  bool ours = true) {
    Snapshot made{
        .id = id, .status = status, .type = "snapshot", .architecture = "x86", .is_protected = is_protected};
    made.created = clock::WallTime(std::chrono::hours(hour));
    if (ours) { made.labels = {{kRole, role}, {kManifest, "x"}}; }
    return made;
}

TEST(Superseded, AreOldWholeUnprotectedAndOurs) {
    const auto old = superseded({snapshot(1, 1, "db"), snapshot(2, 2, "db"), snapshot(3, 3, "db"),
                                 snapshot(4, 4, "db", true), snapshot(5, 5, "db", false, "creating"),
                                 snapshot(6, 0, "db", false, "available", false), snapshot(7, 0, "etcd")},
                                2);
    ASSERT_EQ(old.size(), 1U);
    EXPECT_EQ(old.front().id, 1);
    EXPECT_THAT(superseded({snapshot(1, 1, "db")}, 1), IsEmpty());
}

TEST(LeftOver, IsWhatARunMadeOrWhatIsOldEnough) {
    const Labels ours = {{kTemporary, "upload"}, {kRun, "abc"}};
    const clock::WallTime now{100h};
    EXPECT_TRUE(is_left_over(ours, now, now, "abc", 3h));
    EXPECT_FALSE(is_left_over(ours, clock::WallTime{1h}, now, "other", 3h));
    EXPECT_TRUE(is_left_over(ours, now - 4h, now, "", 3h));
    EXPECT_FALSE(is_left_over(ours, now - 2h, now, "", 3h));
    EXPECT_FALSE(is_left_over(ours, {}, now, "", 3h)) << "of an unknown age";
    EXPECT_FALSE(is_left_over({{kRun, "abc"}}, now - 4h, now, "", 3h));
    EXPECT_FALSE(is_left_over({}, now - 4h, now, "abc", 0h));
}

TEST(Wire, ReadsServersWithTheirFirstIPv6Address) {
    const auto value =
        json::parse(R"({"id":7,"name":"n","status":"off","rescue_enabled":true,"created":"2026-11-28T01:02:03+00:00",
        "public_net":{"ipv4":{"ip":"1.2.3.4"},"ipv6":{"ip":"2001:db8:1:2::/64"}},"labels":{"a":"b"}})");
    const auto server = to_server(*value);
    ASSERT_TRUE(server);
    EXPECT_EQ(server->ipv6, "2001:db8:1:2::1");
    EXPECT_EQ(server->ipv4, "1.2.3.4");
    EXPECT_TRUE(server->rescue_enabled);
    EXPECT_EQ(clock::to_rfc3339(server->created), "2026-11-28T01:02:03Z");
    EXPECT_FALSE(to_server(*json::parse(R"({"name":"n"})")));
    EXPECT_FALSE(to_server(*json::parse("null")));
}

TEST(Wire, ReadsServerTypesOfBothGenerations) {
    const auto modern =
        to_server_type(*json::parse(R"({"name":"cx23","architecture":"x86","disk":40,"deprecated":false,
        "prices":[{"location":"fsn1","price_hourly":{"gross":"0.0060"}}],
        "locations":[{"name":"fsn1","available":true,"deprecation":null},{"name":"hel1","available":false,"deprecation":null},
                     {"name":"nbg1","available":true,"deprecation":{"announced":"2026-01-01T00:00:00Z"}}]})"));
    ASSERT_TRUE(modern);
    ASSERT_EQ(modern->offers.size(), 3U);
    EXPECT_TRUE(modern->offers[0].available);
    EXPECT_DOUBLE_EQ(modern->offers[0].price_per_hour, 0.006);
    EXPECT_FALSE(modern->offers[1].available);
    EXPECT_FALSE(modern->offers[2].available);
    const auto old = to_server_type(*json::parse(R"({"name":"cx11","architecture":"x86","disk":20,"deprecated":true,
        "prices":[{"location":"fsn1","price_hourly":{"gross":"0.005"}}]})"));
    ASSERT_TRUE(old);
    EXPECT_TRUE(old->deprecated);
    EXPECT_EQ(old->offers.size(), 1U);
}

} // namespace
