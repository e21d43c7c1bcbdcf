// Asks the daemons on the lab's machines how they are, over their own TLS ports. etcd wants to know who asks: the lab
// issues itself a certificate of the role proxy, which may look and can log in nowhere. Patroni answers GET to
// anybody.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "builder/lab/model/observation.hpp"
#include "builder/lab/model/plan.hpp"
#include "cloud-init/cluster/cluster.hpp"
#include "common/clock/clock.hpp"
#include "common/http/http.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::lab {

class Observer {
  public:
    /// Writes the certificate and key into `folder`, which must be private.
    static Result<Observer> create(const cloud_init::Cluster& cluster, const cloud_init::Secrets& secrets,
                                   const std::filesystem::path& folder, clock::WallTime now);

    /// Trusts the CAs of these secrets from now on: they may have been rotated while the lab runs.
    [[nodiscard]] Status follow(const cloud_init::Secrets& secrets, clock::WallTime now) const;

    /// Adds to each sighting what the machine's daemons say. All are asked at once; the silent cost a second.
    void look(const std::vector<Member>& members, std::map<std::string, Sighting>& sightings) const;

    /// True if something listens there and answers within `patience`.
    [[nodiscard]] static bool is_open(const std::string& address, int port, std::chrono::milliseconds patience);

  private:
    [[nodiscard]] http::Tls tls_for(Role role) const;
    std::filesystem::path folder_;
    std::string cluster_;
    HostPorts proxy_ports_{};
};

} // namespace ingot::builder::lab
