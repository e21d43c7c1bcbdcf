#include "firstboot/db/backup.hpp"

#include <gtest/gtest.h>

namespace ingot::firstboot::db {
namespace {

using backup::RepositoryView;

constexpr const char* kSystem = "7711351624855474328";
const RepositoryView kNothing{.number = 1, .status = 1};
const RepositoryView kStanza{.number = 1, .status = 2, .system_ids = {kSystem}};
const RepositoryView kFull{.number = 1,
                           .status = 0,
                           .system_ids = {"7000000000000000001", kSystem},
                           .backups = {{.label = "20261123-130318F"}}};
const RepositoryView kSilent{.number = 2, .status = 99, .message = "connection refused"};

RepositoryView second(RepositoryView view) {
    view.number = 2;
    return view;
}

std::string name_of(const BackupStep& step) {
    static constexpr const char* kNames[] = {"settled", "create", "check", "publish", "foreign", "await"};
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
        std::vector<RepositoryView> repositories;
        std::optional<BackupState> published;
        const char* want;
    };
    for (const auto& row : {
             Row{"nothing", {kNothing}, {}, "create"},
             Row{"published, but the repository was emptied", {kNothing}, done, "create"},
             Row{"a stanza", {kStanza}, {}, "check"},
             Row{"a stanza, state of another database", {kStanza}, elsewhere, "check"},
             Row{"checked", {kStanza}, checked, "settled"},
             Row{"backup done", {kFull}, checked, "publish"},
             Row{"a backup before the check", {kFull}, {}, "check"},
             Row{"all done", {kFull}, done, "settled"},
             Row{"a repository was added", {kFull, second(kNothing)}, done, "create"},
             Row{"one does not answer", {kFull, kSilent}, done, "await"},
             Row{"one does not answer before the check", {kStanza, kSilent}, {}, "await"},
             Row{"one does not answer, the other has no stanza", {kNothing, kSilent}, {}, "create"},
             Row{"one does not answer, the other has a first backup", {kFull, kSilent}, checked, "publish"},
             Row{"only the second is foreign",
                 {kFull, {.number = 2, .status = 0, .system_ids = {"9"}}},
                 done,
                 "foreign"},
             Row{"foreign before anything else",
                 {kNothing, {.number = 2, .status = 0, .system_ids = {"9"}}},
                 {},
                 "foreign"},
         }) {
        const BackupSituation situation{
            .stanza = "orders", .system_id = kSystem, .repositories = row.repositories, .published = row.published};
        EXPECT_EQ(name_of(next_step(situation)), row.want) << row.name;
    }
}

TEST(BackupSteps, LeaveAnotherDatabasesStanzaAlone) {
    const auto step = next_step({.stanza = "orders", .system_id = "42", .repositories = {kFull}});
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
