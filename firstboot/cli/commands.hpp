// What `ingot-agent` can be told to do. Each returns an exit code.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "cloud-init/userdata/access.hpp"
#include "common/result/result.hpp"
#include "firstboot/node/node.hpp"
#include "firstboot/status/status.hpp"
#include "firstboot/steps/steps.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot::cli {

/// `ingot-agent run`: until SIGTERM.
int run();
/// `ingot-agent setup`: until all is done, or SIGTERM.
int set_up();

/// The two programs of a machine say how they are in files of their own, and note the times of their steps; the agent
/// shows the other's steps beside its own.
inline constexpr std::string_view kStatusFile = "/run/ingot/status.json";
inline constexpr std::string_view kTimelineFile = "/run/ingot/timeline.json";
inline constexpr std::string_view kSetupStatusFile = "/run/ingot/setup.json";
inline constexpr std::string_view kSetupTimelineFile = "/run/ingot/setup-timeline.json";
inline constexpr std::string_view kSetupUnit = "ingot-setup.service";

/// Nothing is handed over any more: the next agent begins the setup anew.
void forget_handover(const Environment& environment);
/// How long to wait before looking again whether the other program has gone on.
std::chrono::milliseconds handover_pause(std::chrono::milliseconds waited);

struct StatusOptions {
    bool wait = false;
    bool json = false;
    std::chrono::seconds timeout{300};
};
/// `ingot-agent status`: 0 ready, 1 failed, 75 not (yet).
Result<int> status(const StatusOptions& options);

/// `cloud-init status`, as tools ask for it: the words, the JSON and the exit codes of cloud-init.
struct CloudInitStatusOptions {
    bool wait = false;
    bool details = false; ///< --long
    std::string format = "tabular";
};
Result<int> cloud_init_status(const CloudInitStatusOptions& options);

/// `ingot-agent plan FILE`: what a machine would do with this user-data, step by step. Changes nothing.
struct PlanOptions {
    std::string file{};
    std::string vendor_data{};
    std::string network{};
};
Result<int> plan(const PlanOptions& options);

/// `ingot-agent explain KEY`: what a key of cloud-config does here; all of them without KEY.
Result<int> explain(const std::string& key);

/// `ingot-agent doctor`: what is the matter with this machine. 0 nothing, 1 something is bad.
Result<int> doctor();

/// `ingot-agent timeline [--svg FILE]`: the boot on one axis of time.
Result<int> timeline(const std::string& svg_file);

/// `ingot-agent network FILE [--out DIR]`: systemd-networkd's files for a description of the network.
Result<int> network(const std::string& file, const std::string& folder);

/// `ingot-agent check FILE`: every fault of a user-data file.
Result<int> check(const std::string& file);

/// `ingot-agent may-restore FILE PATH`: 0 yes, 1 no (which PostgreSQL takes for "not in the archive").
Result<int> may_restore(const std::string& file, const std::string& path);

/// `ingot-agent archive PATH -- COMMAND…`: becomes the command that archives this WAL file. If the file leads past
/// the point at which this member's timeline forks off, and the archive has it as another member had it, that is
/// success.
Result<int> archive(const std::string& path, const std::vector<std::string>& command);

/// `ingot-agent trust`: who has joined, who was revoked. `revoke NAME`, `lift NAME`: on an etcd node.
Result<int> trust_list();
Result<int> trust_revoke(const std::string& name);
Result<int> trust_lift(const std::string& name);
/// `ingot-agent trust accept`: CAs and tokens of newer user-data, from standard input. Refused while a node that
/// lives would be shut out by it; `anyway`: accepted all the same.
Result<int> trust_accept(bool anyway);
/// `ingot-agent switchover [--to NODE] [--anyway]`, on a db node: a change of the leader that no client notices.
struct SwitchoverOptions {
    std::string to{};
    bool anyway = false;
};
Result<int> switchover(const SwitchoverOptions& options);
/// `ingot-agent retire`: takes a db node out of its cluster; see firstboot/db/retire.hpp.
struct RetireCommand {
    bool alone = false;
    bool undo = false;
    std::chrono::seconds timeout{600};
};
Result<int> retire(const RetireCommand& command);
/// `ingot-agent promote-cluster NAME`, `demote-cluster NAME`; see firstboot/db/promote.hpp.
Result<int> promote_cluster(const std::string& typed, bool source_may_live);
Result<int> demote_cluster(const std::string& typed);
/// `ingot-agent apply`: the cluster's settings become those of this node's user-data; see firstboot/db/settings.hpp.
Result<int> apply_settings();

/// The whole cluster in one table, on standard output; or why it cannot be seen.
void print_overview();
/// `ingot-agent backup list`: what is published about backups. As JSON: the file that metrics read.
Result<int> backup_list(bool json);
/// `ingot-agent backup now`: asks the cluster for a backup of this kind.
Result<int> backup_now(const std::string& kind, int repository);
/// `ingot-agent backup test`: asks the cluster for a restore test.
Result<int> backup_test();
/// `ingot-agent backup verify`: reads every file of a repository and compares it with its checksum.
Result<int> backup_verify(int repository);
/// `ingot-agent restore-test`: does one; for the unit of that name.
Result<int> restore_test(const std::string& plan_file, const std::string& result_file);

/// What the agent last said about itself.
Result<NodeStatus> read_status();

/// The folders in which a role keeps what must not be lost.
std::vector<std::string> role_data(const NodeSpec& node);

/// What the setup does for the role: all that takes more rights than the agent has.
std::vector<Step> role_machine_steps(const NodeSpec& node, Environment& environment);

/// The steps and duties of the node's role.
Role make_role(const NodeSpec& node, Environment& environment);

/// Lets an etcd node sign for the others, and follow changes of the CAs.
void add_join_service(Role& role, const NodeSpec& node, const cloud_init::AccessConfig& access,
                      Environment& environment);

/// Shuts out the addresses of revoked nodes, as far as that harms nobody else.
Status shut_out_revoked(const NodeSpec& node, const std::vector<std::string>& addresses, Environment& environment);

} // namespace ingot::firstboot::cli
