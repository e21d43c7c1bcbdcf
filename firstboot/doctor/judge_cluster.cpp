#include <algorithm>

#include "common/text/text.hpp"
#include "firstboot/doctor/doctor.hpp"

namespace ingot::firstboot::doctor {

namespace {

using Findings = std::vector<Finding>;

/// "3 days", "5 hours", "2 minutes": how long ago, or until when.
std::string roughly(std::chrono::milliseconds time) {
    const auto say = [](auto count, std::string_view unit) {
        return text::format("{} {}{}", count, unit, count == 1 ? "" : "s");
    };
    if (time >= std::chrono::days(2)) { return say(std::chrono::floor<std::chrono::days>(time).count(), "day"); }
    if (time >= std::chrono::hours(2)) { return say(std::chrono::floor<std::chrono::hours>(time).count(), "hour"); }
    return say(std::chrono::floor<std::chrono::minutes>(time).count(), "minute");
}

void judge_own_certificate(const OwnCertificate& own, clock::WallTime now, Findings& findings) {
    constexpr auto kFew = std::chrono::days(7);
    const auto add = [&findings](Verdict verdict, std::string sentence, std::string advice) {
        findings.push_back({"certificate", verdict, std::move(sentence), std::move(advice)});
    };
    if (!own.readable) {
        return add(Verdict::bad, "this node's certificate cannot be read",
                   "the agent makes a new one when it is restarted: `systemctl restart ingot-agent`");
    }
    if (own.begins > now) {
        return add(Verdict::bad,
                   text::format("this node's certificate is valid in {} only: the clock goes wrong, or went wrong "
                                "when it was made",
                                roughly(own.begins - now)),
                   "set the clock right (`timedatectl`), then `systemctl restart ingot-agent`");
    }
    if (own.ends <= now) {
        return add(Verdict::bad, "this node's certificate has run out",
                   "nobody trusts this node now; is the clock right? `systemctl restart ingot-agent` renews it");
    }
    if (!own.fault.empty()) {
        return add(Verdict::bad, text::format("this node's certificate is not trusted: {}", own.fault),
                   "`systemctl restart ingot-agent` asks for a new one; has a CA been rotated while this machine was "
                   "off?");
    }
    if (own.ends - now < kFew) {
        return add(Verdict::warning, text::format("this node's certificate runs out in {}", roughly(own.ends - now)),
                   "the agent renews it long before: look at identity.renew in `ingot-agent status`");
    }
    add(Verdict::good, text::format("valid for {}", roughly(own.ends - now)), "");
}

/// The newest backup of all repositories, in words.
std::string newest_backup(const backup::Report& report, clock::WallTime now) {
    const auto* const newest = report.newest();
    return newest == nullptr
               ? "there is no backup yet"
               : text::format("the newest backup ({}) is {} old", newest->label, roughly(now - newest->stop));
}

void judge_repositories(const backup::Report& report, Findings& findings) {
    for (const auto& repository : report.repositories) {
        const auto which = text::format("repository {} ({})", repository.number, repository.place);
        if (repository.status != 0) {
            findings.push_back({"backup", Verdict::bad, text::format("{}: {}", which, repository.message),
                                "is the place reachable from here, and are its credentials right? "
                                "`ingot-agent backup list` has what is known"});
        }
        if (repository.failure) {
            findings.push_back({"backup", Verdict::warning,
                                text::format("{}: the last {} attempt{} failed, on {}: {}", which,
                                             repository.failure->count, repository.failure->count == 1 ? "" : "s",
                                             repository.failure->node, repository.failure->message),
                                "it is tried again by itself; `ingot-agent backup now` does so at once"});
        }
    }
}

} // namespace

void judge_certificates(const Observations& seen, Findings& findings) {
    if (seen.certificate) { judge_own_certificate(*seen.certificate, seen.now, findings); }
    constexpr auto kSoon = std::chrono::days(90);
    for (const auto& authority : seen.authorities) {
        const bool over = authority.ends <= seen.now;
        if (!over && authority.ends - seen.now >= kSoon) { continue; }
        findings.push_back(
            {"certificate", over ? Verdict::bad : Verdict::warning,
             over ? text::format("the {} CA has run out: nobody trusts its certificates", authority.role)
                  : text::format("the {} CA runs out in {}, and all its certificates with it", authority.role,
                                 roughly(authority.ends - seen.now)),
             text::format("`ingot cluster rotate-ca {}`, see docs/security.md", authority.role)});
    }
}

void judge_etcd(const Observations& seen, Findings& findings) {
    if (seen.etcd.empty()) { return; }
    std::vector<std::string> silent;
    for (const auto& member : seen.etcd) {
        if (!member.fault.empty()) { silent.push_back(text::format("{} ({})", member.name, member.fault)); }
    }
    const auto all = seen.etcd.size();
    const auto serving = all - silent.size();
    if (silent.empty()) {
        findings.push_back({"etcd", Verdict::good, text::format("all {} members serve", all), ""});
        return;
    }
    const bool quorum = serving > all / 2;
    findings.push_back(
        {"etcd", quorum ? Verdict::warning : Verdict::bad,
         text::format("{} of {} members serve; not {}", serving, all, text::join(silent, ", ")),
         quorum ? "the cluster works, and stops when too many fail: `systemctl status ingot-etcd` there, or boot a "
                  "replacement (docs/etcd.md)"
                : "without a majority nobody leads: does this node reach port 2379 of them (a proxy: 2383), do they "
                  "run? "
                  "docs/etcd.md says what to do when they are lost"});
}

void judge_patroni(const Observations& seen, Findings& findings) {
    if (!seen.patroni) { return; }
    const auto& patroni = *seen.patroni;
    const auto add = [&findings](Verdict verdict, std::string sentence, std::string advice) {
        findings.push_back({"Patroni", verdict, std::move(sentence), std::move(advice)});
    };
    if (!patroni.fault.empty()) {
        return add(Verdict::bad, text::format("it does not answer: {}", patroni.fault),
                   "`systemctl status patroni`, `journalctl -u patroni`");
    }
    const bool replica = patroni.role == "replica";
    const bool runs = patroni.state == "running" || patroni.state == "streaming";
    const bool streams = !replica || patroni.replication == "streaming" ||
                         (patroni.replication.empty() && patroni.state == "streaming");
    const auto sentence = text::format(
        "{}, {}, timeline {}", patroni.role,
        runs && replica && !patroni.replication.empty() ? patroni.replication : patroni.state, patroni.timeline);
    if (!runs) {
        const bool begins = patroni.state == "starting" || patroni.state == "creating replica" ||
                            patroni.state == "restarting" || patroni.state.starts_with("initializing");
        add(begins ? Verdict::warning : Verdict::bad, sentence,
            begins ? "it is on its way: `patronictl list` shows how far"
                   : "`patronictl list`, `journalctl -u patroni`");
    } else if (!streams) {
        add(Verdict::warning, text::format("{}: this replica does not stream", sentence),
            "it catches up from the archive, or there is no leader: `patronictl list`");
    } else {
        add(Verdict::good, sentence, "");
    }
    if (patroni.paused) {
        add(Verdict::warning, "it is paused: a leader that dies is not replaced", "`patronictl resume`");
    }
}

void judge_backup(const Observations& seen, Findings& findings) {
    if (!seen.backup) { return; }
    const auto& backup = *seen.backup;
    const auto add = [&findings](Verdict verdict, std::string sentence, std::string advice) {
        findings.push_back({"backup", verdict, std::move(sentence), std::move(advice)});
    };
    if (!backup.wanted) {
        return add(Verdict::warning, "nothing is backed up: the user-data names no repository",
                   "name one in backup.repositories of cluster.yaml (docs/backups.md)");
    }
    if (!backup.report) {
        return add(Verdict::warning, "nothing is known of the backups yet",
                   "the leader looks at the repositories once it leads; `ingot-agent status` has what it waits for");
    }
    constexpr auto kOld = std::chrono::days(8); // full backups are weekly unless somebody wants it otherwise
    const auto* const newest = backup.report->newest();
    const auto sentence = newest_backup(*backup.report, seen.now);
    judge_repositories(*backup.report, findings);
    constexpr auto kLate = std::chrono::minutes(5);
    if (backup.wal_waiting > 0 && backup.wal_waits >= kLate) {
        add(Verdict::bad,
            text::format("{} WAL segment{} of this node wait to be archived, for {}{}{}", backup.wal_waiting,
                         backup.wal_waiting == 1 ? "" : "s", roughly(backup.wal_waits),
                         backup.wal_fault.empty() ? "" : ": ", backup.wal_fault),
            "none is dropped, and the disk fills meanwhile: mend the repository");
    }
    if (backup.test && !backup.test->passed) {
        add(Verdict::bad,
            text::format("the restore test of {} failed on {}: {}", backup.test->label, backup.test->node,
                         backup.test->message),
            "a backup that cannot be restored is none: `ingot-agent backup verify`, then `ingot-agent backup test`");
    }
    if (newest == nullptr || seen.now - newest->stop > kOld) {
        add(newest == nullptr ? Verdict::bad : Verdict::warning, sentence,
            "`ingot-agent backup now` asks for one; `ingot-agent status` has why there was none");
    } else {
        add(Verdict::good,
            text::format("{}{}", sentence,
                         backup.test && backup.test->passed
                             ? text::format("; a restore was tested {} ago", roughly(seen.now - backup.test->at))
                             : "; no restore has been tested yet"),
            "");
    }
}

} // namespace ingot::firstboot::doctor
