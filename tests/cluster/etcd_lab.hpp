// A lab of etcd machines, and what is true of a cluster that is well.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/files/files.hpp"
#include "tests/cluster/lab_driver.hpp"

namespace ingot::tests {

/// How many machines of each role cluster.yaml names.
struct Shape {
    int founders = 3;
    int db = 1; ///< one at least; switched off unless it is started
    int proxy = 0;
};

/// A member as etcd lists it.
struct EtcdMemberView {
    std::string name;
    std::string address;
    std::string id;
    bool learner = false;
};

class EtcdLab {
  public:
    EtcdLab(const std::string& name, const std::string& images) : driver_(name, images) {}

    /// The lab with all its machines switched off.
    bool prepare(const Shape& shape);
    void down() { driver_.down(); }

    bool start(const std::vector<std::string>& machines, const std::string& option = {});
    bool order(const std::string& verb, const std::vector<std::string>& machines);
    /// Returns the name in the lab; empty if it failed.
    std::string add(const std::string& role = "etcd", const std::string& hostname = {});

    /// Little patience for the dead, on this machine.
    bool be_impatient(const std::string& machine);
    /// etcdctl on a machine, against the member there.
    process::Output etcdctl(const std::string& machine, std::vector<std::string> words);
    std::optional<std::vector<EtcdMemberView>> members(const std::string& machine);
    /// etcd's id of the cluster, as this machine's member says.
    std::string cluster_id(const std::string& machine);
    /// "waiting: why…" as the machine's agent says it.
    std::string agent_says(const std::string& machine);

    /// Writes a set of keys that must be there from now on.
    bool write_keys(const std::string& machine, const std::string& name);
    /// Which of them are missing or wrong, read from this machine alone (`serializable`) or through a quorum.
    std::set<std::string> missing_keys(const std::string& machine, bool serializable = false);

    /// Exactly these are members, all voters, every agent is ready, all keys are there. Empty when it is so within
    /// `patience`; otherwise what is not.
    std::string whole(const std::vector<std::string>& machines, std::chrono::seconds patience);
    /// Empty when the agent says this within `patience`; otherwise what it says instead.
    std::string says(const std::string& machine, const std::string& text, std::chrono::seconds patience);

    LabDriver& driver() { return driver_; }

  private:
    std::string look(const std::vector<std::string>& machines);

    LabDriver driver_;
    std::optional<files::TempDir> folder_{};
    std::set<std::string> generations_{};
};

} // namespace ingot::tests
