// One small cluster, which the features suite has from its first case to its last: one etcd, three db, one proxy.
// Quorum replication, and parameters of its own. The cases run in the order in which they stand, in the order of
// their files (tests/cluster/CMakeLists.txt).
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cloud-init/cluster/cluster.hpp"
#include "common/clock/clock.hpp"
#include "common/files/files.hpp"
#include "common/json/json.hpp"
#include "common/process/process.hpp"
#include "tests/cluster/faults.hpp"
#include "tests/cluster/lab_driver.hpp"
#include "tests/cluster/ledger.hpp"

namespace ingot::tests {

class Features : public testing::Test {
  protected:
    static constexpr const char* kName = "features";
    static constexpr std::chrono::seconds kPatience{120};

    static void SetUpTestSuite();
    static void TearDownTestSuite();
    void SetUp() override;
    /// Each test begins with a healthy cluster; without one, those that follow say nothing.
    void TearDown() override;

    static std::string images();
    static std::string trimmed(const std::string& text);
    static clock::WallTime now();
    static LabDriver& lab() { return *lab_; }
    static cloud_init::NewCluster& made() { return *made_; }
    static std::filesystem::path in(const std::string& name) { return folder_->path() / name; }

    /// One more db machine, whose user-data follows from `cluster`, with `more` below it; its name.
    static std::string add(const cloud_init::NewCluster& cluster, const std::string& more = {});
    /// Without goodbye, and until no commit waits for it any more: a leader that is lost before has rows that maybe
    /// nobody else has, and rightly nobody takes over.
    static void remove(const std::string& machine);

    static std::string says(const std::string& machine);
    static process::Output shell(const std::string& machine, const std::string& script);
    /// SQL as superuser on a machine itself.
    static std::string ask(const std::string& machine, const std::string& statement,
                           const std::string& database = "app");
    /// What a member of the cluster is, by Patroni, and how many bytes it lacks of what Patroni knows of the leader.
    static std::string role_of(const std::string& machine);
    static std::optional<std::int64_t> lag_of(const std::string& machine);
    static std::string address_of(const std::string& machine);
    static std::vector<std::string> replicas();
    /// Patroni's shared configuration, for what user-data does not offer.
    static void set_for_all(const std::string& key, const std::string& value);
    static bool writes(const std::string& statement);
    static bool writes_soon(const std::string& statement, std::chrono::seconds patience = std::chrono::seconds(60));
    /// `ingot-agent switchover`, as soon as the candidate may lead.
    static void let_lead(const std::string& machine);
    /// Nothing that was acknowledged is missing; and the table goes, for the next ledger.
    static void expect_whole(Ledger& ledger);
    static FaultReport expect_harmless(const char* name);

    /// The folder of the backup repository is moved away, and back; each machine has it, any may do it.
    static void take_repository_away(const std::string& machine);
    static void bring_repository_back(const std::string& machine);

    static inline bool broken_ = false; // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

  private:
    static json::Json member_of_cluster(const std::string& machine);

    // NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables)
    static inline LabDriver* lab_ = nullptr;
    static inline files::TempDir* folder_ = nullptr;
    static inline cloud_init::NewCluster* made_ = nullptr;
    // NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)
};

} // namespace ingot::tests
