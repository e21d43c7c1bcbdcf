// What the writer writes is what the reader reads, whatever the text.
#include "common/document/document.hpp"

#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::document {
namespace {

std::string written(std::string_view text) {
    Writer writer;
    writer.begin_mapping().entry("k", text).end_mapping();
    return writer.finish();
}

/// Writes `text` as a value, as a list item and as a key, reads all back.
void expect_round_trip(const std::string& text) {
    Writer writer;
    writer.begin_mapping().entry("value", text).key("list").begin_sequence().text(text).text("x").end_sequence();
    writer.key("deep").begin_sequence().begin_mapping().entry("inner", text).entry("after", "y").end_mapping();
    writer.end_sequence()
        .key("last")
        .begin_mapping()
        .entry("k" + text.substr(0, 100), "z")
        .end_mapping()
        .end_mapping();
    const std::string document = writer.finish();
    Faults faults;
    const Value value = parse(document, "f", faults);
    ASSERT_TRUE(faults.empty()) << faults.lines().front() << "\n" << document;
    const auto expect_text = [&](const Value* found) {
        ASSERT_NE(found, nullptr) << document;
        ASSERT_NE(found->scalar(), nullptr) << document;
        EXPECT_EQ(found->scalar()->text, text) << document;
    };
    expect_text(value.find("value"));
    expect_text(&value.find("list")->sequence()->at(0));
    expect_text(value.find("deep")->sequence()->at(0).find("inner"));
    ASSERT_EQ(value.find("last")->mapping()->size(), 1U);
    EXPECT_EQ(value.find("last")->mapping()->at(0).key, "k" + text.substr(0, 100)) << document;
}

TEST(Writer, QuotesWhatSomeReaderTakesForSomethingElse) {
    for (const auto* text : {"",           "no",   "Yes",  "on",   "y",    "null",  "~",     "true",
                             "1",          "0644", "1.5",  "1e3",  "0x1f", "1_000", "12:30", "190:20:30",
                             "2026-11-23", ".inf", ".nan", "-1",   "+1",   "<<",    "=",     "- a",
                             "? a",        "a: b", "a:",   "a #b", "#a",   " a",    "a ",    "&a",
                             "*a",         "!a",   "%a",   "@a",   "`a",   "{a",    "[a",    "a]",
                             "'a",         "\"a",  "|",    ">",    "---",  "...",   "a\tb",  "2026-11-23 12:00:00Z",
                             "1,000",      "1E5"}) {
        const auto document = written(text);
        EXPECT_EQ(document.substr(0, 4), "k: \"") << text << " → " << document;
        expect_round_trip(text);
    }
}

TEST(Writer, LeavesOrdinaryTextsBare) {
    for (const auto* text : {"a", "orders-db", "10.0.0.11", "10.0.0.0/24", "/var/lib/pgbackrest", "a b c", "db:5432",
                             "SCRAM-SHA-256$4096:c2FsdA==$YQ==:Yg==", "https://x.internal:8008/", "O=a,OU=db",
                             "postgres:///x?y=z", "ssh-ed25519 AAAAC3Nz+x/y= me@host"}) {
        EXPECT_EQ(written(text), "k: " + std::string(text) + "\n");
        expect_round_trip(text);
    }
}

TEST(Writer, WritesLinesAsABlock) {
    EXPECT_EQ(written("a\n  b\n\nc\n"), "k: |\n  a\n    b\n\n  c\n");
    EXPECT_EQ(written("a\nb"), "k: |-\n  a\n  b\n");
    for (const auto* text :
         {"a\n", "a\n\n", "a\nb", "a\n\nb\n\n\n", "\n", "\n\na", " a\nb", "\ta\n", "a\n b\n", "a\n\tb\n", "a\n \n",
          "a\n---\nb\n", "a\n# no comment\n", "a \nb \n", "a\r\nb\r\n", "a\n\x01"}) {
        expect_round_trip(text);
    }
}

TEST(Writer, EscapesWhatYamlCannotHold) {
    expect_round_trip("\x01\x1b\x7f");
    expect_round_trip("grün €𝄞");
    expect_round_trip("\xC2\x85 \xE2\x80\xA8 \xEF\xBB\xBF \xC2\xA0");
    expect_round_trip("\\\"'\\n");
    EXPECT_EQ(written("\xff"), "k: \"\xEF\xBF\xBD\"\n");
}

TEST(Writer, RoundTripsRandomTexts) {
    std::mt19937 random(7); // NOLINT(cert-msc51-cpp): the same texts in each run
    constexpr std::string_view kNasty = "ab0 -:#\n\n\t'\"\\{}[],&*!|>%@`?~.=<\xC3\xA9";
    for (int round = 0; round < 3000; ++round) {
        std::string text;
        const auto length = random() % 12;
        while (text.size() < length) {
            const auto pick = random() % (kNasty.size() - 1);
            text += pick + 2 == kNasty.size() ? kNasty.substr(pick) : kNasty.substr(pick, 1);
        }
        expect_round_trip(text);
        if (HasFailure()) { return; }
    }
}

TEST(Writer, KeepsOrderAndNesting) {
    Writer writer;
    writer.begin_mapping().entry("b", 1).entry("a", true).key("none").null().entry("minus", -5);
    writer.key("empty").begin_mapping().end_mapping().key("nothing").begin_sequence().end_sequence();
    writer.key("rows").begin_sequence();
    writer.begin_mapping()
        .entry("name", "x")
        .key("tags")
        .begin_sequence()
        .text("p")
        .text("q")
        .end_sequence()
        .end_mapping();
    writer.begin_sequence().number(1).begin_sequence().number(2).end_sequence().end_sequence();
    writer.end_sequence().end_mapping();
    EXPECT_EQ(writer.finish(), "b: 1\n"
                               "a: true\n"
                               "none: null\n"
                               "minus: -5\n"
                               "empty: {}\n"
                               "nothing: []\n"
                               "rows:\n"
                               "  - name: x\n"
                               "    tags:\n"
                               "      - p\n"
                               "      - q\n"
                               "  - - 1\n"
                               "    - - 2\n");
    Faults faults;
    parse(writer.finish(), "f", faults);
    EXPECT_TRUE(faults.empty());
}

TEST(Writer, CopiesParsedValuesWithTheirTypes) {
    Faults faults;
    const Value value = parse("{a: yes, b: 'yes', c: 1.5, d: '1.5', e: [~, -1], f: \"x\\ny\"}", "f", faults);
    Writer writer;
    writer.value(value);
    EXPECT_EQ(writer.finish(), "a: yes\nb: \"yes\"\nc: 1.5\nd: \"1.5\"\ne:\n  - null\n  - -1\nf: |-\n  x\n  y\n");
}

TEST(Writer, WritesARootThatIsNoMapping) {
    Writer text;
    EXPECT_EQ(text.text("a\nb").finish(), "\"a\\nb\"\n");
    Writer list;
    EXPECT_EQ(list.begin_sequence().text("a").end_sequence().finish(), "- a\n");
    EXPECT_EQ(Writer().finish(), "null\n");
}

} // namespace
} // namespace ingot::document
