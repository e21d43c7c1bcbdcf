#include "firstboot/db/etcd_snapshots.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/firstboot/fakes.hpp"

namespace ingot::firstboot::db {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string bytes_of(const std::string& hex) {
    std::string bytes;
    for (std::size_t at = 0; at < hex.size(); at += 2) {
        bytes += static_cast<char>(std::stoi(hex.substr(at, 2), nullptr, 16));
    }
    return bytes;
}

std::string snapshot() {
    const std::string content = "the data of etcd";
    return content + bytes_of(crypto::sha256_hex(content));
}

/// pgbackrest and openssl, as far as they write files: the repository holds `stored`, and openssl takes an "x" away.
class EtcdSnapshotFetch : public testing::Test {
  protected:
    EtcdSnapshotFetch() {
        world.processes.answer = [this](const process::Command& command) -> Result<process::Output> {
            if (command.argv.front() == "sh") { must(files::write(command.argv.at(3), stored)); }
            if (command.argv.front() == "openssl") {
                const auto raw = files::read(command.argv.at(7)).value();
                must(files::write(command.argv.at(9), raw.substr(1)));
            }
            return process::Output{};
        };
    }
    static void must(const Status& status) { ASSERT_TRUE(status.has_value()) << status.error().to_string(); }
    Status fetch(const std::optional<crypto::Secret>& pass) {
        return fetch_etcd_snapshot(world.processes, {.stanza = "orders", .number = 2, .cipher_pass = pass}, "hour-07",
                                   world.folder.path(), world.folder.path() / "snapshot.db");
    }
    test::World world;
    std::string stored = "x" + snapshot();
};

TEST_F(EtcdSnapshotFetch, IsDecryptedWithAPassphraseThatNobodySees) {
    must(fetch(crypto::Secret("geheim")));
    EXPECT_EQ(*files::read(world.folder.path() / "snapshot.db"), snapshot());
    EXPECT_FALSE(files::exists(world.folder.path() / "raw"));
    EXPECT_THAT(world.processes.ran.at(0),
                HasSubstr("pgbackrest --stanza=orders --repo=2 repo-get --raw etcd/hour-07.db"));
    for (const auto& command : world.processes.ran) { EXPECT_THAT(command, Not(HasSubstr("geheim"))); }
    EXPECT_EQ(world.processes.given.back(), "geheim\n");
}

TEST_F(EtcdSnapshotFetch, WithoutAPassphraseIsTakenAsItLiesThere) {
    stored = snapshot();
    must(fetch(std::nullopt));
    EXPECT_EQ(world.processes.ran.size(), 1U);
}

TEST_F(EtcdSnapshotFetch, ThatIsNotWholeIsRefused) {
    stored.pop_back();
    const auto fetched = fetch(crypto::Secret("geheim"));
    ASSERT_FALSE(fetched.has_value());
    EXPECT_THAT(fetched.error().to_string(), HasSubstr("no whole snapshot"));
}

} // namespace
} // namespace ingot::firstboot::db
