#include "firstboot/coordination/session.hpp"

#include <utility>

#include "common/text/text.hpp"

namespace ingot::firstboot {

namespace {

std::vector<std::string> endpoints_of(const std::map<std::string, std::string>& founders) {
    std::vector<std::string> endpoints;
    for (const auto& [name, address] : founders) {
        const bool ipv6 = address.find(':') != std::string::npos;
        endpoints.push_back(ipv6 ? text::format("https://[{}]:2379", address)
                                 : text::format("https://{}:2379", address));
    }
    return endpoints;
}

} // namespace

EtcdSession::EtcdSession(std::unique_ptr<http::HttpClient> http, const std::map<std::string, std::string>& founders,
                         http::Tls tls)
    : http_(std::move(http)), client_(*http_, endpoints_of(founders), std::move(tls)) {}

LeaseLock::LeaseLock(EtcdClient& etcd, std::string key, std::uint64_t lease)
    : etcd_(&etcd), key_(std::move(key)), lease_(lease) {}

LeaseLock::LeaseLock(LeaseLock&& other) noexcept
    : etcd_(other.etcd_), key_(std::move(other.key_)), lease_(std::exchange(other.lease_, 0)) {}

LeaseLock::~LeaseLock() {
    // Best effort: if etcd does not answer, the lease ends by itself.
    if (lease_ != 0) { static_cast<void>(etcd_->revoke_lease(lease_)); }
}

Result<LeaseLock> LeaseLock::acquire(EtcdClient& etcd, std::string_view key, std::string_view holder,
                                     std::chrono::seconds ttl) {
    INGOT_ASSIGN(const auto lease, etcd.grant_lease(ttl), "");
    LeaseLock lock(etcd, std::string(key), lease); // from here on the lease is given back, whatever happens
    INGOT_ASSIGN(const bool created, etcd.create(key, holder, lease), "");
    if (created) { return lock; }
    INGOT_ASSIGN(const auto present, etcd.get(key), "");
    return fail(ErrorKind::transient,
                text::format("{} is held by {}", key, present ? present->value : std::string("somebody")));
}

Status LeaseLock::renew() {
    INGOT_ASSIGN(const bool alive, etcd_->keep_alive(lease_), text::format("renewing {}", key_));
    if (!alive) { return fail(ErrorKind::transient, text::format("{} was lost", key_)); }
    return {};
}

} // namespace ingot::firstboot
