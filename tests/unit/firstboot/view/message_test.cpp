#include "firstboot/view/message.hpp"

#include <gtest/gtest.h>

#include "firstboot/view/pace.hpp"

namespace ingot::firstboot::view {
namespace {

using namespace std::chrono_literals;

TEST(ViewQuestion, IsReadAsItWasWritten) {
    for (const Question& question :
         {Question(List{.prefix = "/service/orders/"}),
          Question(Wait{.prefix = "/service/orders/", .revision = 9'000'000'000, .patience = 1500ms}),
          Question(Members{}), Question(Announce{.key = "/ingot/orders/proxies/proxy-1", .value = "10.0.0.31"}),
          Question(Withdraw{.key = "/ingot/orders/proxies/proxy-1"})}) {
        const auto read = question_from(path_of(question), to_json_line(question));
        ASSERT_TRUE(read.has_value()) << path_of(question) << ": " << read.error().to_string();
        EXPECT_EQ(*read, question);
    }
}

TEST(ViewQuestion, IsRefusedUnlessItIsWholeAndShort) {
    const auto long_one = std::string(257, 'a');
    for (const auto& [path, body] : std::vector<std::pair<std::string, std::string>>{
             {"/v1/list", ""},
             {"/v1/list", "[]"},
             {"/v1/list", "{}"},
             {"/v1/list", R"({"prefix":""})"},
             {"/v1/list", R"({"prefix":7})"},
             {"/v1/list", R"({"prefix":"/service/orders/\u0000"})"},
             {"/v1/list", R"({"prefix":"/service/ orders/"})"},
             {"/v1/list", R"({"prefix":"/service/ordérs/"})"},
             {"/v1/list", R"({"prefix":")" + long_one + R"("})"},
             {"/v1/wait", R"({"prefix":"/a"})"},
             {"/v1/wait", R"({"prefix":"/a","revision":1})"},
             {"/v1/wait", R"({"prefix":"/a","revision":-1,"milliseconds":1})"},
             {"/v1/wait", R"({"prefix":"/a","revision":1,"milliseconds":-1})"},
             {"/v1/wait", R"({"prefix":"/a","revision":99999999999999999999,"milliseconds":1})"},
             {"/v1/announce", R"({"key":"/a"})"},
             {"/v1/announce", R"({"key":"/a","value":""})"},
             {"/v1/announce", R"({"key":"/a","value":")" + long_one + R"("})"},
             {"/v1/withdraw", R"({"value":"/a"})"},
         }) {
        const auto read = question_from(path, body);
        ASSERT_FALSE(read.has_value()) << path << " " << body;
        EXPECT_EQ(read.error().kind, ErrorKind::invalid_input);
    }
    for (const auto* const path : {"/", "/v1/", "/v1/put", "/v3/kv/txn", "/v3/kv/put", "/v1/list/"}) {
        const auto read = question_from(path, "{}");
        ASSERT_FALSE(read.has_value()) << path;
        EXPECT_EQ(read.error().kind, ErrorKind::not_found);
    }
}

TEST(ViewQuestion, WaitsNoLongerThanAThreadMayBeHeld) {
    const auto read = question_from("/v1/wait", R"({"prefix":"/a","revision":1,"milliseconds":9223372036854775807})");
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(std::get<Wait>(*read).patience, kLongestWait);
}

TEST(ViewAnswer, IsReadAsItWasWritten) {
    const Listing listing{.entries = {{.key = "/service/orders/leader", .value = std::string("db-1\0\xff", 6)}},
                          .revision = 12};
    const auto read = listing_from_json(to_json_line(listing));
    ASSERT_TRUE(read.has_value());
    ASSERT_EQ(read->entries.size(), 1U);
    EXPECT_EQ(read->entries.front().key, listing.entries.front().key);
    EXPECT_EQ(read->entries.front().value, listing.entries.front().value);
    EXPECT_EQ(read->revision, 12);
    EXPECT_TRUE(changed_from_json(changed_to_json(true)).value());
    EXPECT_FALSE(changed_from_json(changed_to_json(false)).value());
    const auto members = members_from_json(to_json_line(std::vector<EtcdMember>{{.id = 0xfedcba9876543210,
                                                                                 .name = "etcd-1",
                                                                                 .peer_urls = {"https://a:2380"},
                                                                                 .client_urls = {"https://a:2379"},
                                                                                 .learner = true}}));
    ASSERT_TRUE(members.has_value());
    ASSERT_EQ(members->size(), 1U);
    EXPECT_EQ(members->front().id, 0xfedcba9876543210);
    EXPECT_EQ(members->front().name, "etcd-1");
    EXPECT_EQ(members->front().client_urls, std::vector<std::string>{"https://a:2379"});
    EXPECT_TRUE(members->front().learner);
}

TEST(ViewAnswer, ThatIsNoneIsAnErrorAndNeverAnEmptyCluster) {
    for (const auto* const text : {"", "{}", "[]", R"({"entries":[]})", R"({"revision":3})",
                                   R"({"revision":3,"entries":[{"key":"/a","value":"%"}]})"}) {
        EXPECT_FALSE(listing_from_json(text).has_value()) << text;
    }
    for (const auto* const text : {"", "{}", R"({"changed":1})", R"({"members":{}})"}) {
        EXPECT_FALSE(changed_from_json(text).has_value()) << text;
        EXPECT_FALSE(members_from_json(text).has_value()) << text;
    }
}

TEST(ViewPace, AllowsAFewAtOnceAndThenAsTimeGivesThemBack) {
    Pace pace(2, 0.5);
    const clock::Monotonic start{};
    EXPECT_TRUE(pace.allows("a", start));
    EXPECT_TRUE(pace.allows("a", start));
    EXPECT_FALSE(pace.allows("a", start));
    EXPECT_TRUE(pace.allows("b", start)) << "each has his own";
    EXPECT_FALSE(pace.allows("a", start + 1s));
    EXPECT_TRUE(pace.allows("a", start + 2s)) << "what was refused does not count";
    EXPECT_FALSE(pace.allows("a", start + 3s));
    for (int i = 0; i < 2; ++i) { EXPECT_TRUE(pace.allows("a", start + 1h)); }
    EXPECT_FALSE(pace.allows("a", start + 1h)) << "it does not add up for ever";
}

} // namespace
} // namespace ingot::firstboot::view
