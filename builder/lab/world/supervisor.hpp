// The first process of a lab's world: owns its machines and network, and does what the client asks.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "builder/lab/model/metadata.hpp"
#include "builder/lab/model/network_rules.hpp"
#include "builder/lab/model/state.hpp"
#include "builder/lab/model/table.hpp"
#include "builder/lab/world/control_server.hpp"
#include "builder/lab/world/forwarder.hpp"
#include "builder/lab/world/machine.hpp"
#include "builder/lab/world/metadata_server.hpp"
#include "builder/lab/world/observer.hpp"
#include "builder/lab/world/switch.hpp"
#include "cloud-init/cluster/cluster.hpp"
#include "common/process/process.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::lab {

/// Sockets of the host, made before its network was left.
struct HostSockets {
    files::Fd control; ///< bound, not listening
    files::Fd primary;
    files::Fd replica;
    files::Fd pool;
};

class Supervisor {
  public:
    Supervisor(process::Processes& processes, Paths paths, LabState state, cloud_init::Cluster cluster,
               LabNetwork network);

    /// Mounts images, makes the network, starts the services. No machine is switched on yet.
    Status open(const cloud_init::Secrets& secrets, HostSockets sockets);
    /// Looks after the machines until the lab is closed.
    void run();

    /// One request of the client. Thread-safe.
    Result<json::Json> handle(const json::Json& request);

  private:
    using Names = std::vector<std::string>;
    using Guard = std::unique_lock<std::mutex>;

    // Requests (supervisor_requests.cpp). Those with a Guard have the lock and may let it go while they wait.
    Result<json::Json> status(Guard& guard, bool deep);
    /// Gives those that are off another instance-id.
    void renew_instances(const Names& names);
    /// `options`: for the command line of PID 1, for this boot only.
    Status start(const Names& names, const std::vector<std::string>& options = {});
    Status stop(Guard& guard, const Names& names, std::chrono::seconds patience);
    Status kill(Guard& guard, const Names& names);
    Status freeze(const Names& names, bool frozen) const;
    /// `hostname`: what the metadata calls it; `user_data`: of this machine alone. Empty: as for all.
    Result<json::Json> add(Role role, const std::string& hostname, const std::string& user_data);
    Status wipe(Guard& guard, const Names& names);
    Status remove(Guard& guard, const Names& names);
    Status partition(const std::vector<std::string>& groups);
    Status heal();
    Result<json::Json> leader(const Names& names);
    Status close(Guard& guard);

    // Machines (supervisor.cpp). All need the lock.
    Status adopt(const Member& member);
    Status prepare(const Member& member);
    Status power_on(const Member& member, const std::vector<std::string>& options = {});
    void reap();
    bool wait_until_off(Guard& guard, const Names& names, std::chrono::seconds patience);
    Status save();
    [[nodiscard]] Result<Names> known(const json::Json& request) const;
    [[nodiscard]] std::optional<int> memory_of(const Member& member) const;

    std::optional<Instance> instance_at(const std::string& address);
    std::string user_data_of(const Member& member);
    std::vector<std::string> proxy_addresses();

    process::Processes& processes_;
    Paths paths_;
    LabState state_;
    cloud_init::Cluster cluster_;
    LabNetwork network_;
    Switch switch_;
    Cuts cuts_;
    std::map<Role, std::string> user_data_;
    std::map<std::string, Machine> machines_;
    std::optional<Observer> observer_;
    bool closing_ = false;

    std::mutex mutex_;
    std::condition_variable changed_;

    // Last, so that their threads end before what they use.
    std::unique_ptr<MetadataServer> metadata_;
    std::vector<std::unique_ptr<Forwarder>> forwarders_;
    ControlServer control_;
};

} // namespace ingot::builder::lab
