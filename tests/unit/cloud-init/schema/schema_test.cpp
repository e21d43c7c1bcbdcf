#include "cloud-init/schema/schema.hpp"

#include <regex>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cloud-init/cluster/cluster.hpp"
#include "cloud-init/userdata/field_tables.hpp"
#include "cloud-init/userdata/key_tables.hpp"
#include "cloud-init/userdata/userdata.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"
#include "tests/places/places.hpp"
#include "tests/support/golden.hpp"

namespace ingot::cloud_init {
namespace {

/// The last name of a path: "from" of "ingot.firewall.open[].from".
std::string last_name(std::string_view path) {
    auto name = std::string(path.substr(path.rfind('.') + 1));
    return name.substr(0, name.find_first_of("[{"));
}

TEST(Schema, IsWhatWasReviewed) {
    tests::expect_golden("../../examples/user-data/user-data.schema.json", json::to_text(user_data_schema()));
}

TEST(Schema, HasRowsOnceAndBelowRowsThatHoldMappings) {
    std::set<std::string> holders;
    for (const auto& key : applied_keys()) { holders.insert(std::string(key.name)); }
    std::set<std::string_view> seen;
    for (const auto& field : nested_fields()) {
        EXPECT_TRUE(seen.insert(field.path).second) << field.path;
        auto parent = std::string(field.path.substr(0, field.path.rfind('.')));
        if (parent.ends_with("[]") || parent.ends_with("{}")) { parent.resize(parent.size() - 2); }
        EXPECT_TRUE(holders.contains(parent)) << field.path << " is below " << parent << ", which has no row";
        holders.insert(std::string(field.path));
    }
}

// The reader of ingot: and of the machine's keys asks for keys by name; a name that no row has would be a key which
// editors call a mistake.
TEST(Schema, KnowsEveryKeyThatTheReaderAsksFor) {
    std::set<std::string> names;
    for (const auto& key : applied_keys()) { names.insert(std::string(key.name)); }
    for (const auto& field : nested_fields()) { names.insert(last_name(field.path)); }
    const std::regex asked(
        R"re((?:\.|->)(?:optional|required|text|texts|flag|number|choice|required_text)\("([a-z_]+)")re");
    const std::regex read(
        R"re(read_[a-z_]+\((?:fields|item|inner|ingot|root|postgres|restore|s3|sftp|host), "([a-z_]+)")re");
    std::size_t count = 0;
    const auto folder = tests::source_dir() / "cloud-init/userdata";
    const auto sources = files::list(folder).value();
    for (const auto& file : sources) {
        if (!file.ends_with(".cpp")) { continue; }
        const auto text = files::read(folder / file).value();
        for (const auto& expression : {asked, read}) {
            for (std::sregex_iterator match(text.begin(), text.end(), expression); match != std::sregex_iterator();
                 ++match) {
                ++count;
                EXPECT_TRUE(names.contains((*match)[1].str())) << file << " asks for " << (*match)[1].str();
            }
        }
    }
    EXPECT_GT(count, 100U); // else the expressions fit the code no more
}

class Examples : public testing::TestWithParam<Role> {};

TEST_P(Examples, AreWhatTheToolWritesAfterSomeCloudConfig) {
    const auto folder = tests::source_dir() / "examples/user-data";
    const auto cluster = parse_cluster(files::read(folder / "cluster.yaml").value(), "cluster.yaml");
    ASSERT_TRUE(cluster.has_value()) << cluster.error().message;
    const auto secrets = parse_secrets(files::read(folder / "secrets.yaml").value(), "secrets.yaml");
    ASSERT_TRUE(secrets.has_value()) << secrets.error().message;
    const clock::WallTime now = std::chrono::sys_days{std::chrono::year{2026} / 12 / 1};
    const auto made = render_user_data(*cluster, *secrets, GetParam(), now);
    ASSERT_TRUE(made.has_value()) << made.error().to_string();
    const auto text = files::read(folder / text::format("{}.yaml", to_string(GetParam()))).value();
    constexpr std::string_view kHead = "#cloud-config\n";
    EXPECT_TRUE(text.starts_with(kHead));
    EXPECT_TRUE(text.ends_with("\n" + made->substr(kHead.size()))) << "examples/user-data is to end with:\n" << *made;
    const auto parsed = parse(text, "example");
    ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
    EXPECT_TRUE(parsed->warnings.empty()) << parsed->warnings.front();
    EXPECT_EQ(parsed->ingot->role, GetParam());
}

INSTANTIATE_TEST_SUITE_P(Roles, Examples, testing::Values(Role::db, Role::etcd, Role::proxy, Role::backup),
                         [](const auto& role) { return std::string(to_string(role.param)); });

} // namespace
} // namespace ingot::cloud_init
