#include "firstboot/backup/repository.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::firstboot::backup {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Answers of pgBackRest 2.55.
constexpr const char* kNothing =
    R"([{"backup":[],"cipher":"none","db":[],"name":"orders","repo":[{"cipher":"none","key":1,"status":{"code":1,"message":"missing stanza path"}}],"status":{"code":1,"lock":{"backup":{"held":false}},"message":"missing stanza path"}}])";
constexpr const char* kStanzaOnly =
    R"([{"archive":[],"backup":[],"cipher":"none","db":[{"id":1,"repo-key":1,"system-id":7711351624855474328,"version":"17"}],"name":"orders","repo":[],"status":{"code":2,"message":"no valid backups"}}])";
constexpr const char* kFull =
    R"([{"backup":[{"error":false,"label":"20261123-130318F","type":"full","timestamp":{"start":1763902998,"stop":1763903010},"info":{"delta":100,"size":31000000,"repository":{"delta":4000000}}},{"error":false,"label":"20261123-130318F_20261124-010000D","type":"diff","timestamp":{"start":1763946000,"stop":1763946005}},{"error":true,"label":"20261125-130318F","type":"full"}],"db":[{"id":2,"repo-key":1,"system-id":7711351624855474328,"version":"17"},{"id":1,"repo-key":1,"system-id":7000000000000000001,"version":"16"}],"archive":[{"database":{"id":1,"repo-key":1},"id":"17-1","max":"000000020000000000000007","min":"000000010000000000000001"}],"name":"orders","status":{"code":0,"message":"ok"}}])";
constexpr const char* kTwo =
    R"([{"backup":[{"database":{"id":1,"repo-key":2},"error":false,"label":"20261123-130318F","type":"full"}],"db":[{"id":1,"repo-key":2,"system-id":42}],"name":"orders","repo":[{"key":1,"status":{"code":99,"message":"[ProtocolError] HTTP request failed with 403 (Forbidden):\n*** Path/Query ***:\nGET /b\n*** Response Content ***:\n<Code>SignatureDoesNotMatch</Code>"}},{"key":2,"status":{"code":0,"message":"ok"}}],"status":{"code":4,"message":"different across repos"}}])";

std::vector<RepositoryView> views_of(const char* text, int count = 1) {
    return repositories_from_json(text, "orders", count).value();
}

TEST(RepositoryViews, ReadWhatPgBackRestSays) {
    EXPECT_THAT(views_of(kNothing)[0].system_ids, IsEmpty());
    EXPECT_EQ(views_of(kNothing)[0].status, 1);
    EXPECT_FALSE(views_of(kNothing)[0].unreachable());
    EXPECT_THAT(views_of("[]")[0].system_ids, IsEmpty());
    EXPECT_EQ(views_of("[]")[0].status, 1);
    EXPECT_THAT(views_of(kStanzaOnly)[0].system_ids, ElementsAre("7711351624855474328"));
    EXPECT_EQ(views_of(kStanzaOnly)[0].newest(), nullptr);
}

TEST(RepositoryViews, ListBackupsWithoutErrors) {
    const auto view = views_of(kFull)[0];
    ASSERT_EQ(view.backups.size(), 2U);
    EXPECT_EQ(view.newest_of(Kind::full)->label, "20261123-130318F");
    EXPECT_EQ(view.newest_of(Kind::full)->database_bytes, 31000000U);
    EXPECT_EQ(view.newest_of(Kind::full)->repository_bytes, 4000000U);
    EXPECT_EQ(view.newest()->kind, Kind::diff);
    EXPECT_EQ(view.newest()->start, clock::WallTime(std::chrono::seconds(1763946000)));
    EXPECT_EQ(view.newest_of(Kind::incr), nullptr);
    EXPECT_EQ(view.newest_wal, "000000020000000000000007");
}

TEST(RepositoryViews, TakeTheDatabaseWithTheHighestNumberAsTheCurrentOne) {
    EXPECT_THAT(views_of(kFull)[0].system_ids, ElementsAre("7000000000000000001", "7711351624855474328"));
}

TEST(RepositoryViews, TellRepositoriesApart) {
    const auto views = views_of(kTwo, 2);
    ASSERT_EQ(views.size(), 2U);
    EXPECT_TRUE(views[0].unreachable());
    EXPECT_THAT(views[0].message, HasSubstr("the S3 secret is not the one of this key"));
    EXPECT_THAT(views[0].backups, IsEmpty());
    EXPECT_FALSE(views[1].unreachable());
    EXPECT_THAT(views[1].system_ids, ElementsAre("42"));
    EXPECT_EQ(views[1].newest()->label, "20261123-130318F");
}

TEST(RepositoryViews, LookOnlyAtTheirOwnStanza) {
    EXPECT_THAT(repositories_from_json(kFull, "invoices", 1).value()[0].system_ids, IsEmpty());
}

TEST(RepositoryViews, AreAnErrorIfTheyCannotBeRead) {
    EXPECT_EQ(repositories_from_json("oops", "orders", 1).error().kind, ErrorKind::tool_failed);
    EXPECT_EQ(repositories_from_json("{}", "orders", 1).error().kind, ErrorKind::tool_failed);
}

TEST(Errors, AreOneLineWithWhatToDo) {
    EXPECT_EQ(explain_error("unable to connect\nHINT: is it there?\n"), "unable to connect");
    EXPECT_THAT(explain_error("unable to verify certificate presented by 'x:443': [20] unable to get local issuer"),
                HasSubstr("see ca"));
}

} // namespace
} // namespace ingot::firstboot::backup
