// Whose address is dropped when a node was revoked, and whose is not.
#include "firstboot/join/shut_out.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::firstboot::join {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

clock::WallTime hour(int number) { return clock::WallTime(std::chrono::hours(500'000 + number)); }
std::string at(int number) { return clock::to_rfc3339(hour(number)); }

std::pair<std::string, Claim> claim(const std::string& name, const std::string& address, int joined) {
    return {name, {.key_sha256 = "key of " + name, .role = "db", .address = address, .at = at(joined)}};
}
std::pair<std::string, Sighting> seen(const std::string& name, const std::string& address, int when) {
    return {name, {.role = "db", .address = address, .generation = 1, .at = hour(when)}};
}
Revocation revoked(const std::string& name, const std::string& address, int when) {
    return {.name = name, .key_sha256 = "key of " + name, .address = address, .at = at(when)};
}

TEST(ShutOut, IsTheAddressOfWhoeverWasRevoked) {
    EXPECT_THAT(addresses_shut_out({}), IsEmpty());
    EXPECT_THAT(addresses_shut_out({.claims = {claim("db-1", "10.0.0.21", 1), claim("db-2", "10.0.0.22", 1)},
                                    .sightings = {seen("db-1", "10.0.0.21", 5), seen("db-2", "10.0.0.22", 5)},
                                    .revoked = {revoked("db-2", "10.0.0.22", 6)}}),
                ElementsAre("10.0.0.22"));
    EXPECT_THAT(addresses_shut_out({.revoked = {revoked("db-2", "10.0.0.22", 6)}}), ElementsAre("10.0.0.22"))
        << "of whom nothing else is known";
}

TEST(ShutOut, IsNotAnAddressThatAnotherNodeHasSince) {
    const auto books = [](std::pair<std::string, Claim> other,
                          std::vector<std::pair<std::string, Sighting>> sightings) {
        return Books{.claims = {claim("db-2", "10.0.0.22", 1), std::move(other)},
                     .sightings = std::move(sightings),
                     .revoked = {revoked("db-2", "10.0.0.22", 6)}};
    };
    // Joined there later; spoke from there later, having joined elsewhere; in the same second.
    EXPECT_THAT(addresses_shut_out(books(claim("db-7", "10.0.0.22", 4), {seen("db-2", "10.0.0.22", 3)})), IsEmpty());
    EXPECT_THAT(addresses_shut_out(books(claim("db-7", "10.0.0.27", 1),
                                         {seen("db-2", "10.0.0.22", 3), seen("db-7", "10.0.0.22", 4)})),
                IsEmpty());
    EXPECT_THAT(addresses_shut_out(books(claim("db-7", "10.0.0.22", 3), {seen("db-2", "10.0.0.22", 3)})), IsEmpty());
    // An etcd node has no claim.
    EXPECT_THAT(addresses_shut_out(books(claim("db-7", "10.0.0.27", 1), {seen("etcd-4", "10.0.0.22", 4)})),
                IsEmpty());
    // What the revoked one says after it was revoked does not count.
    EXPECT_THAT(addresses_shut_out(books(claim("db-7", "10.0.0.22", 4), {seen("db-2", "10.0.0.22", 9)})), IsEmpty());
}

TEST(ShutOut, IsAnAddressThatAnotherNodeHadBefore) {
    EXPECT_THAT(addresses_shut_out({.claims = {claim("db-1", "10.0.0.22", 1), claim("db-2", "10.0.0.22", 4)},
                                    .sightings = {seen("db-1", "10.0.0.22", 3), seen("db-2", "10.0.0.22", 5)},
                                    .revoked = {revoked("db-2", "10.0.0.22", 6)}}),
                ElementsAre("10.0.0.22"));
    // One that was revoked itself owns nothing, by its name or by its key.
    auto same_key = claim("db-8", "10.0.0.22", 5);
    same_key.second.key_sha256 = "key of db-2";
    EXPECT_THAT(
        addresses_shut_out({.claims = {claim("db-2", "10.0.0.22", 1), same_key, claim("db-9", "10.0.0.22", 5)},
                            .revoked = {revoked("db-2", "10.0.0.22", 6), revoked("db-9", "10.0.0.29", 6)}}),
        ElementsAre("10.0.0.22", "10.0.0.29"));
}

TEST(ShutOut, TravelsWithTheAnswerAndMayBeUnknown) {
    const auto now = hour(0);
    const auto ca = [&](const char* role) { return crypto::make_ca("orders", role, now)->certificate_pem; };
    TrustAnswer answer{.trust = {.generation = 3, .etcd_ca = ca("etcd"), .db_ca = ca("db"), .proxy_ca = ca("proxy")}};
    EXPECT_FALSE(trust_answer_from_json(to_json_text(answer))->shut_out.has_value());
    answer.shut_out.emplace();
    EXPECT_THAT(trust_answer_from_json(to_json_text(answer))->shut_out.value(), IsEmpty());
    answer.shut_out = {"10.0.0.22"};
    const auto read = trust_answer_from_json(to_json_text(answer));
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->trust, answer.trust);
    EXPECT_THAT(read->shut_out.value(), ElementsAre("10.0.0.22"));
    EXPECT_EQ(*trust_from_json(to_json_text(answer)), answer.trust) << "what an agent of before understands of it";
}

} // namespace
} // namespace ingot::firstboot::join
