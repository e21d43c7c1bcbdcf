#include "tests/cluster/features.hpp"

#include <cstdio>
#include <cstdlib>
#include <set>

#include <unistd.h>

#include "common/text/text.hpp"
#include "tests/cluster/leftovers.hpp"
#include "tests/places/places.hpp"

namespace ingot::tests {

using namespace std::chrono_literals;
using cloud_init::NewCluster;
using cloud_init::Role;
using cloud_init::Synchronous;

std::string Features::images() {
    const char* told = std::getenv("INGOT_IMAGES");
    return told != nullptr ? told : (source_dir() / "build/images").string();
}

std::string Features::trimmed(const std::string& text) { return std::string(text::trim(text)); }

clock::WallTime Features::now() { return clock::SystemClock().now(); }

void Features::SetUpTestSuite() {
    ASSERT_EQ(::geteuid(), 0U) << "cluster tests need root";
    ASSERT_TRUE(files::exists(images() + "/db/root.squashfs")) << "build the images first: ingot build db etcd proxy";
    lab_ = new LabDriver(kName, images());
    folder_ = new files::TempDir(files::TempDir::create("ingot-features-").value());
    made_ =
        new NewCluster(cloud_init::init_cluster({.name = kName, .synchronous = Synchronous::quorum}, now()).value());
    auto& cluster = made_->cluster;
    cluster.topology = {.etcd = {{"etcd-1", "10.0.0.11"}}, .db = 3, .proxy = 1};
    cluster.postgres.parameters = {{"work_mem", "8MB"}, {"random_page_cost", "3"}};
    cluster.postgres.databases.front().extensions = {"pg_trgm", "hstore"};
    lab_->down();
}

void Features::TearDownTestSuite() {
    if (lab_ == nullptr) { return; }
    if (testing::UnitTest::GetInstance()->failed_test_count() > 0) {
        std::printf("%s\n", lab_->lab({"status"}).out.c_str());
    }
    lab_->down();
    EXPECT_EQ(leftovers(kName, images(), false), std::vector<std::string>());
    delete made_;
    delete folder_;
    delete lab_;
}

void Features::SetUp() {
    if (broken_) { GTEST_SKIP() << "the cluster did not come up, or did not heal"; }
}

void Features::TearDown() {
    if (!broken_ && !lab().wait_healthy(kPatience)) {
        broken_ = true;
        ADD_FAILURE() << lab().lab({"status"}).out;
    }
}

std::string Features::add(const NewCluster& cluster, const std::string& more) {
    const auto text = cloud_init::render_user_data(cluster.cluster, cluster.secrets, Role::db, now());
    EXPECT_TRUE(text.has_value()) << text.error().to_string();
    if (!text || !files::write(in("added.yaml"), *text + more)) { return {}; }
    const auto added = lab().lab({"add", "db", "--user-data", in("added.yaml").string()});
    EXPECT_EQ(added.exit_code, 0) << added.err;
    const auto name = trimmed(added.out);
    EXPECT_TRUE(lab().wait_healthy(kPatience).has_value()) << says(name);
    return name;
}

void Features::remove(const std::string& machine) {
    EXPECT_EQ(lab().lab({"remove", machine}).exit_code, 0) << machine;
    EXPECT_TRUE(LabDriver::wait(60s, [&] { return role_of(machine).empty(); }).has_value());
    EXPECT_TRUE(LabDriver::wait(60s, [&] {
                    return ask(lab().primary(), "SHOW synchronous_standby_names").find(machine) == std::string::npos;
                }).has_value());
}

std::string Features::says(const std::string& machine) {
    const auto status = lab().exec(machine, {"ingot-agent", "status"});
    return status.out + status.err;
}

process::Output Features::shell(const std::string& machine, const std::string& script) {
    return lab().exec(machine, {"sh", "-ec", script});
}

std::string Features::ask(const std::string& machine, const std::string& statement, const std::string& database) {
    const auto answer = lab().exec(machine, {"runuser", "-u", "postgres", "--", "psql", "-X", "-q", "-A", "-t", "-d",
                                             database, "-c", statement});
    return trimmed(answer.out + answer.err);
}

json::Json Features::member_of_cluster(const std::string& machine) {
    const auto leader = lab().primary();
    const auto cluster = json::parse(
        lab().exec(leader, {"curl", "-sk", text::format("https://{}:8008/cluster", address_of(leader))}).out);
    if (!cluster) { return {}; }
    for (const auto& member : json::member(*cluster, "members")) {
        if (json::string_at(member, "name") == machine) { return member; }
    }
    return {};
}

std::string Features::role_of(const std::string& machine) {
    return json::string_at(member_of_cluster(machine), "role").value_or("");
}

std::optional<std::int64_t> Features::lag_of(const std::string& machine) {
    return json::number_at(member_of_cluster(machine), "lag");
}

std::string Features::address_of(const std::string& machine) {
    for (const auto& each : lab().status()) {
        if (each.name == machine) { return each.address; }
    }
    return {};
}

std::vector<std::string> Features::replicas() {
    std::vector<std::string> names;
    for (const auto& machine : lab().of_role("db")) {
        if (machine.running && !machine.leader) { names.push_back(machine.name); }
    }
    return names;
}

void Features::set_for_all(const std::string& key, const std::string& value) {
    const auto done = lab().exec(lab().primary(), {"patronictl", "-c", "/etc/patroni/config.yml", "edit-config",
                                                   "--force", "--set", text::format("{}={}", key, value)});
    ASSERT_EQ(done.exit_code, 0) << done.out << done.err;
}

bool Features::writes(const std::string& statement) { return lab().sql("--pool", statement).exit_code == 0; }

bool Features::writes_soon(const std::string& statement, std::chrono::seconds patience) {
    return LabDriver::wait(patience, [&] { return writes(statement); }).has_value();
}

void Features::let_lead(const std::string& machine) {
    process::Output done;
    EXPECT_TRUE(LabDriver::wait(60s,
                                [&] {
                                    done = lab().exec(machine, {"ingot-agent", "switchover", "--to", machine});
                                    return done.exit_code == 0;
                                })
                    .has_value())
        << done.out << done.err;
    EXPECT_TRUE(LabDriver::wait(20s, [&] {
                    return lab().primary() == machine && ask(machine, "SELECT pg_is_in_recovery()") == "f";
                }).has_value());
}

void Features::expect_whole(Ledger& ledger) {
    const auto audit = ledger.audit();
    ASSERT_TRUE(audit.has_value());
    EXPECT_EQ(audit->lost, std::set<int>());
    EXPECT_EQ(audit->doubled, 0);
    EXPECT_TRUE(writes("DROP TABLE ledger"));
}

FaultReport Features::expect_harmless(const char* name) {
    const auto* const fault = find_fault(name);
    if (fault == nullptr) {
        ADD_FAILURE() << name;
        return {};
    }
    auto report = run_fault(lab(), *fault);
    std::printf("%-30s %5.1f s without a committed write, %5.1f s while it mended, %zu statements failed, %zu rows\n",
                std::string(fault->title).c_str(), report.pause, report.pause_of_mending, report.failed,
                report.acknowledged);
    std::fflush(stdout);
    EXPECT_EQ(violations(*fault, report), "") << text::join(report.failures, "\n") << lab().lab({"status"}).out;
    return report;
}

namespace {

std::string repository(const NewCluster& made) {
    return text::format("/var/lib/pgbackrest/{}-{}", made.cluster.name, made.cluster.id.substr(0, 8));
}

} // namespace

void Features::take_repository_away(const std::string& machine) {
    const auto folder = repository(made());
    // With something in its place, or the next leader makes a new stanza there.
    ASSERT_EQ(shell(machine, "mv " + folder + " " + folder + ".away && touch " + folder).exit_code, 0);
}

void Features::bring_repository_back(const std::string& machine) {
    const auto folder = repository(made());
    ASSERT_EQ(shell(machine, "rm -rf " + folder + " && mv " + folder + ".away " + folder).exit_code, 0);
    EXPECT_TRUE(LabDriver::wait(kPatience,
                                [&] {
                                    return lab()
                                               .exec(lab().primary(), {"ingot-agent", "backup", "list"})
                                               .out.find("WAL waiting here: 0") != std::string::npos;
                                })
                    .has_value())
        << says(lab().primary());
}

} // namespace ingot::tests
