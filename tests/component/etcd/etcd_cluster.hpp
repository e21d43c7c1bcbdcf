// A real etcd cluster on loopback addresses, with TLS as on a node, for as long as the object lives.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "common/crypto/crypto.hpp"
#include "common/files/files.hpp"
#include "common/http/http.hpp"

namespace ingot::test {

/// The etcd program; nothing if it is not installed. INGOT_ETCD names another one.
std::optional<std::string> find_etcd();

class EtcdCluster {
  public:
    /// `spares` have a name, an address and a certificate, and are not started. `arguments` go to each etcd.
    explicit EtcdCluster(std::size_t members, std::size_t spares = 0, std::vector<std::string> arguments = {});
    ~EtcdCluster();
    EtcdCluster(const EtcdCluster&) = delete;
    EtcdCluster& operator=(const EtcdCluster&) = delete;
    EtcdCluster(EtcdCluster&&) = delete;
    EtcdCluster& operator=(EtcdCluster&&) = delete;

    void start(std::size_t member);
    /// Starts a spare with --initial-cluster-state=existing.
    void start_joiner(std::size_t member, const std::string& initial_cluster);
    /// Kills a member and empties its disk.
    void wipe(std::size_t member);
    void kill(std::size_t member);
    void suspend(std::size_t member) const;
    void resume(std::size_t member) const;

    [[nodiscard]] std::vector<std::string> endpoints() const;
    [[nodiscard]] std::string endpoint(std::size_t member) const;
    [[nodiscard]] std::string peer_url(std::size_t member) const;
    [[nodiscard]] const std::string& name(std::size_t member) const { return members_.at(member).name; }
    [[nodiscard]] std::string log_of(std::size_t member) const;
    [[nodiscard]] std::filesystem::path folder() const { return folder_.path(); }
    /// The identity of the first member, which peers accept.
    [[nodiscard]] http::Tls peer_tls() const;
    /// A client identity that the members accept; another role's CA, as a db node has.
    [[nodiscard]] http::Tls client_tls() const;
    /// As client_tls(), without a common name; made anew at each call.
    [[nodiscard]] http::Tls nameless_tls() const;
    /// An identity of a CA that nobody trusts.
    [[nodiscard]] http::Tls stranger_tls() const;

  private:
    struct Member {
        std::string name;
        std::string address;
        std::string data;
        pid_t pid = -1;
    };
    void make_pki();
    [[nodiscard]] std::string at(const std::string& name) const { return (folder_.path() / name).string(); }

    void run(std::size_t member, const std::string& initial_cluster, const std::string& state);

    files::TempDir folder_;
    std::vector<Member> members_;
    std::size_t founders_ = 0;
    std::vector<std::string> arguments_;
};

} // namespace ingot::test
