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
    explicit EtcdCluster(std::size_t members);
    ~EtcdCluster();
    EtcdCluster(const EtcdCluster&) = delete;
    EtcdCluster& operator=(const EtcdCluster&) = delete;
    EtcdCluster(EtcdCluster&&) = delete;
    EtcdCluster& operator=(EtcdCluster&&) = delete;

    void start(std::size_t member);
    void kill(std::size_t member);
    void suspend(std::size_t member) const;
    void resume(std::size_t member) const;

    [[nodiscard]] std::vector<std::string> endpoints() const;
    /// A client identity that the members accept; another role's CA, as a db node has.
    [[nodiscard]] http::Tls client_tls() const;
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

    files::TempDir folder_;
    std::vector<Member> members_;
};

} // namespace ingot::test
