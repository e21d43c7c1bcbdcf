// Snapshots of etcd as files, and what may be set about them.
#include "firstboot/coordination/snapshot.hpp"

#include <gtest/gtest.h>

#include "common/files/files.hpp"
#include "firstboot/coordination/etcd_settings.hpp"

namespace ingot::firstboot {
namespace {

std::string bytes_of(const std::string& hex) {
    std::string bytes;
    for (std::size_t at = 0; at < hex.size(); at += 2) {
        bytes += static_cast<char>(std::stoi(hex.substr(at, 2), nullptr, 16));
    }
    return bytes;
}

std::string with_digest(const std::string& content) { return content + bytes_of(crypto::sha256_hex(content)); }

TEST(Snapshot, IsWholeIfItsLastBytesAreTheDigestOfTheRest) {
    const auto folder = files::TempDir::create("ingot-snapshot-").value();
    const auto file = folder.path() / "snapshot.db";
    const auto whole = with_digest(std::string(3U << 20U, 'x'));
    const auto check = [&](const std::string& content) {
        EXPECT_TRUE(files::write(file, content));
        return check_snapshot(file);
    };
    EXPECT_TRUE(check(whole));
    EXPECT_FALSE(check(whole.substr(0, whole.size() - 1)));
    EXPECT_FALSE(check(whole.substr(1)));
    EXPECT_FALSE(check(whole + "x"));
    EXPECT_FALSE(check("short"));
    EXPECT_FALSE(check(""));
    EXPECT_FALSE(check_snapshot(folder.path() / "nowhere"));
}

TEST(Snapshot, IsWholeHoweverItComesInPieces) {
    const auto whole = with_digest("the data of a cluster");
    for (const std::size_t step : {1U, 7U, 32U, 33U, 100U}) {
        SnapshotDigest digest;
        for (std::size_t at = 0; at < whole.size(); at += step) { digest.update(whole.substr(at, step)); }
        EXPECT_TRUE(digest.is_whole()) << step;
    }
}

TEST(EtcdSettings, AreReadWithEveryFaultNamed) {
    const auto settings = etcd_settings_from_json(
        R"({"replace_after_seconds": 60, "snapshot_folder": "/mnt/x", "repository_snapshot_seconds": 600})");
    ASSERT_TRUE(settings.has_value()) << settings.error().to_string();
    EXPECT_EQ(settings->replace_after, std::chrono::seconds(60));
    EXPECT_EQ(settings->snapshot_folder, "/mnt/x");
    EXPECT_EQ(settings->repository_snapshots, std::chrono::seconds(600));
    EXPECT_EQ(etcd_settings_from_json("{}")->repository_snapshots, std::chrono::hours(1));
    const auto faults = etcd_settings_from_json(
        R"({"repository_snapshot_seconds": 1, "replace_after_seconds": "5m", "snapshot_folder": "x", "other": 1})");
    ASSERT_FALSE(faults.has_value());
    for (const auto* const word :
         {"repository_snapshot_seconds: expected", "replace_after_seconds: expected", "snapshot_folder", "other"}) {
        EXPECT_NE(faults.error().to_string().find(word), std::string::npos) << word;
    }
}

} // namespace
} // namespace ingot::firstboot
