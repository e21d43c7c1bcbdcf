#include "tests/component/etcd/etcd_cluster.hpp"

#include <csignal>
#include <cstdlib>
#include <stdexcept>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock/clock.hpp"
#include "common/process/process.hpp"
#include "common/text/text.hpp"

namespace ingot::test {

namespace {

constexpr int kFirstNumber = 11;

template <typename T>
T must(Result<T> result) {
    if (!result) { throw std::runtime_error(result.error().to_string()); }
    return *std::move(result);
}

void must(const Status& status) {
    if (!status) { throw std::runtime_error(status.error().to_string()); }
}

} // namespace

std::optional<std::string> find_etcd() {
    if (const char* const named = std::getenv("INGOT_ETCD"); named != nullptr) { return named; }
    const char* const path = std::getenv("PATH");
    for (const auto& folder : text::split(path == nullptr ? "/usr/bin" : path, ':')) {
        if (::access((folder + "/etcd").c_str(), X_OK) == 0) { return folder + "/etcd"; }
    }
    return std::nullopt;
}

EtcdCluster::EtcdCluster(std::size_t members, std::size_t spares, std::vector<std::string> arguments)
    : folder_(must(files::TempDir::create("ingot-etcd-"))), founders_(members), arguments_(std::move(arguments)) {
    for (std::size_t index = 0; index < members + spares; ++index) {
        // Own loopback addresses, so that the ports are those of a node and clusters of other tests do not meet.
        const auto address = text::format("127.{}.{}.{}", 64 + ::getpid() % 128, ::getpid() / 128 % 250,
                                          kFirstNumber + static_cast<int>(index));
        const auto name = text::format("etcd-{}", index + 1);
        members_.push_back({.name = name, .address = address, .data = at(name)});
    }
    make_pki();
    for (std::size_t index = 0; index < members; ++index) { start(index); }
}

EtcdCluster::~EtcdCluster() {
    for (std::size_t index = 0; index < members_.size(); ++index) { kill(index); }
}

void EtcdCluster::make_pki() {
    const auto now = clock::SystemClock().now();
    const auto write = [this](const std::string& name, const crypto::Identity& identity) {
        must(files::write(at(name + ".crt"), identity.certificate_pem));
        must(files::write(at(name + ".key"), identity.key_pem.reveal(), {.mode = 0600}));
    };
    const auto etcd_ca = must(crypto::make_ca("test", "etcd", now));
    const auto db_ca = must(crypto::make_ca("test", "db", now));
    const auto stranger_ca = must(crypto::make_ca("other", "db", now));
    must(files::write(at("ca-etcd.crt"), etcd_ca.certificate_pem));
    must(files::write(at("ca-etcd-clients.crt"), etcd_ca.certificate_pem + db_ca.certificate_pem));
    for (const auto& member : members_) {
        write(member.name, must(crypto::issue_leaf(etcd_ca,
                                                   {.cluster = "test",
                                                    .role = "etcd",
                                                    .common_name = member.name,
                                                    .dns_names = {"localhost"},
                                                    .ip_addresses = {member.address, "127.0.0.1"}},
                                                   now)));
    }
    const crypto::LeafRequest db{.cluster = "test", .role = "db", .common_name = "db-1"};
    write("client", must(crypto::issue_leaf(db_ca, db, now)));
    write("ca-db", db_ca);
    write("stranger",
          must(crypto::issue_leaf(stranger_ca, {.cluster = "other", .role = "db", .common_name = "db-1"}, now)));
}

void EtcdCluster::start(std::size_t member) {
    std::vector<std::string> cluster;
    for (std::size_t index = 0; index < founders_; ++index) {
        cluster.push_back(text::format("{}={}", members_[index].name, peer_url(index)));
    }
    run(member, text::join(cluster, ","), "new");
}

void EtcdCluster::start_joiner(std::size_t member, const std::string& initial_cluster) {
    run(member, initial_cluster, "existing");
}

void EtcdCluster::wipe(std::size_t member) {
    kill(member);
    must(files::remove_tree(members_.at(member).data));
}

void EtcdCluster::run(std::size_t member, const std::string& initial_cluster, const std::string& state) {
    auto& self = members_.at(member);
    const auto peer = text::format("https://{}:2380", self.address);
    const auto client = text::format("https://{}:2379", self.address);
    std::vector<std::string> words{
        *find_etcd(), "--name=" + self.name, "--data-dir=" + self.data, "--listen-peer-urls=" + peer,
        "--initial-advertise-peer-urls=" + peer, "--listen-client-urls=" + client,
        "--advertise-client-urls=" + client, "--initial-cluster=" + initial_cluster,
        "--initial-cluster-state=" + state,
        // As on a node.
        "--pre-vote", "--strict-reconfig-check", "--initial-cluster-token=" + folder_.path().string(),
        "--client-cert-auth", "--trusted-ca-file=" + at("ca-etcd-clients.crt"),
        "--cert-file=" + at(self.name + ".crt"), "--key-file=" + at(self.name + ".key"), "--peer-client-cert-auth",
        "--peer-trusted-ca-file=" + at("ca-etcd.crt"), "--peer-cert-file=" + at(self.name + ".crt"),
        "--peer-key-file=" + at(self.name + ".key"), "--logger=zap"};
    const std::string log = at(self.name + ".log");
    words.insert(words.end(), arguments_.begin(), arguments_.end());
    std::vector<char*> pointers;
    pointers.reserve(words.size() + 1);
    for (auto& word : words) { pointers.push_back(word.data()); }
    pointers.push_back(nullptr);
    self.pid = ::fork();
    if (self.pid == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
        ::dup2(out, 1);
        ::dup2(out, 2);
        ::execv(pointers.front(), pointers.data());
        ::_exit(127);
    }
}

void EtcdCluster::kill(std::size_t member) {
    auto& pid = members_.at(member).pid;
    if (pid <= 0) { return; }
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    pid = -1;
}

void EtcdCluster::suspend(std::size_t member) const { ::kill(members_.at(member).pid, SIGSTOP); }

void EtcdCluster::resume(std::size_t member) const { ::kill(members_.at(member).pid, SIGCONT); }

std::string EtcdCluster::endpoint(std::size_t member) const {
    return text::format("https://{}:2379", members_.at(member).address);
}

std::string EtcdCluster::peer_url(std::size_t member) const {
    return text::format("https://{}:2380", members_.at(member).address);
}

std::string EtcdCluster::log_of(std::size_t member) const {
    return files::read(at(members_.at(member).name + ".log")).value_or("");
}

std::vector<std::string> EtcdCluster::endpoints() const {
    std::vector<std::string> urls;
    for (std::size_t index = 0; index < founders_; ++index) { urls.push_back(endpoint(index)); }
    return urls;
}

http::Tls EtcdCluster::peer_tls() const {
    const auto& name = members_.front().name;
    return {.ca_file = at("ca-etcd.crt"), .cert_file = at(name + ".crt"), .key_file = at(name + ".key")};
}

http::Tls EtcdCluster::client_tls() const {
    return {.ca_file = at("ca-etcd.crt"), .cert_file = at("client.crt"), .key_file = at("client.key")};
}

http::Tls EtcdCluster::nameless_tls() const {
    // By openssl: our own code makes no certificate without a name.
    process::PosixProcesses processes;
    const auto openssl = [&](std::vector<std::string> words) {
        words.insert(words.begin(), "openssl");
        static_cast<void>(must(process::run_checked(processes, {.argv = std::move(words)})));
    };
    openssl({"req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/O=test/OU=db",
             "-keyout", at("nameless.key"), "-out", at("nameless.csr")});
    openssl({"x509", "-req", "-in", at("nameless.csr"), "-CA", at("ca-db.crt"), "-CAkey", at("ca-db.key"), "-days",
             "1", "-out", at("nameless.crt")});
    return {.ca_file = at("ca-etcd.crt"), .cert_file = at("nameless.crt"), .key_file = at("nameless.key")};
}

http::Tls EtcdCluster::stranger_tls() const {
    return {.ca_file = at("ca-etcd.crt"), .cert_file = at("stranger.crt"), .key_file = at("stranger.key")};
}

} // namespace ingot::test
