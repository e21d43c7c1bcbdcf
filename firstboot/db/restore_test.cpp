#include "firstboot/db/restore_test.hpp"

#include <algorithm>
#include <filesystem>
#include <thread>

#include "common/json/json.hpp"
#include "common/log/log.hpp"
#include "common/text/text.hpp"

namespace ingot::firstboot::db {

namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr int kScratchPort = 5499;
constexpr auto kLong = std::chrono::hours(12);

std::string data_of(const RestorePlan& plan) { return plan.scratch + "/data"; }
std::string config_of(const RestorePlan& plan) { return plan.scratch + "/scratch.conf"; }

/// Errors of tools, in few words.
std::string tail_of(const std::string& message) {
    constexpr std::size_t kMost = 600;
    const auto trimmed = std::string(text::trim(message));
    return trimmed.size() <= kMost ? trimmed : "…" + trimmed.substr(trimmed.size() - kMost);
}

/// The steps of one test, each a Status; the scratch database is stopped and removed whatever happens.
class Test {
  public:
    Test(const RestorePlan& plan, process::Processes& processes) : plan_(plan), processes_(processes) {}
    Test(const Test&) = delete;
    Test& operator=(const Test&) = delete;
    Test(Test&&) = delete;
    Test& operator=(Test&&) = delete;
    ~Test() { clear(); }

    Result<std::string> run() {
        clear();
        INGOT_TRY(check_room(), "");
        INGOT_TRY(files::make_directory(plan_.scratch, {.mode = 0700}), "making room");
        INGOT_TRY(files::make_directory(data_of(plan_), {.mode = 0700}), "making room");
        INGOT_TRY(files::write(config_of(plan_), render_scratch_config(plan_)), "");
        INGOT_TRY(files::write(plan_.scratch + "/hba.conf", "local all postgres peer\n"), "");
        std::vector<std::string> restore = {"pgbackrest"};
        std::ranges::move(restore_arguments(plan_), std::back_inserter(restore));
        INGOT_TRY(tool(std::move(restore)), "restoring");
        started_ = true;
        INGOT_TRY(tool({plan_.bin + "/pg_ctl", "--pgdata=" + data_of(plan_), "--wait", "--timeout=43200",
                        "--log=" + plan_.scratch + "/postgres.log", "--options=-c config_file=" + config_of(plan_),
                        "start"}),
                  "starting the restored database");
        INGOT_TRY(await_recovery(), "recovering");
        return check();
    }

  private:
    Result<process::Output> tool(std::vector<std::string> argv, std::string input = {}) {
        return process::run_checked(processes_, {.argv = std::move(argv),
                                                 .environment = {{"HOME", "/var/lib/postgresql"}},
                                                 .directory = "/",
                                                 .input = std::move(input),
                                                 .timeout = kLong});
    }
    Result<std::string> sql(const std::string& database, std::string script) {
        INGOT_ASSIGN(
            auto output,
            tool({plan_.bin + "/psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align",
                  "--set=ON_ERROR_STOP=1", "--host=" + plan_.scratch, text::format("--port={}", kScratchPort),
                  "--username=postgres", "--dbname=" + database, "--file=-"},
                 std::move(script)),
            "");
        return std::string(text::trim(output.out));
    }

    Status check_room() const {
        std::error_code error;
        const auto space = fs::space(fs::path(plan_.scratch).parent_path(), error);
        if (error) { return fail_errno(error.value(), "asking how much room there is"); }
        auto reason = why_no_room(plan_, space.available, space.capacity);
        if (!reason.empty()) { return fail(ErrorKind::refused, std::move(reason)); }
        return {};
    }

    /// It accepts connections only when it is promoted: hot standby is off.
    Status await_recovery() {
        const auto until = std::chrono::steady_clock::now() + kLong;
        for (;;) {
            const auto answer = sql("postgres", "SELECT pg_is_in_recovery()");
            if (answer && *answer == "f") { return {}; }
            if (!files::exists(data_of(plan_) + "/postmaster.pid")) {
                const auto log = files::read(plan_.scratch + "/postgres.log");
                return fail(ErrorKind::tool_failed,
                            "the restored database ended: " + tail_of(log ? *log : std::string()));
            }
            if (std::chrono::steady_clock::now() > until) {
                return fail(ErrorKind::tool_failed, "no end in 12 hours");
            }
            std::this_thread::sleep_for(200ms);
        }
    }

    /// Every index and heap by amcheck; then as many tables and rows as there are, so that the result says something.
    Result<std::string> check() {
        INGOT_TRY(tool({plan_.bin + "/pg_amcheck", "--all", "--install-missing", "--heapallindexed", "--no-password",
                        "--host=" + plan_.scratch, text::format("--port={}", kScratchPort), "--username=postgres",
                        text::format("--jobs={}", plan_.processes)}),
                  "checking tables and indexes");
        INGOT_ASSIGN(const auto names,
                     sql("postgres", "SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate"),
                     "listing databases");
        long long databases = 0;
        long long tables = 0;
        long long rows = 0;
        for (const auto& name : text::lines(names)) {
            if (name.empty()) { continue; }
            ++databases;
            // A probe into each table: the first thousand rows are read.
            INGOT_ASSIGN(const auto counts,
                         sql(name,
                             "SELECT count(*), coalesce(sum((xpath('/row/n/text()', query_to_xml(format('SELECT "
                             "count(*) AS n FROM (SELECT 1 FROM %I.%I LIMIT 1000) AS probe', n.nspname, "
                             "c.relname), false, true, '')))[1]::text::bigint), 0) FROM pg_class c JOIN "
                             "pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND n.nspname NOT "
                             "LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"),
                         "reading the tables of " + name);
            const auto parts = text::split(counts, '|');
            tables += text::to_number(parts.front()).value_or(0);
            rows += text::to_number(parts.back()).value_or(0);
        }
        return text::format("{} databases, {} tables, {} rows probed", databases, tables, rows);
    }

    void clear() noexcept {
        try {
            if (started_) {
                static_cast<void>(processes_.run({.argv = {plan_.bin + "/pg_ctl", "--pgdata=" + data_of(plan_),
                                                           "--mode=immediate", "--wait", "stop"},
                                                  .directory = "/",
                                                  .timeout = 2min}));
                started_ = false;
            }
            static_cast<void>(files::remove_tree(plan_.scratch));
        } catch (const std::exception& problem) { log::warning(problem.what()); }
    }

    const RestorePlan& plan_;
    process::Processes& processes_;
    bool started_ = false;
};

} // namespace

std::string to_json_text(const RestorePlan& plan) {
    return json::to_text({{"version", 1},
                          {"node", plan.node},
                          {"stanza", plan.stanza},
                          {"repository", plan.repository},
                          {"label", plan.label},
                          {"bytes", plan.bytes},
                          {"bin", plan.bin},
                          {"scratch", plan.scratch},
                          {"processes", plan.processes}});
}

Result<RestorePlan> plan_from_json(std::string_view text) {
    INGOT_ASSIGN(const auto value, json::parse(text), "reading the plan of a restore test");
    RestorePlan plan{.node = json::string_at(value, "node").value_or(""),
                     .stanza = json::string_at(value, "stanza").value_or(""),
                     .repository = static_cast<int>(json::number_at(value, "repository").value_or(1)),
                     .label = json::string_at(value, "label").value_or(""),
                     .bytes = json::unsigned_at(value, "bytes").value_or(0),
                     .bin = json::string_at(value, "bin").value_or(""),
                     .scratch = json::string_at(value, "scratch").value_or(""),
                     .processes = static_cast<unsigned>(json::number_at(value, "processes").value_or(1))};
    // What is there is removed before and after: it has to be a place of our own.
    if (plan.stanza.empty() || plan.bin.empty() || !plan.scratch.ends_with("/restore-test")) {
        return fail(ErrorKind::invalid_input, "the plan of a restore test lacks something");
    }
    return plan;
}

std::string render_scratch_config(const RestorePlan& plan) {
    return text::format("# A restored backup on trial. Nobody but its test connects to it.\n"
                        "data_directory = '{}'\nhba_file = '{}/hba.conf'\n"
                        "listen_addresses = ''\nport = {}\nunix_socket_directories = '{}'\n"
                        "hot_standby = off\narchive_mode = off\nssl = off\nshared_buffers = 64MB\n"
                        "max_connections = 20\nmax_wal_senders = 0\nautovacuum = off\nfsync = off\n"
                        "shared_preload_libraries = ''\ncluster_name = 'restore-test'\nmax_wal_size = 256MB\n",
                        data_of(plan), plan.scratch, kScratchPort, plan.scratch);
}

std::vector<std::string> restore_arguments(const RestorePlan& plan) {
    // WAL comes by a command of its own: the cluster's spool of fetched WAL belongs to the running replica.
    const auto fetch =
        text::format("pgbackrest --stanza={} --repo={} --no-archive-async --pg1-path={} archive-get %f \"%p\"",
                     plan.stanza, plan.repository, data_of(plan));
    return {text::format("--stanza={}", plan.stanza),
            text::format("--repo={}", plan.repository),
            text::format("--set={}", plan.label),
            text::format("--pg1-path={}", data_of(plan)),
            text::format("--process-max={}", plan.processes),
            "--no-delta",
            "--archive-mode=off",
            "--type=immediate",
            "--target-action=promote",
            text::format("--recovery-option=restore_command={}", fetch),
            "restore"};
}

std::string why_no_room(const RestorePlan& plan, std::uint64_t free_bytes, std::uint64_t disk_bytes) {
    constexpr std::uint64_t kTenth = 10;
    const auto needed = plan.bytes + plan.bytes / kTenth;
    const auto reserve = disk_bytes / kTenth; // for the cluster's own database meanwhile
    if (free_bytes >= needed + reserve) { return {}; }
    return text::format("the test needs {} and {} of the disk stay free for the database; there are {}",
                        text::human_bytes(needed), text::human_bytes(reserve), text::human_bytes(free_bytes));
}

backup::RestoreTest run_restore_test(const RestorePlan& plan, process::Processes& processes,
                                     const clock::Clock& clock) {
    const auto begin = clock.monotonic();
    backup::RestoreTest result{
        .node = plan.node, .repository = plan.repository, .label = plan.label, .bytes = plan.bytes};
    {
        Test test(plan, processes);
        const auto outcome = test.run();
        result.passed = outcome.has_value();
        result.message = outcome ? *outcome : tail_of(outcome.error().to_string());
    }
    result.at = clock.now();
    result.duration = std::chrono::duration_cast<std::chrono::seconds>(clock.monotonic() - begin);
    return result;
}

} // namespace ingot::firstboot::db
