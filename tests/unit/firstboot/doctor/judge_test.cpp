#include <algorithm>
#include <array>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include "common/crypto/crypto.hpp"
#include "common/text/text.hpp"
#include "firstboot/doctor/doctor.hpp"
#include "firstboot/node/record.hpp"
#include "tests/unit/firstboot/fakes.hpp"

namespace ingot::firstboot::doctor {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

backup::Report good_report(clock::WallTime now) {
    backup::RepositoryReport repository{.number = 1, .place = "s3 bucket"};
    repository.full = backup::Record{.label = "20261128-010203F", .start = now - 5h, .stop = now - 4h};
    return {.at = now, .by = "db-2", .repositories = {repository}};
}

Observations healthy() {
    Observations seen;
    seen.status = NodeStatus{.node = "db-1", .role = "db", .state = NodeState::ready};
    seen.role = "db";
    seen.addresses = {"10.0.0.21"};
    seen.default_route = true;
    seen.name_servers = {{.address = "10.0.0.2", .answers = true}, {.address = "10.0.0.3", .answers = true}};
    seen.names = {{"s3.example.org", true}};
    seen.clock_synchronised = true;
    seen.disks = {{.path = "/", .size = 100, .free = 50, .inodes = 100, .free_inodes = 90}};
    seen.now = clock::WallTime(std::chrono::hours(500'000));
    seen.certificate = OwnCertificate{
        .readable = true, .begins = seen.now - std::chrono::days(10), .ends = seen.now + std::chrono::days(20)};
    seen.authorities = {{.role = "etcd", .ends = seen.now + std::chrono::days(3000)},
                        {.role = "db", .ends = seen.now + std::chrono::days(3000)}};
    seen.etcd = {{.name = "etcd-1"}, {.name = "etcd-2"}, {.name = "etcd-3"}};
    seen.patroni = PatroniHealth{.state = "running", .role = "replica", .replication = "streaming", .timeline = 3};
    seen.backup = BackupHealth{.wanted = true, .report = good_report(seen.now)};
    seen.units = {{"patroni.service", "active"}};
    return seen;
}

/// The verdict about a subject, and that it comes with something to do unless it is good.
Verdict verdict_of(const Observations& seen, const std::string& subject) {
    auto worst = Verdict::good;
    for (const auto& finding : judge(seen)) {
        EXPECT_EQ(finding.verdict == Verdict::good, finding.advice.empty()) << finding.sentence;
        EXPECT_FALSE(finding.sentence.empty());
        if (finding.subject == subject) { worst = std::max(worst, finding.verdict); }
    }
    return worst;
}

TEST(Doctor, FindsNothingAtAHealthyNode) {
    for (const auto& finding : judge(healthy())) { EXPECT_EQ(finding.verdict, Verdict::good) << finding.sentence; }
}

TEST(Doctor, FindsWhatIsTheMatter) {
    auto seen = healthy();
    seen.addresses.clear();
    EXPECT_EQ(verdict_of(seen, "network"), Verdict::bad);
    seen = healthy();
    seen.default_route = false;
    EXPECT_EQ(verdict_of(seen, "network"), Verdict::warning);
    seen = healthy();
    seen.name_servers.clear();
    EXPECT_EQ(verdict_of(seen, "DNS"), Verdict::warning);
    seen = healthy();
    seen.clock_synchronised = false;
    EXPECT_EQ(verdict_of(seen, "time"), Verdict::warning);
    seen = healthy();
    seen.disks[0].free = 5;
    EXPECT_EQ(verdict_of(seen, "disk"), Verdict::warning);
    seen.disks[0].free_inodes = 1;
    EXPECT_EQ(verdict_of(seen, "disk"), Verdict::bad);
    seen = healthy();
    seen.units["patroni.service"] = "failed";
    EXPECT_EQ(verdict_of(seen, "services"), Verdict::bad);
    seen = healthy();
    seen.status->duties = {{.name = "db.backup", .state = "failing", .message = "no room"}};
    EXPECT_EQ(verdict_of(seen, "backup"), Verdict::bad);
    seen.status.reset();
    EXPECT_EQ(verdict_of(seen, "agent"), Verdict::bad);
}

/// What is said of a subject, with its verdict in front and its advice behind.
std::string said_of(const Observations& seen, const std::string& subject) {
    constexpr std::array<std::string_view, 3> kVerdicts{"good", "warning", "bad"};
    std::string said;
    for (const auto& finding : judge(seen)) {
        EXPECT_EQ(finding.verdict == Verdict::good, finding.advice.empty()) << finding.sentence;
        if (finding.subject != subject) { continue; }
        said += text::format("{}: {}{}{}\n", kVerdicts.at(static_cast<std::size_t>(finding.verdict)),
                             finding.sentence, finding.advice.empty() ? "" : " -> ", finding.advice);
    }
    return said;
}

TEST(Doctor, TellsANameServerThatIsSilentFromOneThatIsMissing) {
    auto seen = healthy();
    EXPECT_EQ(said_of(seen, "DNS"), "good: answers: 10.0.0.2, 10.0.0.3\n");
    seen.name_servers[1].answers = false;
    EXPECT_THAT(said_of(seen, "DNS"), HasSubstr("warning: 1 of 2 name servers do not answer: 10.0.0.3 -> "));
    seen.name_servers[0].answers = false;
    EXPECT_THAT(said_of(seen, "DNS"), HasSubstr("bad: no name server answers: 10.0.0.2, 10.0.0.3 -> "));
    seen = healthy();
    seen.names["s3.exmaple.org"] = false;
    EXPECT_THAT(said_of(seen, "DNS"), HasSubstr("bad: s3.exmaple.org is not found, and backups go there -> "
                                                "`resolvectl query s3.exmaple.org`"));
}

TEST(Doctor, KnowsWhatIsWrongWithACertificate) {
    auto seen = healthy();
    EXPECT_EQ(said_of(seen, "certificate"), "good: valid for 20 days\n");
    seen.certificate->ends = seen.now + std::chrono::days(3);
    EXPECT_THAT(said_of(seen, "certificate"), HasSubstr("warning: this node's certificate runs out in 3 days -> "));
    seen.certificate->fault = "no CA of the bundle signed it";
    EXPECT_THAT(said_of(seen, "certificate"),
                HasSubstr("bad: this node's certificate is not trusted: no CA of the bundle signed it -> "));
    seen.certificate->ends = seen.now;
    EXPECT_THAT(said_of(seen, "certificate"), HasSubstr("bad: this node's certificate has run out -> "));
    seen.certificate->begins = seen.now + 5h;
    EXPECT_THAT(said_of(seen, "certificate"),
                HasSubstr("bad: this node's certificate is valid in 5 hours only: the clock goes wrong"));
    seen.certificate->readable = false;
    EXPECT_THAT(said_of(seen, "certificate"), HasSubstr("bad: this node's certificate cannot be read -> "));
    seen = healthy();
    seen.authorities[1].ends = seen.now + std::chrono::days(30);
    EXPECT_THAT(
        said_of(seen, "certificate"),
        HasSubstr("warning: the db CA runs out in 30 days, and all its certificates with it -> `ingot cluster "
                  "rotate-ca db`"));
    seen.authorities[0].ends = seen.now;
    EXPECT_THAT(said_of(seen, "certificate"), HasSubstr("bad: the etcd CA has run out"));
}

TEST(Doctor, CountsTheMembersOfEtcdThatServe) {
    auto seen = healthy();
    EXPECT_EQ(said_of(seen, "etcd"), "good: all 3 members serve\n");
    seen.etcd[1].fault = "refused";
    EXPECT_THAT(said_of(seen, "etcd"), HasSubstr("warning: 2 of 3 members serve; not etcd-2 (refused) -> "));
    seen.etcd[2].fault = "timed out";
    EXPECT_THAT(
        said_of(seen, "etcd"),
        HasSubstr("bad: 1 of 3 members serve; not etcd-2 (refused), etcd-3 (timed out) -> without a majority"));
}

TEST(Doctor, UnderstandsPatroni) {
    auto seen = healthy();
    EXPECT_EQ(said_of(seen, "Patroni"), "good: replica, streaming, timeline 3\n");
    seen.patroni->replication = "in archive recovery";
    EXPECT_THAT(said_of(seen, "Patroni"), HasSubstr("warning: replica, in archive recovery, timeline 3: this replica "
                                                    "does not stream -> "));
    seen.patroni = PatroniHealth{.state = "running", .role = "primary", .timeline = 3, .paused = true};
    EXPECT_THAT(said_of(seen, "Patroni"), HasSubstr("good: primary, running, timeline 3\nwarning: it is paused"));
    seen.patroni = PatroniHealth{.state = "creating replica", .role = "replica"};
    EXPECT_THAT(said_of(seen, "Patroni"), HasSubstr("warning: replica, creating replica"));
    seen.patroni = PatroniHealth{.state = "start failed", .role = "replica"};
    EXPECT_THAT(said_of(seen, "Patroni"), HasSubstr("bad: replica, start failed"));
    seen.patroni = PatroniHealth{.fault = "connection refused"};
    EXPECT_THAT(said_of(seen, "Patroni"), HasSubstr("bad: it does not answer: connection refused -> `systemctl"));
}

TEST(Doctor, LooksAfterBackups) {
    auto seen = healthy();
    auto& backup = *seen.backup;
    EXPECT_EQ(said_of(seen, "backup"),
              "good: the newest backup (20261128-010203F) is 4 hours old; no restore has been tested yet\n");
    backup.test = backup::RestoreTest{.at = seen.now - std::chrono::days(3), .passed = true};
    EXPECT_THAT(said_of(seen, "backup"), HasSubstr("4 hours old; a restore was tested 3 days ago"));
    backup.test->passed = false;
    backup.test->label = "20261128-010203F";
    backup.test->node = "db-3";
    backup.test->message = "amcheck: broken";
    EXPECT_THAT(said_of(seen, "backup"),
                HasSubstr("bad: the restore test of 20261128-010203F failed on db-3: amcheck: broken -> "));
    backup.wal_waiting = 12;
    backup.wal_waits = 10min;
    backup.wal_fault = "no route to host";
    EXPECT_THAT(said_of(seen, "backup"),
                HasSubstr("bad: 12 WAL segments of this node wait to be archived, for 10 minutes: no route to host"));
    auto& repository = backup.report->repositories[0];
    repository.status = 99;
    repository.message = "permission denied";
    repository.failure = backup::Failure{.node = "db-2", .count = 2, .message = "permission denied"};
    EXPECT_THAT(said_of(seen, "backup"), HasSubstr("bad: repository 1 (s3 bucket): permission denied -> "));
    EXPECT_THAT(said_of(seen, "backup"),
                HasSubstr("warning: repository 1 (s3 bucket): the last 2 attempts failed, on "
                          "db-2: permission denied -> "));
    seen = healthy();
    backup.report->repositories[0].full->stop = seen.now - std::chrono::days(9);
    EXPECT_THAT(said_of(seen, "backup"),
                HasSubstr("warning: the newest backup (20261128-010203F) is 9 days old -> `ingot-agent backup now`"));
    backup.report->repositories[0].full.reset();
    EXPECT_THAT(said_of(seen, "backup"), HasSubstr("bad: there is no backup yet"));
    backup.report.reset();
    EXPECT_THAT(said_of(seen, "backup"), HasSubstr("warning: nothing is known of the backups yet"));
    backup.wanted = false;
    EXPECT_THAT(said_of(seen, "backup"), HasSubstr("warning: nothing is backed up: the user-data names no"));
}

TEST(Doctor, SeesADiskThatIsReadOnly) {
    auto seen = healthy();
    seen.disks[0].read_only = true;
    EXPECT_THAT(said_of(seen, "disk"), HasSubstr("bad: / is read-only -> "));
}

TEST(Doctor, SpeaksInLines) {
    EXPECT_EQ(
        to_screen_text({{"network", Verdict::good, "10.0.0.21", ""}, {"DNS", Verdict::bad, "none", "name one"}}),
        "ok    network  10.0.0.21\nBAD   DNS      none\n               -> name one\n");
}

// ---- Looking ------------------------------------------------------------------------------------------------

/// A name server on the loopback that answers with what `answer` makes of a question; nothing for an empty text.
class NameServerHere {
  public:
    explicit NameServerHere(std::function<std::string(std::string)> answer) {
        socket_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        sockaddr_in here{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
        socklen_t length = sizeof here;
        if (::bind(socket_, reinterpret_cast<sockaddr*>(&here), length) != 0 ||
            ::getsockname(socket_, reinterpret_cast<sockaddr*>(&here), &length) != 0 || ::pipe(stop_) != 0) {
            std::abort();
        }
        port_ = ntohs(here.sin_port);
        thread_ = std::thread([this, answer = std::move(answer)] { serve(answer); });
    }
    ~NameServerHere() {
        ::close(stop_[1]);
        thread_.join();
        ::close(stop_[0]);
        ::close(socket_);
    }
    NameServerHere(const NameServerHere&) = delete;
    NameServerHere& operator=(const NameServerHere&) = delete;
    [[nodiscard]] int port() const { return port_; }

  private:
    void serve(const std::function<std::string(std::string)>& answer) const {
        for (;;) {
            std::array<pollfd, 2> waits{
                {{.fd = socket_, .events = POLLIN, .revents = 0}, {.fd = stop_[0], .events = POLLIN, .revents = 0}}};
            ::poll(waits.data(), waits.size(), -1);
            if (waits[1].revents != 0) { return; }
            std::array<char, 512> bytes{};
            sockaddr_in from{};
            socklen_t length = sizeof from;
            auto* const whom = reinterpret_cast<sockaddr*>(&from);
            const auto got = ::recvfrom(socket_, bytes.data(), bytes.size(), 0, whom, &length);
            const auto text = answer(std::string(bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))));
            if (!text.empty()) { ::sendto(socket_, text.data(), text.size(), 0, whom, length); }
        }
    }
    int socket_ = -1;
    int stop_[2] = {-1, -1};
    int port_ = 0;
    std::thread thread_{};
};

TEST(Doctor, AsksANameServerAndTakesARefusalForAnAnswer) {
    const NameServerHere refuses([](std::string question) {
        question.at(2) = static_cast<char>(0x80 | 0x01); // an answer
        question.at(3) = 5;                              // refused
        return question;
    });
    EXPECT_TRUE(answers_dns("127.0.0.1", refuses.port()));
    const NameServerHere silent([](const std::string&) { return std::string(); });
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_FALSE(answers_dns("127.0.0.1", silent.port(), 200ms));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 4s);
    const NameServerHere echoes([](std::string question) { return question; }); // a question is no answer
    EXPECT_FALSE(answers_dns("127.0.0.1", echoes.port(), 200ms));
    const NameServerHere babbles([](const std::string&) { return std::string("hello"); });
    EXPECT_FALSE(answers_dns("127.0.0.1", babbles.port(), 200ms));
    const int closed = [] { return NameServerHere([](std::string text) { return text; }).port(); }();
    EXPECT_FALSE(answers_dns("127.0.0.1", closed, 200ms));
    EXPECT_FALSE(answers_dns("no address"));
}

TEST(Doctor, FindsTheNamesThatBackupsNeed) {
    EXPECT_EQ(names_in("[global]\nrepo1-type=s3\nrepo1-s3-endpoint=s3.example.org\nrepo2-sftp-host=10.0.0.9\n"
                       "repo3-sftp-host=backup.example.org\nrepo3-sftp-host-user=pg\n"),
              (std::vector<std::string>{"s3.example.org", "backup.example.org"}));
}

class Looking : public testing::Test {
  protected:
    void SetUp() override {
        world_.write("/usr/lib/ingot/role", "db\n");
        NodeSpec node{.name = "db-1", .instance_id = "i", .address = "10.0.0.21"};
        node.config.cluster = "orders";
        node.config.role = cloud_init::Role::db;
        node.config.etcd.founders = {{"etcd-1", "10.0.0.11"}, {"etcd-2", "10.0.0.12"}};
        world_.write(kNodeFile, to_json_text(node));
    }
    test::World world_{};
};

TEST_F(Looking, SeesEtcdPatroniAndBackups) {
    world_.answers["https://10.0.0.11:2379/health"] = {.status = 200, .body = R"({"health":"true","reason":""})"};
    world_.answers["https://10.0.0.12:2379/health"] = {.status = 503,
                                                       .body = R"({"health":"false","reason":"NOSPACE"})"};
    world_.answers["https://10.0.0.21:8008/patroni"] = {
        .status = 200, .body = R"({"state": "running", "role": "primary", "timeline": 4, "pause": true})"};
    world_.write(backup::kConfigFile, "[global]\n");
    const auto at = clock::WallTime(400'000h);
    const json::Json status{{"report", backup::to_json(good_report(at))},
                            {"restore_test", backup::to_json(backup::RestoreTest{.at = at, .passed = true})},
                            {"wal", backup::to_json(backup::WalView{.waiting = 3, .oldest = at}, at + 60s)}};
    world_.write(backup::kStatusFile, json::to_text(status));
    const auto seen = observe(world_.environment);
    ASSERT_EQ(seen.etcd.size(), 2U);
    EXPECT_EQ(seen.etcd[0].fault, "");
    EXPECT_EQ(seen.etcd[1].fault, "it says that it is not healthy (HTTP 503: NOSPACE)");
    EXPECT_EQ(seen.patroni->role, "primary");
    EXPECT_EQ(seen.patroni->timeline, 4);
    EXPECT_TRUE(seen.patroni->paused);
    EXPECT_TRUE(seen.backup->wanted);
    EXPECT_EQ(seen.backup->report->newest()->label, "20261128-010203F");
    EXPECT_TRUE(seen.backup->test->passed);
    EXPECT_EQ(seen.backup->wal_waiting, 3);
    EXPECT_EQ(seen.backup->wal_waits, 60s);
}

TEST_F(Looking, SeesNothingOfAClusterOnAMachineThatIsNoNodeYet) {
    ASSERT_TRUE(files::remove_file(world_.environment.root.at(kNodeFile)));
    const auto seen = observe(world_.environment);
    EXPECT_TRUE(seen.etcd.empty());
    EXPECT_FALSE(seen.patroni.has_value());
    EXPECT_FALSE(seen.certificate.has_value());
    for (const auto& finding : judge(seen)) { EXPECT_FALSE(finding.sentence.empty()); }
}

TEST_F(Looking, HoldsTheCertificateAgainstKeyAndCas) {
    const auto now = world_.clock.now();
    const auto ca = crypto::make_ca("orders", "db", now).value();
    const auto leaf = crypto::issue_leaf(ca, {.cluster = "orders", .role = "db", .common_name = "db-1"}, now).value();
    const auto write = [this](const std::string& name, const std::string& content) {
        world_.write(text::format("{}/{}", paths::kPki, name), content);
    };
    write("node.crt", leaf.certificate_pem);
    write("node.key", leaf.key_pem.reveal());
    write("ca-all.crt", ca.certificate_pem);
    write("ca-db.crt", ca.certificate_pem);
    auto seen = observe(world_.environment);
    EXPECT_TRUE(seen.certificate->readable);
    EXPECT_EQ(seen.certificate->fault, "");
    ASSERT_EQ(seen.authorities.size(), 1U);
    EXPECT_EQ(seen.authorities[0].role, "db");
    write("ca-all.crt", crypto::make_ca("orders", "db", now).value().certificate_pem);
    EXPECT_NE(observe(world_.environment).certificate->fault, "");
    write("ca-all.crt", ca.certificate_pem);
    write("node.key", ca.key_pem.reveal());
    EXPECT_NE(observe(world_.environment).certificate->fault, "");
    ASSERT_TRUE(files::remove_file(world_.environment.root.at(text::format("{}/node.key", paths::kPki))));
    EXPECT_EQ(observe(world_.environment).certificate->fault, "its key is missing");
    write("node.crt", "-----BEGIN CERTIFICATE-----\nx\n");
    EXPECT_FALSE(observe(world_.environment).certificate->readable);
}

TEST_F(Looking, AsksTheNameServersOfTheMachine) {
    world_.write("/run/systemd/resolve/resolv.conf", "# x\nnameserver 127.0.0.1\nnameserver fe80::1%eth0\n");
    world_.write("/etc/resolv.conf", "nameserver 127.0.0.53\n");
    const auto seen = observe(world_.environment);
    ASSERT_EQ(seen.name_servers.size(), 1U); // the servers themselves, not the stub in front of them
    EXPECT_EQ(seen.name_servers[0].address, "127.0.0.1");
}

} // namespace
} // namespace ingot::firstboot::doctor
