// How long it takes until one more db machine, or five, serve reads: `./dev bench scale`. A lab of real images;
// power-on, then the moment in which the new machine streams, then the first answer that a client of the read port
// gets from it.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <future>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>

#include "common/text/text.hpp"
#include "tests/cluster/lab_driver.hpp"
#include "tests/cluster/lab_network.hpp"
#include "tests/cluster/postgres.hpp"

namespace ingot::tests {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

struct Options {
    int runs = 3;
    double size_gb = 0; ///< 0: a database of a few MB
    std::vector<int> replicas = {1, 5};
    std::vector<std::string> from = {"repository", "member"};
    std::string images = "build/images";
    std::string name = "scale";
    bool keep = false;
};

struct Moments {
    std::vector<double> streaming{};
    std::vector<double> routed{};
};

constexpr int kPostgresPort = 5432;
constexpr int kReadPort = 5001;

/// Rows until the database is as large as asked. Half of each row does not compress.
bool fill(LabDriver& lab, double size_gb) {
    const auto made = lab.sql("--primary", "CREATE TABLE IF NOT EXISTS filling (id bigint, half text, other text)");
    if (made.exit_code != 0) { return false; }
    constexpr double kRowsOfAGigabyte = 950'000;
    constexpr int kPortion = 95'000;
    const auto portions = static_cast<int>(size_gb * kRowsOfAGigabyte / kPortion);
    for (int portion = 0; portion < portions; ++portion) {
        const auto done = lab.lab(
            {"psql", "--primary", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c",
             text::format("INSERT INTO filling SELECT n, (SELECT string_agg(md5(random()::text || n || m), '') FROM "
                          "generate_series(1, 16) m), repeat('x', 512) FROM generate_series(1, {}) n",
                          kPortion)},
            600s);
        if (done.exit_code != 0) {
            std::fprintf(stderr, "%s\n", done.err.c_str());
            return false;
        }
    }
    return true;
}

/// The label of the newest full backup; empty if there is none.
std::string newest_full(LabDriver& lab) {
    for (const auto& line : text::lines(lab.exec(lab.primary(), {"ingot-agent", "backup", "list"}).out)) {
        const auto words = text::split(text::trim(line), ' ');
        if (words.front() == "full" && words.size() > 2) { return words[2]; }
    }
    return {};
}

/// A full backup of what is there now. The one that a new cluster makes by itself comes first.
bool back_up(LabDriver& lab) {
    if (!LabDriver::wait(600s, [&] { return !newest_full(lab).empty(); })) {
        std::fprintf(stderr, "there is no first backup\n");
        return false;
    }
    const auto first = newest_full(lab);
    const auto asked = lab.exec(lab.primary(), {"ingot-agent", "backup", "now", "--type", "full"});
    const auto is_made = [&] {
        const auto label = newest_full(lab);
        return !label.empty() && label != first;
    };
    if (asked.exit_code != 0 || !LabDriver::wait(1200s, is_made)) {
        std::fprintf(stderr, "the backup failed: %s\n", asked.err.c_str());
        return false;
    }
    return true;
}

/// In the lab's network: looks at the new machines and at whom the read port leads to.
void watch(const std::string& lab, const std::string& proxy, std::map<std::string, Clock::time_point> begun,
           Moments& moments) {
    if (!enter_network_of(lab)) { return; }
    std::set<std::string> streaming;
    std::set<std::string> routed;
    const auto since = [](Clock::time_point begin) {
        return std::chrono::duration<double>(Clock::now() - begin).count();
    };
    const auto deadline = Clock::now() + 840s;
    while (routed.size() < begun.size() && Clock::now() < deadline) {
        for (const auto& [address, begin] : begun) {
            if (streaming.contains(address)) { continue; }
            auto session = Postgres::connect(connection_string(lab, address, kPostgresPort), 500ms);
            if (!session) { continue; }
            const auto receives = session->run("SELECT pid IS NOT NULL FROM pg_stat_wal_receiver", 500ms);
            if (!receives || *receives != "t") { continue; }
            streaming.insert(address);
            moments.streaming.push_back(since(begin));
        }
        auto session = Postgres::connect(connection_string(lab, proxy, kReadPort), 500ms);
        const auto answer = session ? session->run("SELECT host(inet_server_addr())", 500ms) : session.error();
        const auto found = answer ? begun.find(*answer) : begun.end();
        if (found != begun.end() && routed.insert(found->first).second) {
            moments.routed.push_back(since(found->second));
        }
        std::this_thread::sleep_for(50ms);
    }
}

bool add_and_remove(LabDriver& lab, int count, Moments& moments) {
    const auto proxy = lab.of_role("proxy").front().address;
    std::map<std::string, Clock::time_point> begun;
    std::vector<std::string> names;
    std::vector<Clock::time_point> starts;
    for (int number = 0; number < count; ++number) {
        starts.push_back(Clock::now());
        const auto added = lab.lab({"add", "db"});
        if (added.exit_code != 0) { return false; }
        names.emplace_back(text::trim(added.out));
    }
    for (const auto& machine : lab.of_role("db")) {
        const auto at = std::ranges::find(names, machine.name);
        if (at != names.end()) {
            begun.emplace(machine.address, starts.at(static_cast<std::size_t>(at - names.begin())));
        }
    }
    std::async(std::launch::async, [&] { watch(lab.name(), proxy, begun, moments); }).get();
    const bool good = moments.routed.size() % static_cast<std::size_t>(count) == 0;
    std::vector<std::string> words = {"remove"};
    words.insert(words.end(), names.begin(), names.end());
    lab.lab(words);
    lab.wait_healthy(120s);
    return good;
}

double at_rank(std::vector<double> values, double rank) {
    if (values.empty()) { return 0; }
    std::ranges::sort(values);
    return values.at(static_cast<std::size_t>(rank * static_cast<double>(values.size() - 1) + 0.5));
}

/// A repository that is not there: pgBackRest fails at once, and Patroni copies from another member.
bool hide_repository(LabDriver& lab, bool hidden) {
    const std::string folder = "/var/lib/ingot/lab/" + lab.name() + "/repository";
    process::PosixProcesses processes;
    const auto* const script =
        hidden ? "mkdir -p \"$1.away\" && mv \"$1\"/* \"$1.away\"/" : "mv \"$1.away\"/* \"$1\"/";
    const auto done = processes.run({.argv = {"sh", "-c", script, "sh", folder}});
    return done && done->exit_code == 0;
}

/// Each member keeps as much WAL for reuse as its disk is taken to have room for, and all have the same disk here.
bool keep_little_wal(LabDriver& lab) {
    const auto machines = lab.of_role("db");
    return std::ranges::all_of(machines, [&](const MachineView& machine) {
        return lab.exec(machine.name, {"runuser", "-u", "postgres", "--", "psql", "-XAtc",
                                       "ALTER SYSTEM SET max_wal_size = '1GB'", "-c", "SELECT pg_reload_conf()"})
                   .exit_code == 0;
    });
}

bool bench(const Options& options, LabDriver& lab) {
    if (lab.status().empty()) {
        if (const auto up = lab.up(); up.exit_code != 0) {
            std::fprintf(stderr, "%s%s", up.out.c_str(), up.err.c_str());
            return false;
        }
    }
    if (!lab.wait_healthy(180s) || !keep_little_wal(lab) || !fill(lab, options.size_gb) || !back_up(lab)) {
        return false;
    }
    const auto answer =
        lab.sql("--primary", "SELECT pg_size_pretty(sum(pg_database_size(oid))) FROM pg_database").out;
    const std::string size(text::trim(answer));
    bool good = true;
    std::string table = "\n| database | copied from | new machines | runs | streaming: median s | last s | serves "
                        "reads: median s | last s |\n"
                        "|---|---|---|---|---|---|---|---|\n";
    for (const auto& from : options.from) {
        if (from == "member" && !hide_repository(lab, true)) { return false; }
        for (const int count : options.replicas) {
            Moments moments;
            for (int run = 0; run < options.runs; ++run) { good = add_and_remove(lab, count, moments) && good; }
            table += text::format("| {} | {} | {} | {} | {:.1f} | {:.1f} | {:.1f} | {:.1f} |\n", size, from, count,
                                  options.runs, at_rank(moments.streaming, 0.5), at_rank(moments.streaming, 1),
                                  at_rank(moments.routed, 0.5), at_rank(moments.routed, 1));
            std::printf("%s", table.c_str());
            std::fflush(stdout);
        }
        if (from == "member") { hide_repository(lab, false); }
    }
    return good;
}

} // namespace
} // namespace ingot::tests

int main(int argc, char** argv) {
    ingot::tests::Options options;
    CLI::App app("Measures how long new db machines take until they serve reads.");
    app.add_option("--runs", options.runs, "Runs of each case")->check(CLI::PositiveNumber)->capture_default_str();
    app.add_option("--size", options.size_gb, "Size of the database in GB; 0: a few MB")->capture_default_str();
    app.add_option("--replicas", options.replicas, "How many machines at once")->delimiter(',');
    app.add_option("--from", options.from, "repository, member")->delimiter(',');
    app.add_option("--images", options.images, "Folder of the built images")->capture_default_str();
    app.add_option("--name", options.name, "The lab's name")->capture_default_str();
    app.add_flag("--keep", options.keep, "Leave the lab running");
    CLI11_PARSE(app, argc, argv);
    ingot::tests::LabDriver lab(options.name, options.images);
    const bool good = ingot::tests::bench(options, lab);
    if (!options.keep) { lab.down(); }
    return good ? 0 : 1;
}
