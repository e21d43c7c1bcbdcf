// Repositories with their secrets, and times of backups.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cloud-init/cluster/cluster.hpp"
#include "common/text/text.hpp"

namespace ingot::cloud_init {
namespace {

using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

const clock::WallTime kTonight = std::chrono::sys_days{std::chrono::year{2026} / 11 / 28} + 2h;
constexpr std::string_view kHostKey = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A cluster whose backups go to every kind of repository there is.
NewCluster everywhere() {
    auto made = init_cluster({.name = "orders"}, kTonight).value();
    made.cluster.backup.repositories = {
        {.name = "s3",
         .path = "/pg",
         .store = S3Store{.endpoint = "s3.example.org",
                          .port = 9000,
                          .bucket = "backups",
                          .region = "eu-1",
                          .path_style = true,
                          .key = "AKIA1"}},
        {.name = "far",
         .path = "/srv/pg",
         .store = SftpStore{.host = "10.9.0.1", .port = 23, .user = "pg", .host_key = std::string(kHostKey)}},
        {.name = "host", .path = "/var/lib/pgbackrest", .store = HostStore{.address = "10.0.0.41"}},
        {.name = "posix", .path = "/mnt/nfs"}};
    made.cluster.backup.retention = {.days = 30, .diff = 7, .archive = 2};
    made.cluster.backup.schedule = {.full = slot_from("Sat 23:30"), .incr = slot_from("every 4h")};
    made.cluster.backup.restore_test = std::nullopt;
    made.secrets.repositories["s3"].secret = crypto::Secret("s3-geheim");
    made.secrets.repositories["far"].private_key =
        crypto::Secret("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n");
    return made;
}

IngotConfig config_of(const NewCluster& made, Role role) {
    const auto text = render_user_data(made.cluster, made.secrets, role, kTonight);
    EXPECT_TRUE(text.has_value()) << text.error().to_string();
    return parse(text.value(), "u").value().ingot.value();
}

TEST(BackupSection, CarriesEveryKindOfRepositoryWithItsSecrets) {
    const auto backup = config_of(everywhere(), Role::db).backup;
    ASSERT_EQ(backup.repositories.size(), 4U);
    const auto& s3 = std::get<S3Store>(backup.repositories[1].store);
    EXPECT_EQ(s3.endpoint, "s3.example.org");
    EXPECT_EQ(s3.port, 9000);
    EXPECT_TRUE(s3.path_style);
    EXPECT_TRUE(s3.verify);
    EXPECT_EQ(s3.secret.reveal(), "s3-geheim");
    EXPECT_EQ(backup.repositories[1].path, "/pg");
    const auto& sftp = std::get<SftpStore>(backup.repositories[2].store);
    EXPECT_EQ(sftp.port, 23);
    EXPECT_EQ(sftp.host_key, kHostKey);
    EXPECT_THAT(sftp.private_key.reveal(), HasSubstr("OPENSSH PRIVATE KEY"));
    EXPECT_EQ(std::get<HostStore>(backup.repositories[0].store).address, "10.0.0.41");
    EXPECT_EQ(type_of(backup.repositories[3]), "posix");
    EXPECT_EQ(backup.retention.days, 30);
    EXPECT_EQ(backup.retention.diff, 7);
    EXPECT_EQ(backup.retention.archive, 2);
    EXPECT_EQ(backup.schedule, everywhere().cluster.backup.schedule);
    EXPECT_EQ(backup.restore_test, std::nullopt);
}

TEST(BackupSection, OfABackupHostHoldsNoSecretsOfOtherRepositories) {
    const auto made = everywhere();
    const auto text = render_user_data(made.cluster, made.secrets, Role::backup, kTonight).value();
    EXPECT_THAT(text, Not(HasSubstr("s3-geheim")));
    EXPECT_THAT(text, Not(HasSubstr("OPENSSH")));
    EXPECT_THAT(text, Not(HasSubstr(made.secrets.users.at("app").verifier)));
    const auto config = config_of(made, Role::backup);
    ASSERT_EQ(config.backup.repositories.size(), 1U);
    EXPECT_EQ(config.backup.cipher_pass->reveal(), made.secrets.cipher_pass.reveal());
}

TEST(BackupSection, OfClusterYamlHoldsNoSecretsAndIsReadAgain) {
    const auto made = everywhere();
    const auto text = render_cluster(made.cluster);
    EXPECT_THAT(text, Not(HasSubstr("geheim")));
    EXPECT_THAT(text, Not(HasSubstr("PRIVATE")));
    const auto again = parse_cluster(text, "c");
    ASSERT_TRUE(again.has_value()) << again.error().to_string();
    EXPECT_EQ(type_of(again->backup.repositories[0]), "host");
    EXPECT_EQ(render_cluster(*parse_cluster(render_cluster(*again), "c")), render_cluster(*again));
    const auto secrets = parse_secrets(render_secrets(made.secrets).reveal(), "s").value();
    EXPECT_EQ(secrets.repositories.at("s3").secret.reveal(), "s3-geheim");
    EXPECT_THAT(secrets.repositories.at("far").private_key.reveal(), HasSubstr("OPENSSH"));
}

TEST(BackupSection, NeedsTheSecretsOfItsRepositories) {
    auto made = everywhere();
    made.secrets.repositories.erase("far");
    const auto text = render_user_data(made.cluster, made.secrets, Role::db, kTonight);
    ASSERT_FALSE(text.has_value());
    EXPECT_THAT(text.error().to_string(), HasSubstr("the secrets hold no repositories.far.private_key"));
}

TEST(BackupSection, NamesWhatIsWrongWithARepository) {
    struct Case {
        std::string_view entry;
        std::string_view fault;
    };
    const std::vector<Case> cases = {
        {"{type: s3, endpoint: 'https://x.org', bucket: b, region: r, key: k, path: /p}",
         "'https://x.org' is no host"},
        {"{type: s3, endpoint: x.org, bucket: 'a b', region: r, key: k, path: /p}", "bucket: expected printable"},
        {"{type: s3, endpoint: x.org, region: r, key: k, path: /p}", "'backup.repositories[0].bucket' is missing"},
        {"{type: s3, endpoint: x.org, bucket: b, region: r, key: k, path: /p, secret: s}", "unknown key"},
        {"{type: s3, endpoint: x.org, bucket: b, region: r, key: k, path: /p, ca: x}", "no certificate in PEM"},
        {"{type: sftp, host: x.org, user: u, host_key: 'MD5:1', path: /p}",
         "the fingerprint of the server's host key"},
        {"{type: sftp, host: x.org, user: u, path: /p}", "'backup.repositories[0].host_key' is missing"},
        {"{type: host}", "'backup.repositories[0].address' is missing"},
    };
    const auto whole = render_cluster(init_cluster({.name = "orders"}, kTonight)->cluster);
    const std::string usual = "- type: posix\n      path: /var/lib/pgbackrest\n";
    ASSERT_NE(whole.find(usual), std::string::npos);
    for (const auto& [entry, fault] : cases) {
        const auto text = text::replace_all(whole, usual, text::format("- {}\n", entry));
        const auto parsed = parse_cluster(text, "c");
        ASSERT_FALSE(parsed.has_value()) << entry;
        EXPECT_THAT(parsed.error().message, HasSubstr(std::string(fault))) << entry;
    }
}

TEST(Slots, AreReadAndWritten) {
    struct Case {
        std::string_view text;
        Slot slot;
        std::string_view again;
    };
    const std::vector<Case> cases = {
        {"daily", {24h, 2h}, "daily 02:00"},       {"daily 02:30", {24h, 150min}, "daily 02:30"},
        {"daily 00:00", {24h, 0h}, "every 1440m"}, {"weekly", {7 * 24h, 3 * 24h + 2h}, "Sun 02:00"},
        {"Thu 00:00", {7 * 24h, 0h}, "Thu 00:00"}, {"Wed 23:59", {7 * 24h, 7 * 24h - 1min}, "Wed 23:59"},
        {"every 6h", {6h, 0h}, "every 360m"},      {"every 1m", {1min, 0h}, "every 1m"},
    };
    for (const auto& [text, slot, again] : cases) {
        const auto read = slot_from(text);
        ASSERT_TRUE(read.has_value()) << text;
        EXPECT_EQ(read->period, slot.period) << text;
        EXPECT_EQ(read->offset, slot.offset) << text;
        EXPECT_EQ(to_string(*read), again) << text;
        EXPECT_EQ(slot_from(to_string(*read)), read) << text;
    }
    for (const auto* text : {"", "off", "sun", "Sunday", "daily 24:00", "daily 2:00", "daily 02:60", "every",
                             "every 0m", "every 6d", "every h", "every 9999m", "Sun 02:00 UTC", " daily", "02:00"}) {
        EXPECT_EQ(slot_from(text), std::nullopt) << text;
    }
}

} // namespace
} // namespace ingot::cloud_init
