#include "common/json/json.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::json {
namespace {

TEST(JsonText, IsParsedWithoutExceptions) {
    EXPECT_EQ(parse(R"({"b": 1, "a": [true, null]})").value().dump(), R"({"b":1,"a":[true,null]})");
    for (const auto* text : {"", "{", "{\"a\":}", "nul", "[1,]", "{} x", "NaN", "\"\xff\"", "'a'"}) {
        const auto parsed = parse(text);
        ASSERT_FALSE(parsed.has_value()) << text;
        EXPECT_EQ(parsed.error().kind, ErrorKind::invalid_input);
    }
}

TEST(JsonText, IsBoundedInDepth) {
    EXPECT_TRUE(parse(std::string(60, '[') + std::string(60, ']')).has_value());
    EXPECT_FALSE(parse(std::string(100, '[') + std::string(100, ']')).has_value());
    EXPECT_FALSE(parse(std::string(1'000'000, '[')).has_value());
}

TEST(JsonText, IsWrittenStably) {
    const Json value = {{"z", 1}, {"a", "x"}};
    EXPECT_EQ(to_text(value), "{\n  \"z\": 1,\n  \"a\": \"x\"\n}\n");
    EXPECT_EQ(to_line(value), R"({"z":1,"a":"x"})");
    EXPECT_EQ(to_line(Json("\xff")), "\"\xEF\xBF\xBD\"");
}

TEST(JsonMembers, AreReadByType) {
    const auto object =
        parse(R"({"s": "x", "n": 5, "text": "18446744073709551615", "neg": -3, "big": 9223372036854775808,
                                  "t": true, "f": 1.5, "o": {}})")
            .value();
    EXPECT_EQ(string_at(object, "s"), "x");
    EXPECT_EQ(string_at(object, "n"), std::nullopt);
    EXPECT_EQ(string_at(object, "none"), std::nullopt);
    EXPECT_EQ(number_at(object, "n"), 5);
    EXPECT_EQ(number_at(object, "neg"), -3);
    EXPECT_EQ(number_at(object, "s"), std::nullopt);
    EXPECT_EQ(number_at(object, "f"), std::nullopt);
    EXPECT_EQ(unsigned_at(object, "text"), 18446744073709551615ULL);
    EXPECT_EQ(unsigned_at(object, "big"), 9223372036854775808ULL);
    EXPECT_TRUE(flag_at(object, "t"));
    EXPECT_FALSE(flag_at(object, "s"));
    EXPECT_TRUE(member(object, "none").is_null());
    EXPECT_TRUE(member(Json("text"), "x").is_null());
}

TEST(JsonMembers, ThatDoNotFitAreNoNumbers) {
    const auto object =
        parse(R"({"big": 9223372036854775808, "bigtext": "9223372036854775808", "neg": -1, "negtext": "-1"})")
            .value();
    EXPECT_EQ(number_at(object, "big"), std::nullopt);
    EXPECT_EQ(number_at(object, "bigtext"), std::nullopt);
    EXPECT_EQ(unsigned_at(object, "neg"), std::nullopt);
    EXPECT_EQ(unsigned_at(object, "negtext"), std::nullopt);
}

} // namespace
} // namespace ingot::json
