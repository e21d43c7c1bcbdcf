// etcd v3 by its JSON gateway (/v3/…): what Ingot needs of it, nothing about PostgreSQL.
//
// Wire facts are in the gateway's own words: bytes are base64, 64-bit numbers are strings, zero
// values are left out. Reads are tried at each endpoint in turn, starting with the one that answered
// last. A change is sent once, to an endpoint that has just proved that it has a leader: a timeout after
// sending is ambiguous (it may have happened), so it is returned as transient and never repeated here.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/http/http.hpp"
#include "common/json/json.hpp"
#include "common/result/result.hpp"
#include "firstboot/coordination/etcd_view.hpp"

namespace ingot::firstboot {

class EtcdClient : public EtcdView {
  public:
    /// `endpoints` are base URLs ("https://10.0.0.11:2379").
    EtcdClient(http::HttpClient& http, std::vector<std::string> endpoints, http::Tls tls);

    /// Linearizable. not_found is an empty optional, not an error.
    Result<std::optional<KeyValue>> get(std::string_view key);
    Result<Listing> list(std::string_view prefix) override;
    /// `lease` 0: none.
    Status put(std::string_view key, std::string_view value, std::uint64_t lease = 0);
    /// Puts only if the key does not exist. False if it does.
    Result<bool> create(std::string_view key, std::string_view value, std::uint64_t lease = 0);
    /// Puts only if the key's mod_revision is still this. False if not.
    Result<bool> replace(std::string_view key, std::string_view value, std::int64_t mod_revision);
    Status remove(std::string_view key);
    /// Removes only if the key's mod_revision is still this. False if not.
    Result<bool> remove_if(std::string_view key, std::int64_t mod_revision);

    /// A lease that ends `ttl` after its last keep_alive.
    Result<std::uint64_t> grant_lease(std::chrono::seconds ttl);
    /// False if the lease is gone.
    Result<bool> keep_alive(std::uint64_t lease);
    Status revoke_lease(std::uint64_t lease);

    Result<bool> wait_for_change(std::string_view prefix, std::int64_t revision,
                                 std::chrono::milliseconds timeout) override;
    Result<std::vector<EtcdMember>> members() override;
    Status announce(std::string_view key, std::string_view value) override;
    Status withdraw(std::string_view key) override;
    /// A linearizable read goes through: there is a quorum.
    Status check_quorum();

  private:
    /// One POST to the current endpoint; a failure makes the next endpoint the current one.
    Result<json::Json> post(std::string_view path, const json::Json& body);
    /// For what may be repeated: each endpoint once.
    Result<json::Json> read(std::string_view path, const json::Json& body);
    /// For what must not: finds an endpoint that answers, then sends once.
    Result<json::Json> change(std::string_view path, const json::Json& body);
    /// A transaction of one comparison and one put; true if the comparison held.
    Result<bool> put_if(const json::Json& comparison, std::string_view key, std::string_view value,
                        std::uint64_t lease);
    [[nodiscard]] http::Request request(std::string_view path, const json::Json& body) const;
    void fail_over();

    http::HttpClient& http_;
    std::vector<std::string> endpoints_;
    http::Tls tls_;
    std::size_t current_ = 0;
    bool proven_ = false; ///< the current endpoint gave a good answer last time
};

/// Where Ingot keeps its keys: "/ingot/<cluster>/…". Patroni's are under "/service/<cluster>/".
std::string ingot_key(std::string_view cluster, std::string_view rest);
std::string patroni_key(std::string_view cluster, std::string_view rest);

} // namespace ingot::firstboot
