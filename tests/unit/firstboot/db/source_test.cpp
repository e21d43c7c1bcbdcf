#include "firstboot/db/source.hpp"

#include <gtest/gtest.h>

#include "firstboot/db/promote.hpp"
#include "firstboot/db/render.hpp"
#include "tests/support/golden.hpp"
#include "tests/unit/firstboot/db/sample.hpp"

namespace ingot::firstboot::db {
namespace {

using cloud_init::RestoreTarget;

constexpr Machine kMachine{.memory_bytes = 8ULL << 30U, .cpus = 4, .disk_bytes = 160ULL << 30U};

cloud_init::SourceCluster sample_source() {
    cloud_init::SourceCluster source{.cluster = "orders", .cluster_id = "11111111-0000-4000-8000-000000000000"};
    source.backup.repositories = {{.path = "/var/lib/pgbackrest"}};
    source.backup.cipher_pass = crypto::Secret("correct horse battery");
    return source;
}

NodeSpec restored_node() {
    auto node = sample_node();
    node.config.restore = {.source = sample_source(),
                           .target = {.kind = RestoreTarget::Kind::time, .value = "2026-11-28 01:02:03+00"}};
    return node;
}

NodeSpec standby_node() {
    auto node = sample_node();
    node.config.cluster = "orders-dr";
    node.config.standby_of = cloud_init::StandbyConfig{
        .source = sample_source(),
        .endpoints = {{.address = "10.0.0.31", .port = 5000}, {.address = "10.0.0.32", .port = 5000}},
        .ca = "source ca\n",
        .certificate = "certificate\n",
        .key = crypto::Secret("key\n"),
        .delay = std::chrono::hours(1)};
    return node;
}

TEST(Source, IsReadFromItsOwnPathWithoutAnythingThatWritesThere) {
    const auto text = render_source(restored_node(), {});
    EXPECT_NE(text.find("/var/lib/pgbackrest/orders-11111111"), std::string::npos) << text;
    EXPECT_EQ(text.find("orders-6f1c2d3e"), std::string::npos);
    EXPECT_NE(text.find("archive-async=n"), std::string::npos);
    EXPECT_EQ(text.find("archive-async=y"), std::string::npos);
    // The cluster's own archive stays its own.
    EXPECT_EQ(archive_command(restored_node()),
              "ingot-agent archive \"%p\" -- pgbackrest --stanza=orders archive-push \"%p\"");
    EXPECT_EQ(render_patroni(restored_node(), kMachine).find("source.conf --stanza=orders archive-push"),
              std::string::npos);
}

TEST(Source, IsRestoredAsFarAsAsked) {
    auto node = restored_node();
    EXPECT_EQ(restore_bootstrap_command(node, kMachine),
              "pgbackrest --config=/etc/pgbackrest/source.conf --stanza=orders --type=time "
              "\"--target=2026-11-28 01:02:03+00\" --target-action=promote restore");
    node.config.restore->target.value = "2026-11-28T01:02:03Z";
    EXPECT_NE(restore_bootstrap_command(node, kMachine).find("\"--target=2026-11-28 01:02:03+00\""),
              std::string::npos);
    node.config.restore->target = {.kind = RestoreTarget::Kind::lsn, .value = "0/3000060"};
    node.config.restore->set = "20261128-010203F";
    EXPECT_EQ(restore_bootstrap_command(node, kMachine),
              "pgbackrest --config=/etc/pgbackrest/source.conf --stanza=orders --set=20261128-010203F --type=lsn "
              "\"--target=0/3000060\" --target-action=promote restore");
    node.config.restore = {.source = sample_source()};
    EXPECT_EQ(restore_bootstrap_command(node, kMachine),
              "pgbackrest --config=/etc/pgbackrest/source.conf --stanza=orders restore");
}

TEST(Source, OfARestoreMakesPatronisConfiguration) {
    tests::expect_golden("db/patroni-restore.yml", render_patroni(restored_node(), kMachine));
}

TEST(Source, OfAStandbyMakesPatronisConfiguration) {
    tests::expect_golden("db/patroni-standby.yml", render_patroni(standby_node(), kMachine));
}

TEST(Source, IsFoundUnderTheNameInItsCertificate) {
    const auto node = standby_node();
    const auto once = with_source_hosts("127.0.0.1 localhost\n", node);
    EXPECT_EQ(once, "127.0.0.1 localhost\n"
                    "10.0.0.31 primary.orders.internal # ingot: the source of this standby\n"
                    "10.0.0.32 primary.orders.internal # ingot: the source of this standby\n");
    EXPECT_EQ(with_source_hosts(once, node), once);
    EXPECT_EQ(with_source_hosts(once, sample_node()), "127.0.0.1 localhost\n");
}

TEST(Source, BackupsAreReadFromPgBackRest) {
    const auto backups = source_backups_from_json(
        R"([{"name": "other"}, {"name": "orders", "backup": [
            {"label": "20261128-000000F", "error": false, "timestamp": {"start": 100, "stop": 200}},
            {"label": "20261128-010000F", "error": true, "timestamp": {"start": 300, "stop": 400}}]}])",
        "orders");
    ASSERT_TRUE(backups);
    ASSERT_EQ(backups->size(), 1U);
    EXPECT_EQ(backups->front().label, "20261128-000000F");
    EXPECT_EQ(backups->front().stopped, 200);
    EXPECT_FALSE(source_backups_from_json("ERROR", "orders"));
}

TEST(Source, IsCheckedBeforeARestoreIsBegun) {
    constexpr std::int64_t kStopped = 1795827723; // 2026-11-28 01:02:03+00
    const std::vector<SourceBackup> backups = {{.label = "20261128-010203F", .stopped = kStopped}};
    const auto kind = [&](std::string_view time, const std::vector<SourceBackup>& present) {
        cloud_init::RestoreConfig restore{.source = sample_source()};
        if (!time.empty()) { restore.target = {.kind = RestoreTarget::Kind::time, .value = std::string(time)}; }
        const auto checked = check_restore(restore, present);
        return checked ? std::string("good")
                       : std::string(checked.error().kind == ErrorKind::refused ? "refused" : "later");
    };
    EXPECT_EQ(kind("", backups), "good");
    EXPECT_EQ(kind("", {}), "later");
    EXPECT_EQ(kind("2026-11-28 01:02:03+00", backups), "good");
    EXPECT_EQ(kind("2026-11-28 01:02:02+00", backups), "refused");
    EXPECT_EQ(kind("2026-11-28 02:02:02+01", backups), "refused");
    EXPECT_EQ(kind("2026-11-28 02:02:03.5+01:00", backups), "good");
    EXPECT_EQ(kind("2026-11-27 22:02:03-03", backups), "good");
    EXPECT_EQ(kind("2026-11-28T01:02:02Z", backups), "refused");
    const auto absent = check_restore({.source = sample_source(), .set = "20260101-000000F"}, backups);
    ASSERT_FALSE(absent);
    EXPECT_EQ(absent.error().kind, ErrorKind::refused);
}

TEST(Promotion, NeedsTheNameAStandbyAndASourceThatIsSilent) {
    const PromotionView good{.cluster = "dr", .follows_another = true, .typed = "dr", .source = "orders"};
    EXPECT_TRUE(decide_promotion(good));
    auto view = good;
    view.typed = "orders";
    EXPECT_FALSE(decide_promotion(view));
    view = good;
    view.follows_another = false;
    EXPECT_FALSE(decide_promotion(view));
    view = good;
    view.source_answers = true;
    EXPECT_FALSE(decide_promotion(view));
    view.source_may_live = true;
    EXPECT_TRUE(decide_promotion(view));
}

} // namespace
} // namespace ingot::firstboot::db
