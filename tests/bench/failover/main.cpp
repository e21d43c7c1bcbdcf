// How long a cluster takes no writes after a fault: `./dev bench failover`. A lab of real images, a writer through
// the pool that keeps a ledger, a probe at every database for two writers; each fault as often as asked. Exit code 1
// if a row was lost, two databases took writes, or a switchover let a statement fail; aims are printed, not held
// against it.
#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "common/text/text.hpp"
#include "tests/cluster/faults.hpp"

namespace ingot::tests {
namespace {

using namespace std::chrono_literals;

struct Options {
    int runs = 10;
    std::string images = "build/images";
    std::string name = "failover";
    std::string only{}; ///< names with commas between
    bool keep = false;
};

struct Series {
    std::vector<double> pauses{};
    std::size_t failed = 0;
    std::size_t lost = 0;
    std::size_t second_writers = 0;
    std::size_t rows = 0;
    int broken = 0; ///< runs with a violation
};

double at_rank(std::vector<double> values, double rank) {
    std::ranges::sort(values);
    const auto last = static_cast<double>(values.size() - 1);
    return values.at(static_cast<std::size_t>(rank * last + 0.5));
}

void print_table(const std::vector<const Fault*>& chosen, const std::map<std::string_view, Series>& results) {
    std::printf(
        "\n| fault | runs | min s | median s | p95 s | aim s | statements failed | rows lost of | two writers |\n"
        "|---|---|---|---|---|---|---|---|---|\n");
    for (const auto* fault : chosen) {
        const auto found = results.find(fault->name);
        if (found == results.end() || found->second.pauses.empty()) { continue; }
        const auto& series = found->second;
        std::printf("| %s | %zu | %.1f | %.1f | %.1f | %s | %zu | %zu of %zu | %zu |\n",
                    std::string(fault->title).c_str(), series.pauses.size(), at_rank(series.pauses, 0),
                    at_rank(series.pauses, 0.5), at_rank(series.pauses, 0.95),
                    fault->aim > 0 ? text::format("{}", fault->aim).c_str() : "–", series.failed, series.lost,
                    series.rows, series.second_writers);
    }
    std::fflush(stdout);
}

bool measure(LabDriver& lab, const Fault& fault, int run, Series& series) {
    const auto report = run_fault(lab, fault);
    const auto wrong = violations(fault, report);
    std::printf("%-30s run %2d: %5.1f s, mending %4.1f s, %zu failed, %zu rows%s%s\n",
                std::string(fault.title).c_str(), run, report.pause, report.pause_of_mending, report.failed,
                report.acknowledged, wrong.empty() ? "" : "  !! ", wrong.c_str());
    if (fault.planned) {
        for (const auto& failure : report.failures) { std::printf("    %s\n", failure.c_str()); }
    }
    std::fflush(stdout);
    if (!report.problem.empty()) { return false; }
    series.pauses.push_back(report.pause);
    series.failed += report.failed;
    series.lost += report.lost;
    series.second_writers += report.second_writers;
    series.rows += report.acknowledged;
    return wrong.empty();
}

int bench(const Options& options) {
    std::vector<const Fault*> chosen;
    for (const auto& fault : faults()) {
        const auto names = text::split(options.only, ',');
        const bool named = std::ranges::find(names, fault.name) != names.end();
        if (named || (options.only.empty() && fault.often)) { chosen.push_back(&fault); }
    }
    LabDriver lab(options.name, options.images);
    if (lab.status().empty()) {
        if (const auto up = lab.up(); up.exit_code != 0) {
            std::fprintf(stderr, "%s%s", up.out.c_str(), up.err.c_str());
            return 1;
        }
        lab.lab({"add", "proxy"});
    }
    bool good = lab.wait_healthy(180s).has_value();
    std::map<std::string_view, Series> results;
    for (const auto* fault : chosen) {
        for (int run = 1; run <= options.runs; ++run) {
            good = measure(lab, *fault, run, results[fault->name]) && good;
        }
    }
    print_table(chosen, results);
    if (!options.keep) { lab.down(); }
    return good ? 0 : 1;
}

} // namespace
} // namespace ingot::tests

int main(int argc, char** argv) {
    ingot::tests::Options options;
    CLI::App app("Measures how long a cluster takes no writes after a fault.");
    app.add_option("--runs", options.runs, "Runs of each fault")->check(CLI::PositiveNumber)->capture_default_str();
    app.add_option("--images", options.images, "Folder of the built images")->capture_default_str();
    app.add_option("--name", options.name, "The lab's name")->capture_default_str();
    app.add_option("--only", options.only, "Faults, with commas between");
    app.add_flag("--keep", options.keep, "Leave the lab running");
    CLI11_PARSE(app, argc, argv);
    return ingot::tests::bench(options);
}
