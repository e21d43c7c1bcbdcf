#include "builder/serve/model/state.hpp"

#include <gtest/gtest.h>

namespace ingot::builder::serve {
namespace {

const State kState{
    {{.identity = {.mac = "52:54:00:00:00:01"},
      .name = "db-1",
      .role = "db",
      .token = std::string(32, 'a'),
      .phase = Phase::installing,
      .again = "x",
      .detail = "50 %"},
     {.identity = {.serial = "S", .uuid = "u"}, .name = "db-2", .role = "db", .token = std::string(32, 'b')}}};

TEST(ServeState, IsReadAsItWasWritten) {
    const auto read = parse_state(render_state(kState));
    ASSERT_TRUE(read) << read.error().to_string();
    EXPECT_EQ(*read, kState);
}

TEST(ServeState, ThatIsDamagedIsNotAnEmptyOne) {
    auto text = render_state(kState);
    EXPECT_FALSE(parse_state(""));
    EXPECT_FALSE(parse_state("{}"));
    EXPECT_FALSE(parse_state(text.substr(0, text.size() / 2)));
    text.replace(text.find("installing"), 10, "instalping");
    EXPECT_FALSE(parse_state(text));
}

TEST(ServeState, ATokenOpensOneMachine) {
    auto state = kState;
    ASSERT_NE(find_token(state, std::string(32, 'b')), nullptr);
    EXPECT_EQ(find_token(state, std::string(32, 'b'))->name, "db-2");
    for (const auto& wrong : {std::string(), std::string(31, 'b'), std::string(32, 'c')}) {
        EXPECT_EQ(find_token(state, wrong), nullptr);
    }
}

} // namespace
} // namespace ingot::builder::serve
