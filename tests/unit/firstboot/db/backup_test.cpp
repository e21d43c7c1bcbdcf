#include "firstboot/db/backup.hpp"

#include <gtest/gtest.h>

namespace ingot::firstboot::db {
namespace {

// Answers of pgBackRest 2.55.
constexpr const char* kNothing =
    R"([{"backup":[],"cipher":"none","db":[],"name":"orders","repo":[{"cipher":"none","key":1,"status":{"code":1,"message":"missing stanza path"}}],"status":{"code":1,"lock":{"backup":{"held":false}},"message":"missing stanza path"}}])";
constexpr const char* kStanzaOnly =
    R"([{"archive":[],"backup":[],"cipher":"none","db":[{"id":1,"repo-key":1,"system-id":7711351624855474328,"version":"17"}],"name":"orders","repo":[],"status":{"code":2,"message":"no valid backups"}}])";
constexpr const char* kFull =
    R"([{"backup":[{"error":false,"label":"20261123-130318F","type":"full"},{"error":false,"label":"20261123-130318F_20261124-010000D","type":"diff"},{"error":true,"label":"20261125-130318F","type":"full"}],"db":[{"id":2,"repo-key":1,"system-id":7711351624855474328,"version":"17"},{"id":1,"repo-key":1,"system-id":7000000000000000001,"version":"16"}],"name":"orders","status":{"code":0,"message":"ok"}}])";
constexpr const char* kSystem = "7711351624855474328";

RepositoryView view_of(const char* text) { return repository_from_json(text, "orders").value(); }

TEST(RepositoryView, ReadsWhatPgBackRestSays) {
    EXPECT_TRUE(view_of(kNothing).system_ids.empty());
    EXPECT_EQ(view_of(kNothing).status, 1);
    EXPECT_TRUE(view_of("[]").system_ids.empty());
    EXPECT_EQ(view_of(kStanzaOnly).system_ids, std::vector<std::string>{kSystem});
    EXPECT_FALSE(view_of(kStanzaOnly).full_backup.has_value());
}

TEST(RepositoryView, TakesTheDatabaseWithTheHighestNumberAsTheCurrentOne) {
    EXPECT_EQ(view_of(kFull).system_ids, (std::vector<std::string>{"7000000000000000001", kSystem}));
}

TEST(RepositoryView, DoesNotCountABackupWithErrors) { EXPECT_EQ(view_of(kFull).full_backup, "20261123-130318F"); }

TEST(RepositoryView, LooksOnlyAtItsOwnStanza) {
    EXPECT_TRUE(repository_from_json(kFull, "invoices").value().system_ids.empty());
}

TEST(RepositoryView, IsAnErrorIfItCannotBeRead) {
    EXPECT_EQ(repository_from_json("oops", "orders").error().kind, ErrorKind::tool_failed);
    EXPECT_EQ(repository_from_json("{}", "orders").error().kind, ErrorKind::tool_failed);
}

std::string name_of(const BackupStep& step) {
    static constexpr const char* kNames[] = {"settled", "create", "check", "start", "await", "publish", "foreign"};
    return kNames[step.index()];
}

TEST(BackupSteps, GoFromNothingToAFullBackupOneAtATime) {
    const BackupState checked{.stanza = "orders", .system_id = kSystem, .checked = true};
    auto done = checked;
    done.first_full = "20261123-130318F";
    auto elsewhere = checked;
    elsewhere.system_id = "1";
    struct Row {
        const char* name;
        const char* info;
        std::optional<BackupState> published;
        const char* unit;
        const char* want;
    };
    for (const auto& row : {
             Row{"nothing", kNothing, {}, "inactive", "create"},
             Row{"published, but the repository was emptied", kNothing, done, "inactive", "create"},
             Row{"a stanza", kStanzaOnly, {}, "inactive", "check"},
             Row{"a stanza, state of another database", kStanzaOnly, elsewhere, "inactive", "check"},
             Row{"checked", kStanzaOnly, checked, "inactive", "start"},
             Row{"backup under way", kStanzaOnly, checked, "activating", "await"},
             Row{"backup failed", kStanzaOnly, checked, "failed", "start"},
             Row{"backup done", kFull, checked, "inactive", "publish"},
             Row{"a backup before the check", kFull, {}, "inactive", "check"},
             Row{"all done", kFull, done, "inactive", "settled"},
         }) {
        const BackupSituation situation{.stanza = "orders",
                                        .system_id = kSystem,
                                        .repository = view_of(row.info),
                                        .published = row.published,
                                        .unit_state = row.unit};
        EXPECT_EQ(name_of(next_step(situation)), row.want) << row.name;
    }
}

TEST(BackupSteps, LeaveAnotherDatabasesStanzaAlone) {
    const auto step = next_step({.stanza = "orders", .system_id = "42", .repository = view_of(kFull)});
    const auto* foreign = std::get_if<ForeignStanza>(&step);
    ASSERT_NE(foreign, nullptr);
    EXPECT_NE(foreign->reason.find(kSystem), std::string::npos);
    EXPECT_NE(foreign->reason.find("42"), std::string::npos);
}

TEST(BackupState, SurvivesEtcd) {
    const BackupState state{
        .stanza = "orders", .system_id = kSystem, .checked = true, .first_full = "20261123-130318F"};
    EXPECT_EQ(backup_state_from_json(to_json_line(state)).value(), state);
}

} // namespace
} // namespace ingot::firstboot::db
