#include "firstboot/node/clone.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::firstboot {
namespace {

using cloud_init::OnClone;
using testing::ElementsAre;
using testing::HasSubstr;

struct Row {
    std::string name;
    CloneSituation situation;
    std::size_t decision; ///< index in CloneDecision
};

constexpr std::size_t kBegin = 0;
constexpr std::size_t kKeep = 1;
constexpr std::size_t kRefuse = 2;
constexpr std::size_t kMove = 3;

CloneSituation at(const char* instance, const char* data_instance, bool data, OnClone choice) {
    return {.instance_id = instance,
            .data_instance = data_instance,
            .data = data ? std::vector<std::string>{"/var/lib/postgresql/17/main"} : std::vector<std::string>{},
            .choice = choice};
}

TEST(DecideClone, NeverTouchesDataUnlessThePersonSaysWhatItIs) {
    const std::vector<Row> rows = {
        {"nothing on the disk", at("b", "a", false, OnClone::refuse), kBegin},
        {"nothing on the disk, whatever is chosen", at("b", "a", false, OnClone::renew), kBegin},
        {"its own data", at("a", "a", true, OnClone::refuse), kKeep},
        {"its own data, though renew is still in the user-data", at("a", "a", true, OnClone::renew), kKeep},
        {"data of another instance", at("b", "a", true, OnClone::refuse), kRefuse},
        {"the same node", at("b", "a", true, OnClone::rejoin), kKeep},
        {"a copy", at("b", "a", true, OnClone::renew), kMove},
    };
    for (const auto& row : rows) { EXPECT_EQ(decide_clone(row.situation).index(), row.decision) << row.name; }
}

TEST(DecideClone, SaysBothInstancesTheDataAndTheChoices) {
    const auto reason = std::get<RefuseClone>(decide_clone(at("i-new", "i-old", true, OnClone::refuse))).reason;
    for (const auto* const part : {"i-new", "i-old", "/var/lib/postgresql/17/main", "rejoin", "renew"}) {
        EXPECT_THAT(reason, HasSubstr(part));
    }
}

class MoveAsideFolders : public testing::Test {
  protected:
    void write(std::string_view path, std::string_view content = "x") const {
        ASSERT_TRUE(files::write(root_.at(path), content));
    }
    [[nodiscard]] bool there(std::string_view path) const { return files::exists(root_.at(path)); }
    files::TempDir folder_ = files::TempDir::create().value();
    files::Root root_{folder_.path()};
};

TEST_F(MoveAsideFolders, KeepsEverythingUnderAnotherName) {
    write("/var/lib/ingot-etcd/member/wal");
    write("/var/lib/ingot/etcd.json");
    write("/var/lib/ingot/journal.json");
    const std::vector<std::string> folders{"/var/lib/ingot-etcd", "/var/lib/none"};
    EXPECT_THAT(folders_with_data(root_, folders), ElementsAre("/var/lib/ingot-etcd"));
    ASSERT_TRUE(move_aside(root_, folders_with_data(root_, folders), "i/1").has_value());
    EXPECT_TRUE(there("/var/lib/ingot-etcd.of-i_1/member/wal"));
    EXPECT_FALSE(there("/var/lib/ingot-etcd"));
    EXPECT_TRUE(there("/var/lib/ingot/of-i_1/etcd.json"));
    EXPECT_TRUE(there("/var/lib/ingot/journal.json"));
    EXPECT_TRUE(folders_with_data(root_, folders).empty());
}

TEST_F(MoveAsideFolders, NeverOntoWhatIsThereAlready) {
    write("/var/lib/ingot-etcd/member/wal", "new");
    write("/var/lib/ingot-etcd.of-1/member/wal", "old");
    ASSERT_TRUE(move_aside(root_, {"/var/lib/ingot-etcd"}, "1").has_value());
    EXPECT_EQ(files::read(root_.at("/var/lib/ingot-etcd.of-1/member/wal")).value(), "old");
    EXPECT_EQ(files::read(root_.at("/var/lib/ingot-etcd.of-1.2/member/wal")).value(), "new");
}

} // namespace
} // namespace ingot::firstboot
