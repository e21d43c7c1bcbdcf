// An etcd client with the connection it uses, and a lock that ends with its holder.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "firstboot/coordination/etcd_client.hpp"

namespace ingot::firstboot {

/// A client that owns its connections. For one thread at a time.
class EtcdSession {
  public:
    /// `founders`: name → address, as in the user-data.
    EtcdSession(std::unique_ptr<http::HttpClient> http, const std::map<std::string, std::string>& founders,
                http::Tls tls);
    EtcdClient* operator->() { return &client_; }
    EtcdClient& operator*() { return client_; }

  private:
    std::unique_ptr<http::HttpClient> http_;
    EtcdClient client_;
};

/// A lock in etcd: a key bound to a lease. It ends when the object dies, or `ttl` after the last renewal
/// if the machine does. Work under it must be harmless if the lock is lost meanwhile.
class LeaseLock {
  public:
    /// transient, with the holder's name, if another one holds it.
    static Result<LeaseLock> acquire(EtcdClient& etcd, std::string_view key, std::string_view holder,
                                     std::chrono::seconds ttl);
    LeaseLock(LeaseLock&& other) noexcept;
    LeaseLock& operator=(LeaseLock&&) = delete;
    LeaseLock(const LeaseLock&) = delete;
    LeaseLock& operator=(const LeaseLock&) = delete;
    ~LeaseLock();

    /// transient if it was lost.
    Status renew();

  private:
    LeaseLock(EtcdClient& etcd, std::string key, std::uint64_t lease);
    EtcdClient* etcd_;
    std::string key_;
    std::uint64_t lease_;
};

} // namespace ingot::firstboot
