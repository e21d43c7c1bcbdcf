// The effects a step may have, passed in so that tests can give others.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "common/clock/clock.hpp"
#include "common/files/files.hpp"
#include "common/http/http.hpp"
#include "common/process/process.hpp"
#include "common/result/result.hpp"

namespace ingot::firstboot {

/// systemd's units, as far as the agent touches them.
class Services {
  public:
    virtual ~Services() = default;
    /// Starts without waiting for readiness (`systemctl start --no-block`).
    virtual Status start(std::string_view unit) = 0;
    virtual Status restart(std::string_view unit) = 0;
    virtual Status reload(std::string_view unit) = 0;
    virtual Status stop(std::string_view unit) = 0;
    /// "active", "activating", "inactive", "failed", … as systemd says.
    virtual Result<std::string> state(std::string_view unit) = 0;
    virtual Status reload_manager() = 0; ///< daemon-reload
};

/// Everything outside the process. One per thread that works (http clients are not shared).
struct Environment {
    files::Root root;
    process::Processes& processes;
    Services& services;
    clock::Clock& clock;
    std::function<std::unique_ptr<http::HttpClient>()> make_http;
};

/// Where things lie on a node. All below Environment::root.
namespace paths {
inline constexpr std::string_view kPki = "/etc/ingot/pki";   // node.crt node.key ca-{etcd,db,proxy,all}.crt
inline constexpr std::string_view kState = "/var/lib/ingot"; // durable: journal, identity, etcd founding token
inline constexpr std::string_view kRun = "/run/ingot";       // status.json
inline constexpr std::string_view kImageRole = "/usr/lib/ingot/role"; // written by the builder: one word
inline constexpr std::string_view kEtcdData = "/var/lib/ingot-etcd";  // own data directory; Debian's stays unused
} // namespace paths

} // namespace ingot::firstboot
