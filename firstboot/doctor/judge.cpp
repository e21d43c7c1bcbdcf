#include <algorithm>

#include "common/text/text.hpp"
#include "firstboot/doctor/doctor.hpp"

namespace ingot::firstboot::doctor {

namespace {

using Findings = std::vector<Finding>;

void judge_network(const Observations& seen, Findings& findings) {
    if (seen.addresses.empty()) {
        findings.push_back({"network", Verdict::bad, "this machine has no address",
                            "look at `networkctl status`; the files are /etc/systemd/network/10-ingot-*"});
    } else if (!seen.default_route) {
        findings.push_back({"network", Verdict::warning,
                            text::format("{}, but no default route", text::join(seen.addresses, ", ")),
                            "fine in a private network only; `ip route` shows what there is"});
    } else {
        findings.push_back({"network", Verdict::good, text::join(seen.addresses, ", "), ""});
    }
}

void judge_dns(const Observations& seen, Findings& findings) {
    std::vector<std::string> all;
    std::vector<std::string> silent;
    for (const auto& server : seen.name_servers) {
        all.push_back(server.address);
        if (!server.answers) { silent.push_back(server.address); }
    }
    if (all.empty()) {
        findings.push_back(
            {"DNS", Verdict::warning, "there is no name server",
             "name one in network-config (nameservers); members reach each other by address all the same"});
    } else if (!silent.empty()) {
        const bool none = silent.size() == all.size();
        findings.push_back({"DNS", none ? Verdict::bad : Verdict::warning,
                            none ? text::format("no name server answers: {}", text::join(silent, ", "))
                                 : text::format("{} of {} name servers do not answer: {}", silent.size(), all.size(),
                                                text::join(silent, ", ")),
                            "is port 53 of it reachable from here? `resolvectl status`; members reach each other by "
                            "address all the same"});
    } else {
        findings.push_back({"DNS", Verdict::good, text::format("answers: {}", text::join(all, ", ")), ""});
    }
    for (const auto& [name, found] : seen.names) {
        if (found) { continue; }
        findings.push_back({"DNS", Verdict::bad, text::format("{} is not found, and backups go there", name),
                            text::format("`resolvectl query {}`; is it written right in cluster.yaml?", name)});
    }
}

void judge_time(const Observations& seen, Findings& findings) {
    if (!seen.clock_synchronised) {
        findings.push_back(
            {"time", Verdict::warning, "whether the clock is right is not known", "ask `timedatectl`"});
    } else if (!*seen.clock_synchronised) {
        findings.push_back(
            {"time", Verdict::warning, "the clock is not synchronised",
             "certificates and leases need the time: name a server in user-data (ntp), see `timedatectl "
             "timesync-status`"});
    } else {
        findings.push_back({"time", Verdict::good, "the clock is synchronised", ""});
    }
}

void judge_disks(const Observations& seen, Findings& findings) {
    constexpr std::uint64_t kHundred = 100;
    for (const auto& disk : seen.disks) {
        const auto percent = disk.size == 0 ? kHundred : disk.free * kHundred / disk.size;
        const auto inodes = disk.inodes == 0 ? kHundred : disk.free_inodes * kHundred / disk.inodes;
        const auto least = std::min(percent, inodes);
        const auto sentence =
            text::format("{}: {} of {} free{}", disk.path, text::human_bytes(disk.free), text::human_bytes(disk.size),
                         inodes < percent ? text::format(", but {} % of its inodes", inodes) : "");
        if (disk.read_only) {
            findings.push_back({"disk", Verdict::bad, text::format("{} is read-only", disk.path),
                                "the kernel does so when the disk fails: `journalctl -k -p err`; replace the machine "
                                "if it is the disk"});
        }
        constexpr std::uint64_t kBad = 3;
        constexpr std::uint64_t kFew = 10;
        const auto verdict = least < kBad ? Verdict::bad : least < kFew ? Verdict::warning : Verdict::good;
        findings.push_back({"disk", verdict, sentence,
                            verdict == Verdict::good ? ""
                                                     : "a full disk stops the database: make it larger, or see what "
                                                       "grows with `du -x --max-depth=2`"});
    }
}

std::string subject_of(std::string_view duty) {
    if (duty == "db.backup" || duty.starts_with("backup.")) { return "backup"; }
    if (duty.ends_with(".certificate") || duty.starts_with("identity.")) { return "certificate"; }
    if (duty.starts_with("db.")) { return "Patroni"; }
    if (duty.starts_with("etcd.")) { return "etcd"; }
    return std::string(duty.substr(0, duty.find('.')));
}

void judge_agent(const Observations& seen, Findings& findings) {
    if (!seen.status) {
        findings.push_back({"agent", Verdict::bad, "the agent has not said anything since this machine was started",
                            "`systemctl status ingot-agent`, `journalctl -u ingot-agent`"});
        return;
    }
    const auto& status = *seen.status;
    const auto why = text::join(status.messages, "; ");
    switch (status.state) {
    case NodeState::ready: findings.push_back({"agent", Verdict::good, "the node is ready", ""}); break;
    case NodeState::failed:
        findings.push_back({"agent", Verdict::bad, why.empty() ? "the node has failed" : why,
                            "this does not heal by itself; `ingot check` says on a workstation what is wrong with "
                            "user-data"});
        break;
    case NodeState::waiting:
    case NodeState::starting:
        findings.push_back({"agent", Verdict::warning, why.empty() ? "the node is being set up" : why,
                            "the agent tries until it works; `ingot-agent status --wait` waits with you"});
        break;
    }
    for (const auto& duty : status.duties) {
        if (duty.state == "failing") {
            findings.push_back({subject_of(duty.name), Verdict::bad, text::format("{}: {}", duty.name, duty.message),
                                "the agent goes on trying; `journalctl -u ingot-agent` has when it began"});
        }
    }
}

void judge_units(const Observations& seen, Findings& findings) {
    for (const auto& [unit, state] : seen.units) {
        if (state == "active") { continue; }
        const bool begun = state == "activating" || state == "reloading";
        findings.push_back({"services", begun ? Verdict::warning : Verdict::bad,
                            text::format("{} is {}", unit, state),
                            text::format("`systemctl status {0}`, `journalctl -u {0}`", unit)});
    }
}

} // namespace

std::vector<Finding> judge(const Observations& observations) {
    Findings findings;
    judge_network(observations, findings);
    judge_dns(observations, findings);
    judge_time(observations, findings);
    judge_disks(observations, findings);
    judge_certificates(observations, findings);
    judge_units(observations, findings);
    judge_etcd(observations, findings);
    judge_patroni(observations, findings);
    judge_backup(observations, findings);
    judge_agent(observations, findings);
    return findings;
}

std::string to_screen_text(const std::vector<Finding>& findings) {
    std::size_t width = 0;
    for (const auto& finding : findings) { width = std::max(width, finding.subject.size()); }
    std::string screen;
    for (const auto& finding : findings) {
        const auto* const mark = finding.verdict == Verdict::good      ? "ok  "
                                 : finding.verdict == Verdict::warning ? "look"
                                                                       : "BAD ";
        screen += text::format("{}  {:<{}}  {}\n", mark, finding.subject, width, finding.sentence);
        if (!finding.advice.empty()) { screen += text::format("      {:<{}}  -> {}\n", "", width, finding.advice); }
    }
    return screen;
}

} // namespace ingot::firstboot::doctor
