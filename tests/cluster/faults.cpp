#include "tests/cluster/faults.hpp"

#include <algorithm>
#include <map>

#include "common/text/text.hpp"
#include "tests/cluster/writer_watch.hpp"

namespace ingot::tests {

namespace {

using namespace std::chrono_literals;
using Hurt = std::optional<std::vector<std::string>>;

Hurt done(const process::Output& output, std::vector<std::string> hurt, std::string& problem) {
    if (output.exit_code == 0) { return hurt; }
    problem = output.err;
    return std::nullopt;
}

Hurt with_leader(LabDriver& lab, std::string& problem, const std::string& verb) {
    const auto leader = lab.primary();
    return done(lab.lab({verb, leader}), {leader}, problem);
}

void start_again(LabDriver& lab, const std::vector<std::string>& hurt) {
    for (const auto& machine : hurt) { lab.lab({"start", machine}); }
}

Hurt kill_postgres(LabDriver& lab, std::string& problem) {
    const auto leader = lab.primary();
    return done(lab.exec(leader, {"sh", "-c", "kill -9 $(head -n 1 /var/lib/postgresql/*/main/postmaster.pid)"}),
                {leader}, problem);
}

Hurt kill_patroni(LabDriver& lab, std::string& problem) {
    const auto leader = lab.primary();
    return done(lab.exec(leader, {"systemctl", "kill", "--signal=KILL", "--kill-whom=main", "patroni.service"}),
                {leader}, problem);
}

/// The etcd machine that leads the others, as etcd itself says.
std::string etcd_leader(LabDriver& lab) {
    for (const auto& machine : lab.of_role("etcd")) {
        const auto answer =
            lab.exec(machine.name, {"etcdctl", text::format("--endpoints=https://{}:2379", machine.address),
                                    "--cacert=/etc/ingot/pki/ca-etcd.crt", "--cert=/etc/ingot/pki/node.crt",
                                    "--key=/etc/ingot/pki/node.key", "endpoint", "status", "--write-out=json"});
        const auto parsed = json::parse(answer.out);
        if (!parsed || !parsed->is_array() || parsed->empty()) { continue; }
        const auto& status = json::member(parsed->front(), "Status");
        const auto leader = json::unsigned_at(status, "leader");
        if (leader && leader == json::unsigned_at(json::member(status, "header"), "member_id")) {
            return machine.name;
        }
    }
    return {};
}

Hurt kill_both_leaders(LabDriver& lab, std::string& problem) {
    const auto leader = lab.primary();
    const auto etcd = etcd_leader(lab);
    if (lab.of_role("etcd").size() < 3 || etcd.empty()) {
        problem = "etcd has no leader that the others could do without";
        return std::nullopt;
    }
    return done(lab.lab({"kill", leader, etcd}), {leader, etcd}, problem);
}

Hurt kill_etcd_leader(LabDriver& lab, std::string& problem) {
    const auto etcd = etcd_leader(lab);
    if (lab.of_role("etcd").size() < 3 || etcd.empty()) {
        problem = "etcd has no leader that the others could do without";
        return std::nullopt;
    }
    return done(lab.lab({"kill", etcd}), {etcd}, problem);
}

Hurt switch_over(LabDriver& lab, std::string& problem) {
    const auto leader = lab.primary();
    return done(lab.exec(leader, {"ingot-agent", "switchover"}), {leader}, problem);
}

/// The proxy that the writer uses: the ledger begins with the first.
Hurt kill_proxy(LabDriver& lab, std::string& problem) {
    const auto proxies = lab.of_role("proxy");
    if (proxies.size() < 2) {
        problem = "there is only one proxy";
        return std::nullopt;
    }
    return done(lab.lab({"kill", proxies.front().name}), {proxies.front().name}, problem);
}

Hurt kill_replica(LabDriver& lab, std::string& problem) {
    for (const auto& machine : lab.of_role("db")) {
        if (!machine.leader && machine.running) {
            return done(lab.lab({"kill", machine.name}), {machine.name}, problem);
        }
    }
    problem = "there is no replica";
    return std::nullopt;
}

Hurt kill_etcd(LabDriver& lab, std::string& problem) {
    std::vector<std::string> words{"kill"};
    for (const auto& machine : lab.of_role("etcd")) { words.push_back(machine.name); }
    const std::vector<std::string> machines(words.begin() + 1, words.end());
    return done(lab.lab(words), machines, problem);
}

/// All of them at once, as the kernel does when memory ends.
Hurt kill_pools(LabDriver& lab, std::string& problem) {
    const auto proxies = lab.of_role("proxy");
    if (proxies.empty()) {
        problem = "there is no proxy";
        return std::nullopt;
    }
    return done(lab.exec(proxies.front().name, {"systemctl", "kill", "--signal=KILL", "haproxy.service",
                                                "pgbouncer.service", "ingot-read-pool.service"}),
                {proxies.front().name}, problem);
}

/// The replica that a commit waits for, where there is one; all others still see both.
Hurt part_replica(LabDriver& lab, std::string& problem) {
    const auto leader = lab.primary();
    for (const auto& machine : lab.of_role("db")) {
        const bool waited_for = machine.detail.find("synchronous") != std::string::npos;
        if (!machine.leader && machine.running && waited_for) {
            return done(lab.lab({"partition", leader, machine.name}), {leader, machine.name}, problem);
        }
    }
    problem = "there is no synchronous replica";
    return std::nullopt;
}

void heal(LabDriver& lab, const std::vector<std::string>& /*hurt*/) { lab.lab({"heal"}); }
void thaw(LabDriver& lab, const std::vector<std::string>& hurt) {
    for (const auto& machine : hurt) { lab.lab({"thaw", machine}); }
}

std::map<std::string, std::string> db_machines(LabDriver& lab) {
    std::map<std::string, std::string> found;
    for (const auto& machine : lab.of_role("db")) { found.emplace(machine.name, machine.address); }
    return found;
}

} // namespace

const std::vector<Fault>& faults() {
    const auto killing = [](LabDriver& lab, std::string& problem) { return with_leader(lab, problem, "kill"); };
    const auto cutting = [](LabDriver& lab, std::string& problem) { return with_leader(lab, problem, "partition"); };
    const auto freezing = [](LabDriver& lab, std::string& problem) { return with_leader(lab, problem, "freeze"); };
    static const std::vector<Fault> kFaults = {
        {.name = "postgres-killed", .title = "postgres killed", .aim = 5, .strike = kill_postgres},
        {.name = "leader-killed",
         .title = "leader machine killed",
         .aim = 24,
         .felt = 40s,
         .strike = killing,
         .mend = start_again},
        {.name = "both-leaders-killed",
         .title = "leader and etcd leader killed",
         .aim = 24,
         .felt = 60s,
         .strike = kill_both_leaders,
         .mend = start_again},
        {.name = "leader-cut-off",
         .title = "leader partitioned",
         .aim = 24,
         .felt = 40s,
         .strike = cutting,
         .mend = heal},
        {.name = "leader-frozen", .title = "leader frozen", .felt = 40s, .strike = freezing, .mend = thaw},
        {.name = "switchover", .title = "switchover", .aim = 1, .felt = 4s, .planned = true, .strike = switch_over},
        {.name = "proxy-killed", .title = "proxy killed (of two)", .strike = kill_proxy, .mend = start_again},
        {.name = "patroni-killed", .title = "Patroni killed", .strike = kill_patroni},
        {.name = "etcd-leader-killed",
         .title = "etcd leader killed",
         .often = false,
         .strike = kill_etcd_leader,
         .mend = start_again},
        {.name = "replica-killed",
         .title = "replica killed",
         .often = false,
         .strike = kill_replica,
         .mend = start_again},
        // Longer than all leases, and than whatever anybody might wait for.
        {.name = "etcd-away",
         .title = "all of etcd killed for two minutes",
         .felt = 120s,
         .often = false,
         .strike = kill_etcd,
         .mend = start_again},
        {.name = "pools-killed",
         .title = "HAProxy and PgBouncer killed",
         .felt = 5s,
         .often = false,
         .strike = kill_pools},
        {.name = "replica-parted",
         .title = "leader and synchronous replica parted",
         .felt = 20s,
         .often = false,
         .strike = part_replica,
         .mend = heal},
    };
    return kFaults;
}

const Fault* find_fault(std::string_view name) {
    const auto found = std::ranges::find(faults(), name, &Fault::name);
    return found == faults().end() ? nullptr : &*found;
}

FaultReport run_fault(LabDriver& lab, const Fault& fault) {
    using Clock = Ledger::Clock;
    constexpr auto kSettled = 3s;
    constexpr double kSteady = 0.7;
    constexpr double kFelt = 1.5;
    FaultReport report{.fault = fault.name};
    Ledger ledger(lab);
    WriterWatch watch(lab.name(), db_machines(lab));
    if (!ledger.open() || lab.sql("--pool", std::string(WriterWatch::table())).exit_code != 0) {
        report.problem = "the cluster takes no writes before the fault";
        return report;
    }
    ledger.start();
    watch.start();
    LabDriver::wait(30s, [&] { return ledger.acknowledged() >= 50; });

    const auto struck = Clock::now();
    const auto hurt = fault.strike(lab, report.problem);
    if (!hurt) { return report; }
    report.hurt = *hurt;
    // Over: writes go on steadily after a pause, or there was none in the time in which one is felt.
    LabDriver::wait(180s, [&] {
        const auto now = Clock::now();
        const bool steady = ledger.longest_pause_since(now - kSettled) < kSteady;
        return now - struck > kSettled && steady &&
               (now - struck > fault.felt || ledger.longest_pause_since(struck) > kFelt);
    });
    report.pause = ledger.longest_pause_since(struck);
    const auto mending = Clock::now();
    if (fault.mend) { fault.mend(lab, *hurt); }
    report.healthy = lab.wait_healthy(240s).has_value();
    LabDriver::wait(30s, [&] { return ledger.resumed_after(Clock::now() - 500ms).has_value(); });
    report.pause_of_mending = ledger.longest_pause_since(mending);
    ledger.stop();
    watch.stop();
    report.failures = ledger.failures_since(struck);
    report.failed = report.failures.size();
    report.acknowledged = ledger.acknowledged();
    report.second_writers = second_writers(watch.writes()).size();
    if (const auto audit = ledger.audit()) {
        report.lost = audit->lost.size();
        report.doubled = audit->doubled;
    } else {
        report.problem = "the table could not be read for the audit";
    }
    lab.sql("--pool", "DROP TABLE ledger; DROP TABLE writer_probe");
    return report;
}

std::string violations(const Fault& fault, const FaultReport& report) {
    std::vector<std::string> found;
    if (!report.problem.empty()) { found.push_back(report.problem); }
    if (report.lost > 0) { found.push_back(text::format("{} acknowledged rows are lost", report.lost)); }
    if (report.doubled > 0) { found.push_back(text::format("{} rows are there twice", report.doubled)); }
    if (report.second_writers > 0) {
        found.push_back(text::format("{} writes on two machines at a time", report.second_writers));
    }
    if (fault.planned && report.failed > 0) { found.push_back(text::format("{} statements failed", report.failed)); }
    if (report.problem.empty() && !report.healthy) { found.emplace_back("not all machines are healthy afterwards"); }
    return text::join(found, "; ");
}

} // namespace ingot::tests
