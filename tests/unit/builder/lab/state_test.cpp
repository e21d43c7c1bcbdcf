#include "builder/lab/model/state.hpp"

#include <gtest/gtest.h>

#include "builder/lab/model/protocol.hpp"

using namespace ingot;
using namespace ingot::builder::lab;

TEST(LabStateTest, ComesBackFromDiskAsItWas) {
    const LabState state = {.name = "lab",
                            .images = "/images",
                            .image_stamps = "1:2.3",
                            .formed = true,
                            .ports = {.primary = 5000, .replica = 5001, .pool = 6432},
                            .members = {{.name = "db-2",
                                         .role = Role::db,
                                         .address = "10.0.0.22",
                                         .instance_id = 4'000'000'000U,
                                         .machine_id = "1-2",
                                         .powered = false}},
                            .used = {{Role::db, 4}}};
    const auto again = parse_state(to_text(state));
    ASSERT_TRUE(again.has_value()) << again.error().to_string();
    EXPECT_EQ(to_text(*again), to_text(state));
    EXPECT_EQ(again->members.at(0).instance_id, 4'000'000'000U);
    EXPECT_FALSE(again->members.at(0).powered);
    EXPECT_EQ(again->used.at(Role::db), 4);
}

TEST(LabStateTest, RefusesWhatIsNotItsOwn) {
    for (const auto* text : {"", "{}", "[]", R"({"version": 2})", R"({"version": 1, "members": [{"name": "x"}]})"}) {
        EXPECT_FALSE(parse_state(text).has_value()) << text;
    }
}

TEST(LabStateTest, FindsMembersByName) {
    LabState state;
    state.members.push_back({.name = "db-1", .address = "10.0.0.21"});
    EXPECT_EQ(state.find("db-1")->address, "10.0.0.21");
    EXPECT_EQ(state.find("db-2"), nullptr);
}

TEST(LabProtocol, CarriesErrorsWithTheirKind) {
    const auto error = from_answer(to_answer(fail(ErrorKind::refused, "no").with_context("asking")));
    ASSERT_FALSE(error.has_value());
    EXPECT_EQ(error.error().kind, ErrorKind::refused);
    EXPECT_EQ(error.error().message, "asking: no");
    EXPECT_EQ(from_answer(json::Json::object()).error().kind, ErrorKind::bug);
    EXPECT_TRUE(from_answer({{"ok", true}}).has_value());
}
