// Health of a node: observations of the machine, judged by pure rules.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/clock/clock.hpp"
#include "firstboot/backup/render.hpp"
#include "firstboot/backup/report.hpp"
#include "firstboot/node/node.hpp"
#include "firstboot/status/status.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot::doctor {

struct Disk {
    std::string path;
    std::uint64_t size = 0;
    std::uint64_t free = 0;
    std::uint64_t inodes = 0;
    std::uint64_t free_inodes = 0;
    bool read_only = false;
};

struct NameServer {
    std::string address;
    bool answers = false;
};

/// A CA that this node trusts: the certificate that signs, the first of its bundle.
struct Authority {
    std::string role; ///< "etcd", "db", "proxy"
    clock::WallTime ends{};
};

/// This node's certificate. A node that has not joined yet has none.
struct OwnCertificate {
    bool readable = false;
    clock::WallTime begins{};
    clock::WallTime ends{};
    std::string fault{}; ///< why key, certificate and CAs do not fit together
};

/// A member of etcd, as this node sees it.
struct EtcdHealth {
    std::string name;
    std::string fault{}; ///< empty: it serves
};

/// What Patroni's REST interface on this node says.
struct PatroniHealth {
    std::string fault{}; ///< it does not answer; nothing else is known then
    std::string state{}; ///< "running", "streaming", "starting", …
    std::string role{};
    std::string replication{}; ///< of a replica: "streaming", "in archive recovery"
    std::int64_t timeline = 0;
    bool paused = false;
};

/// What db nodes know of the backups.
struct BackupHealth {
    bool wanted = false; ///< the user-data names repositories
    std::optional<backup::Report> report{};
    std::optional<backup::RestoreTest> test{};
    std::int64_t wal_waiting = 0;
    std::chrono::seconds wal_waits{};
    std::string wal_fault{};
};

struct Observations {
    std::optional<NodeStatus> status{}; ///< absent: the agent has not said anything
    std::string role;
    std::vector<std::string> addresses{};
    bool default_route = false;
    std::vector<NameServer> name_servers{};
    std::map<std::string, bool> names{};      ///< hosts that this node needs by name, and whether they are found
    std::optional<bool> clock_synchronised{}; ///< absent: not known
    std::vector<Disk> disks{};
    std::optional<OwnCertificate> certificate{};
    std::vector<Authority> authorities{};
    std::map<std::string, std::string> units{}; ///< the role's units: active, failed, …
    std::vector<EtcdHealth> etcd{};             ///< empty: not known where they are
    std::optional<PatroniHealth> patroni{};     ///< db nodes
    std::optional<BackupHealth> backup{};       ///< db nodes
    clock::WallTime now{};
};

enum class Verdict { good, warning, bad };

struct Finding {
    std::string subject; ///< "network"
    Verdict verdict = Verdict::good;
    std::string sentence;
    std::string advice{}; ///< what to do; empty if all is well
};

/// Looks at the machine, some seconds at most. Never fails: what cannot be seen is absent.
Observations observe(Environment& environment);
/// One finding for each subject at least, in the order in which they are to be mended: without a network nothing
/// else can work.
std::vector<Finding> judge(const Observations& observations);
/// For a terminal.
std::string to_screen_text(const std::vector<Finding>& findings);

// The parts of both. Only for the files of this folder, and their tests.

/// True if something that speaks DNS answers there, whatever it says. Asks twice, and waits so long for each answer.
bool answers_dns(const std::string& address, int port = 53,
                 std::chrono::milliseconds patience = std::chrono::seconds(2));
/// The hosts that pgBackRest's file names; addresses are left out.
std::vector<std::string> names_in(std::string_view pgbackrest_conf);
std::vector<EtcdHealth> observe_etcd(const Environment& environment, const NodeSpec& node);
PatroniHealth observe_patroni(const Environment& environment, const NodeSpec& node);
BackupHealth observe_backup(const files::Root& root);
void judge_certificates(const Observations& seen, std::vector<Finding>& findings);
void judge_etcd(const Observations& seen, std::vector<Finding>& findings);
void judge_patroni(const Observations& seen, std::vector<Finding>& findings);
void judge_backup(const Observations& seen, std::vector<Finding>& findings);

} // namespace ingot::firstboot::doctor
