// When the next step of a rotation may be taken.
#include "firstboot/join/follow.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/crypto/crypto.hpp"

namespace ingot::firstboot::join {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const clock::WallTime kSeenAt = clock::WallTime(std::chrono::hours(500'000));

std::string ca(const std::string& role) { return crypto::make_ca("orders", role, kSeenAt)->certificate_pem; }

struct Cas {
    std::string etcd = ca("etcd");
    std::string db = ca("db");
    std::string proxy = ca("proxy");
    std::string next = ca("db");
};
const Cas& cas() {
    static const Cas made;
    return made;
}

Trust trust(const std::string& db) {
    return {.generation = 1, .etcd_ca = cas().etcd, .db_ca = db, .proxy_ca = cas().proxy};
}
Change change(const std::string& before, const std::string& after) {
    auto found = change_between(trust(before), trust(after));
    EXPECT_TRUE(found.has_value());
    return *std::move(found);
}

TEST(Follow, EachStepOfARotationIsRecognised) {
    const auto& [etcd, db, proxy, next] = cas();
    EXPECT_EQ(change(db, db), Change{}) << "a new token alone";
    EXPECT_EQ(change(db, db + next), Change{}) << "step 1 takes nothing from anybody";
    EXPECT_EQ(change(db + next, next + db), (Change{.switched = {"db"}}));
    EXPECT_EQ(change(next + db, next), (Change{.dropped = {"db"}}));
}

TEST(Follow, ALeftOutStepIsSeen) {
    const auto& [etcd, db, proxy, next] = cas();
    EXPECT_THAT(change(db, next + db).skipped, ElementsAre(HasSubstr("that would sign is not trusted here yet")));
    EXPECT_THAT(change(db + next, next).skipped,
                ElementsAre(HasSubstr("that would be dropped is the one that signs here")));
    EXPECT_EQ(change(db, next).skipped.size(), 2U);
    const auto refused = check_step(change(db, next + db), {}, 1);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, ErrorKind::refused);
}

TEST(Follow, ABundleThatCannotBeReadIsNoChangeThatMayPass) {
    EXPECT_FALSE(change_between(trust("no certificate"), trust(cas().db)).has_value());
}

TEST(Follow, WhoHasNotFollowedIsAliveOrSilent) {
    const auto behind =
        who_is_behind({{.name = "db-1", .role = "db", .generation = 3, .seen = true},
                       {.name = "db-2", .role = "db", .address = "10.0.0.22", .generation = 2, .seen = true},
                       {.name = "db-3", .role = "db", .generation = 2},
                       {.name = "db-4", .role = "db", .generation = 1, .answers = true},
                       {.name = "db-5", .role = "db", .generation = 1, .seen = true, .revoked = true},
                       {.name = "etcd-2", .role = "etcd", .generation = 0, .answers = true},
                       {.name = "proxy-1", .role = "proxy", .generation = 4, .seen = true}},
                      3);
    EXPECT_THAT(behind.alive, ElementsAre("db-2 (db at 10.0.0.22, generation 2)", "db-4 (db, generation 1)",
                                          "etcd-2 (etcd, has never said which generation it has)"));
    EXPECT_THAT(behind.silent, ElementsAre("db-3 (db, generation 2)"));
}

TEST(Follow, ANodeThatLivesHoldsBackOnlyWhatWouldShutItOut) {
    const auto& [etcd, db, proxy, next] = cas();
    const Behind alive{.alive = {"db-2 (db, generation 2)"}};
    const Behind silent{.silent = {"db-3 (db, generation 2)"}};
    EXPECT_TRUE(check_step(change(db, db), alive, 3).has_value());
    EXPECT_TRUE(check_step(change(db, db + next), alive, 3).has_value());
    for (const auto& step : {change(db + next, next + db), change(next + db, next)}) {
        const auto refused = check_step(step, alive, 3);
        ASSERT_FALSE(refused.has_value());
        EXPECT_EQ(refused.error().kind, ErrorKind::refused);
        EXPECT_THAT(refused.error().message, HasSubstr("db-2 (db, generation 2)"));
        EXPECT_THAT(refused.error().message, HasSubstr("not followed to generation 3"));
        EXPECT_TRUE(check_step(step, silent, 3).has_value());
        EXPECT_TRUE(check_step(step, {}, 3).has_value());
    }
}

TEST(Follow, ASightingIsWrittenWhenItIsNewsOrAboutToBeSilence) {
    const Sighting said{.role = "db", .address = "10.0.0.21", .generation = 3, .until = kSeenAt, .at = kSeenAt};
    EXPECT_EQ(sighting_from_json(to_json_line(said)).value(), said);
    auto heard = said;
    heard.at = kSeenAt + std::chrono::minutes(1);
    EXPECT_FALSE(worth_writing(heard, said));
    heard.generation = 4;
    EXPECT_TRUE(worth_writing(heard, said));
    heard.generation = 3;
    heard.at = kSeenAt + kLively / 2;
    EXPECT_TRUE(worth_writing(heard, said));
    EXPECT_FALSE(sighting_from_json("[").has_value());
}

TEST(Follow, WhatANodeSaysOfItselfIsReadWithoutTrust) {
    EXPECT_EQ(generation_from_json(generation_to_json(7)), 7);
    for (const auto* const text : {"", "{", "[]", "{}", R"({"generation":-1})", R"({"generation":99999999999999})",
                                   R"({"generation":1.5e300})"}) {
        EXPECT_EQ(generation_from_json(text), 0) << text;
    }
}

} // namespace
} // namespace ingot::firstboot::join
