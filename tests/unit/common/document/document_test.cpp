// The reader of YAML against what people get wrong and what attackers try.
#include "common/document/document.hpp"

#include <chrono>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::document {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Parsed {
    Value value;
    std::vector<std::string> faults;
};

Parsed read(std::string_view text) {
    Faults faults;
    Value value = parse(text, "f.yaml", faults);
    return {std::move(value), faults.lines()};
}

std::string repeat(std::string_view piece, std::size_t count) {
    std::string text;
    text.reserve(piece.size() * count);
    for (std::size_t index = 0; index < count; ++index) { text += piece; }
    return text;
}

std::string scalar_at(const Value& value, std::string_view key) {
    const Value* found = value.find(key);
    return found == nullptr || found->scalar() == nullptr ? "<none>" : found->scalar()->text;
}

TEST(Document, KeepsTextsPositionsAndOrder) {
    const auto [value, faults] = read("b: 0644\na:\n  - x\n  - 'no'\nc: no\n");
    EXPECT_THAT(faults, testing::IsEmpty());
    ASSERT_NE(value.mapping(), nullptr);
    ASSERT_EQ(value.mapping()->size(), 3U);
    EXPECT_EQ(value.mapping()->at(0).key, "b");
    EXPECT_EQ(scalar_at(value, "b"), "0644");
    const Value* list = value.find("a");
    ASSERT_NE(list->sequence(), nullptr);
    EXPECT_EQ(list->sequence()->at(1).position.to_string(), "f.yaml:4:5");
    EXPECT_TRUE(list->sequence()->at(1).scalar()->quoted);
    EXPECT_FALSE(value.find("c")->scalar()->quoted);
    EXPECT_EQ(value.mapping()->at(1).position.to_string(), "f.yaml:2:1");
}

TEST(Document, TakesByteOrderMarkAndWindowsLineEnds) {
    const auto [value, faults] = read("\xEF\xBB\xBF"
                                      "a: 1\r\nb: |\r\n  x\r\n  y\r\n");
    EXPECT_THAT(faults, testing::IsEmpty());
    EXPECT_EQ(scalar_at(value, "a"), "1");
    EXPECT_EQ(scalar_at(value, "b"), "x\ny\n");
}

TEST(Document, ReadsNothingAsNull) {
    for (const auto* text : {"", "\n", "# only a comment\n", "---\n", "~\n"}) {
        const auto [value, faults] = read(text);
        EXPECT_THAT(faults, testing::IsEmpty()) << text;
        EXPECT_TRUE(value.is_null()) << text;
    }
}

TEST(Document, PlacesAMissingValueAtItsKey) {
    const auto [value, faults] = read("a:\n\n\nb: 1\n");
    EXPECT_THAT(faults, testing::IsEmpty());
    EXPECT_EQ(value.find("a")->position.to_string(), "f.yaml:1:1");
}

struct Refusal {
    std::string name;
    std::string text;
    std::string fault; ///< part of the first line
};

std::ostream& operator<<(std::ostream& out, const Refusal& refusal) { return out << refusal.name; }

class DocumentRefuses : public testing::TestWithParam<Refusal> {};

TEST_P(DocumentRefuses, WithAPosition) {
    const auto start = std::chrono::steady_clock::now();
    const auto [value, faults] = read(GetParam().text);
    ASSERT_FALSE(faults.empty());
    EXPECT_THAT(faults.front(), HasSubstr(GetParam().fault));
    EXPECT_LE(faults.size(), 102U);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10)); // a bomb would take for ever
}

const std::vector<Refusal> kRefusals = {
    {"duplicate_key", "a: 1\nb: 2\na: 3\n", "f.yaml:3:1: duplicate key 'a', first given in line 1"},
    {"duplicate_in_flow", "{a: 1, a: 2}", "f.yaml:1:8: duplicate key 'a'"},
    {"anchor", "a: &x 1\n", "f.yaml:1:4: anchors"},
    {"anchor_on_mapping", "a: &x\n  b: 1\n", "anchors"},
    {"anchor_on_null", "a: &x\n", "anchors"},
    {"alias", "a: &x 1\nb: *x\n", "f.yaml:1:4: anchors"},
    {"cycle", "&a [*a]", "anchors"},
    {"laughs",
     "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
     "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n",
     "f.yaml:1:4: anchors"},
    {"merge", "a:\n  <<: {b: 1}\n", "f.yaml:2:3: merge keys"},
    {"tag_python", "a: !!python/object/apply:os.system ['true']\n", "f.yaml:1:4: tags"},
    {"tag_str", "a: !!str 1\n", "tags"},
    {"tag_local", "a: !x {b: 1}\n", "tags"},
    {"tag_lone", "a: ! 1\n", "f.yaml:1:4: tags"},
    {"tag_binary", "a: !!binary aGk=\n", "tags"},
    {"two_documents", "a: 1\n---\nb: 2\n", "f.yaml:2:1: a second document"},
    {"depth_flow", repeat("[", 100'000), "nested deeper than 32 levels"},
    {"depth_map", repeat("{a: ", 100'000), "nested deeper than 32 levels"},
    {"depth_block", repeat("- ", 100'000), "nested deeper than 32 levels"},
    {"depth_33", repeat("[", 33) + repeat("]", 33), "f.yaml:1:33: nested deeper than 32 levels"},
    {"nul", std::string("a: b\0c\n", 7), "f.yaml:1:5: control character 0x00"},
    {"nul_escaped", "a: \"b\\0c\"\n", "f.yaml:1:4: this text holds a NUL"},
    {"escape", "a: b\x1b[31m\n", "control character 0x1b"},
    {"lone_cr", "a: 1\rb: 2\n", "control character 0x0d"},
    {"invalid_utf8", "a: 1\nb: \xff\xfe\n", "f.yaml:2:4: this is not UTF-8"},
    {"overlong_utf8", "a: \xc0\xaf\n", "not UTF-8"},
    {"surrogate", "a: \xed\xa0\x80\n", "not UTF-8"},
    {"cut_utf8", "a: \xe2\x82", "not UTF-8"},
    {"utf16",
     std::string("\xff\xfe"
                 "a\0:\0",
                 6),
     "UTF-16"},
    {"many_keys",
     [] {
         std::string text;
         for (int index = 0; index < 60'000; ++index) { text += "k" + std::to_string(index) + ": 1\n"; }
         return text;
     }(),
     "more than 50000 values"},
    {"many_duplicates", repeat("k: 1\n", 20'000), "too many faults"},
    {"long_scalar", "a: " + std::string((std::size_t{1} << 20U) + 1, 'x') + "\n", "longer than 1 MiB"},
    {"huge", std::string((std::size_t{16} << 20U) + 1, '\n'), "larger than 16 MiB"},
    {"mapping_as_key", "{a: b}: c\n", "a key has to be a text, not a mapping"},
    {"list_as_key", "? [a]\n: b\n", "a key has to be a text, not a list"},
    {"null_as_key", "~: b\n", "a key has to be a text, not nothing"},
    {"unclosed", "a: [1, 2\n", "f.yaml:"},
    {"unclosed_quote", "a: \"b\n", "f.yaml:1:4: this quote is never closed"},
    {"unclosed_single_quote", "a: 'b''\n", "f.yaml:1:4: this quote is never closed"},
    {"list_then_text", "- a\nb\n", "f.yaml:"},
    {"list_then_key", "- a\nb: 1\n", "f.yaml:"},
    {"flow_key_alone", "{a, b: 1}", "f.yaml:1:2: 'a' stands alone"},
    {"missing_space", "a: 1\nhostname:x\n", "f.yaml:2:1: 'hostname:x' stands alone"},
    {"garbage_behind", "a: 1\n]\n", "f.yaml:"},
    {"two_colons", "a: b: c\n", "f.yaml:1:5: a ':' that cannot be here"},
    {"tab_indent", "a:\n\tb: 1\n", "f.yaml:2"},
    {"bad_indent", "a: 1\n  b: 2\n", "f.yaml:2"},
    {"stray_scalar", "a: 1\nb\n", "f.yaml:2:1: 'b' stands alone"},
    {"unknown_alias", "a: *nobody\n", "f.yaml:1:4"},
};

INSTANTIATE_TEST_SUITE_P(Document, DocumentRefuses, testing::ValuesIn(kRefusals),
                         [](const auto& param_info) { return param_info.param.name; });

TEST(Document, AcceptsKeysWithoutValueInEveryForm) {
    const auto [value, faults] = read("a:\n'b c' :\n\"d\":\ne:   # none\nf: ~\ng: {h: , i:}\nü: ['ö', \"ä\"]\nß:\n");
    EXPECT_THAT(faults, testing::IsEmpty());
    EXPECT_EQ(value.mapping()->size(), 8U);
}

TEST(Document, ReportsIndependentFaultsTogether) {
    const auto [value, faults] = read("a: 1\na: 2\nb: !x 1\nc: &y 1\n");
    EXPECT_THAT(faults, ElementsAre(HasSubstr("duplicate key"), HasSubstr("tags"), HasSubstr("anchors")));
}

TEST(Document, AllowsThirtyTwoLevels) {
    const auto [value, faults] = read(repeat("[", 32) + repeat("]", 32));
    EXPECT_THAT(faults, testing::IsEmpty());
}

// ---- scalars ----

std::optional<std::int64_t> number_of(std::string_view text) {
    Faults faults;
    const Value value = parse(text, "f", faults);
    const auto number = as_number(value, -100, 65535, faults);
    EXPECT_EQ(number.has_value(), faults.empty()) << text;
    return number;
}

TEST(Scalars, ReadsNumbersThatCannotBeMisunderstood) {
    EXPECT_EQ(number_of("0"), 0);
    EXPECT_EQ(number_of("5432"), 5432);
    EXPECT_EQ(number_of("-7"), -7);
    EXPECT_EQ(number_of("'17'"), 17);
    for (const auto* text : {"010", "0x10", "0o17", "1e3", "1_000", "1.0", "65536", "99999999999999999999", "+5",
                             "-07", "ten", "''", "[1]", "~", "1 2", ".inf", "1:30"}) {
        EXPECT_EQ(number_of(text), std::nullopt) << text;
    }
}

TEST(Scalars, ReadsFlagsInAnyCase) {
    for (const auto* text : {"true", "Yes", "ON", "'true'"}) {
        Faults faults;
        EXPECT_EQ(as_flag(parse(text, "f", faults), faults), true) << text;
    }
    for (const auto* text : {"false", "No", "off"}) {
        Faults faults;
        EXPECT_EQ(as_flag(parse(text, "f", faults), faults), false) << text;
    }
    for (const auto* text : {"y", "1", "nope", "{}", ""}) {
        Faults faults;
        EXPECT_EQ(as_flag(parse(text, "f", faults), faults), std::nullopt) << text;
        EXPECT_EQ(faults.size(), 1U) << text;
    }
}

TEST(Scalars, ReadsListsOfTexts) {
    Faults faults;
    EXPECT_THAT(as_texts(parse("[a, 1, 'b c']", "f", faults), faults).value(), ElementsAre("a", "1", "b c"));
    EXPECT_TRUE(faults.empty());
    EXPECT_EQ(as_texts(parse("[a, [b], ~]", "f", faults), faults), std::nullopt);
    EXPECT_EQ(faults.size(), 2U);
}

// ---- mappings ----

TEST(Fields, NamesTheKeyTheExpectationAndWhatIsThere) {
    Faults faults;
    const Value value = parse("port: many\nname: [a]\nmode: loud\nflag: maybe\n", "f", faults);
    Fields fields(value, "top", faults);
    EXPECT_EQ(fields.number("port", 1, 65535), std::nullopt);
    EXPECT_EQ(fields.text("name"), std::nullopt);
    EXPECT_EQ(fields.choice("mode", {"off", "on"}), std::nullopt);
    EXPECT_EQ(fields.flag("flag"), std::nullopt);
    EXPECT_EQ(fields.required_text("missing"), "");
    fields.finish();
    EXPECT_THAT(faults.lines(), ElementsAre("f:1:1: 'top.missing' is missing",
                                            "f:1:7: top.port: expected a number from 1 to 65535, found 'many'",
                                            "f:2:7: top.name: expected a text, found a list",
                                            "f:3:7: top.mode: expected one of off, on, found 'loud'",
                                            "f:4:7: top.flag: expected true or false, found 'maybe'"));
}

TEST(Fields, PointsAtTheNearestValidKey) {
    Faults faults;
    const Value value = parse("founder: 1\nzzzzzzzz: 2\n", "f", faults);
    Fields fields(value, "etcd", faults);
    fields.optional("founders");
    fields.ignore("other");
    fields.finish();
    EXPECT_THAT(faults.lines(), ElementsAre("f:1:1: unknown key 'etcd.founder' (did you mean 'founders'?)",
                                            "f:2:1: unknown key 'etcd.zzzzzzzz' (known here: founders, other)"));
}

TEST(Fields, ReportsAValueThatIsNoMappingOnce) {
    Faults faults;
    const Value value = parse("[1]", "f", faults);
    Fields fields(value, "etcd", faults);
    EXPECT_EQ(fields.required("founders"), nullptr);
    fields.finish();
    EXPECT_THAT(faults.lines(), ElementsAre("f:1:1: etcd: expected a mapping, found a list"));
}

TEST(Fields, SaysWhetherARequiredKeyIsMissingOrEmpty) {
    Faults faults;
    const Value value = parse("a:\nb: 1\n", "f", faults);
    Fields fields(value, "", faults);
    EXPECT_EQ(fields.required("a"), nullptr);
    EXPECT_EQ(fields.required("c"), nullptr);
    fields.optional("b");
    fields.finish();
    EXPECT_THAT(faults.lines(), ElementsAre("f:1:1: 'a' is empty", "f:1:1: 'c' is missing"));
}

} // namespace
} // namespace ingot::document
