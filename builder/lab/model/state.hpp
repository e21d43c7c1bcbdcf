// What a lab remembers on disk beside its machines' disks: lab.json in its state folder.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "builder/lab/model/plan.hpp"
#include "common/json/json.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::lab {

/// Ports on 127.0.0.1 of the host that lead to the proxies.
struct HostPorts {
    int primary = 0; ///< HAProxy to the leader
    int replica = 0; ///< HAProxy to the replicas
    int pool = 0;    ///< PgBouncer to the leader
};

struct LabState {
    std::string name;
    std::string images;         ///< folder with <role>/root.squashfs
    std::string image_stamps{}; ///< tells these images from ones built later
    /// Set once the cluster took its first write. A lab that never got there is thrown away by the next `up`;
    /// one that did is started again with its disks.
    bool formed = false;
    HostPorts ports{};
    /// A file that is one more part of each machine's user-data, read whenever a machine asks; none if empty.
    std::string part{};
    /// Words for the command line of each machine.
    std::vector<std::string> words{};
    std::vector<Member> members{};
    UsedNumbers used{};

    [[nodiscard]] const Member* find(std::string_view member) const;
    [[nodiscard]] Member* find(std::string_view member);
};

std::string to_text(const LabState& state);
Result<LabState> parse_state(std::string_view text);

/// The places of one lab on the host.
struct Paths {
    std::string name;
    /// Kept over restarts of the lab.
    std::filesystem::path state;
    /// Socket and lock of the running supervisor.
    std::filesystem::path run;

    static Paths of(std::string_view name);
    [[nodiscard]] std::filesystem::path socket() const { return run / (name + ".sock"); }
    [[nodiscard]] std::filesystem::path lock() const { return run / (name + ".lock"); }
    [[nodiscard]] std::filesystem::path lab_json() const { return state / "lab.json"; }
    [[nodiscard]] std::filesystem::path ca_bundle() const { return state / "ca.crt"; }
    [[nodiscard]] std::filesystem::path pgpass() const { return state / "pgpass"; }
    [[nodiscard]] std::filesystem::path node(std::string_view member) const { return state / "nodes" / member; }
    /// Of a machine that was added with user-data of its own.
    [[nodiscard]] std::filesystem::path user_data(std::string_view member) const {
        return state / "nodes" / (std::string(member) + ".user-data");
    }
    [[nodiscard]] std::filesystem::path repository() const { return state / "repository"; }
    [[nodiscard]] std::filesystem::path logs() const { return state / "logs"; }
    [[nodiscard]] std::filesystem::path console(std::string_view member) const {
        return logs() / (std::string(member) + ".console.log");
    }
};

/// Path of a role's root filesystem image.
std::filesystem::path image_of(std::string_view images, Role role);

/// The lab's cgroup, relative to the cgroup2 root.
std::string cgroup_of(std::string_view lab);

} // namespace ingot::builder::lab
