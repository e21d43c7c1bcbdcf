// The little of etcd that every role needs: read, wait for a change, and say one thing for as long as one lives.
//
// EtcdClient gives it from etcd itself, view::ViewClient (firstboot/view) from the agents of the etcd nodes, for
// those that etcd does not let in. Whoever uses it does not know which.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/result/result.hpp"

namespace ingot::firstboot {

struct KeyValue {
    std::string key;
    std::string value;
    std::int64_t create_revision = 0;
    std::int64_t mod_revision = 0;
    std::uint64_t lease = 0; ///< that it ends with; 0: none
};

struct Listing {
    std::vector<KeyValue> entries;
    std::int64_t revision = 0; ///< of the store when it was read
};

struct EtcdMember {
    std::uint64_t id = 0;
    std::string name; ///< empty: added but never started
    std::vector<std::string> peer_urls;
    std::vector<std::string> client_urls;
    bool learner = false;
};

/// How long what was announced stands after the last call.
inline constexpr std::chrono::seconds kAnnouncementTtl{60};

class EtcdView {
  public:
    EtcdView() = default;
    virtual ~EtcdView() = default;

    /// Linearizable: everything under `prefix`.
    virtual Result<Listing> list(std::string_view prefix) = 0;
    /// Waits until something under `prefix` changes after `revision`, or `timeout`. True if it did (or
    /// if the revision was compacted away): list again.
    virtual Result<bool> wait_for_change(std::string_view prefix, std::int64_t revision,
                                         std::chrono::milliseconds timeout) = 0;
    virtual Result<std::vector<EtcdMember>> members() = 0;

    /// The key has this value from now until kAnnouncementTtl after the last call. Only for a key that nobody else
    /// writes. May be repeated.
    virtual Status announce(std::string_view key, std::string_view value) = 0;
    /// The end of what was announced. Success as well if nothing was.
    virtual Status withdraw(std::string_view key) = 0;

  protected:
    EtcdView(const EtcdView&) = default;
    EtcdView& operator=(const EtcdView&) = default;
    EtcdView(EtcdView&&) = default;
    EtcdView& operator=(EtcdView&&) = default;
};

} // namespace ingot::firstboot
