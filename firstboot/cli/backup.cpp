// ingot-agent backup …: what a person asks of backups on a db node, and the unit's restore-test.
//
// `now` and `test` are wishes, put down where the agents of the cluster see them; the one that may makes it.
#include <algorithm>
#include <iostream>

#include "common/clock/clock.hpp"
#include "common/files/files.hpp"
#include "common/json/json.hpp"
#include "common/text/text.hpp"
#include "firstboot/backup/report.hpp"
#include "firstboot/cli/commands.hpp"
#include "firstboot/cli/own_pgbackrest.hpp"
#include "firstboot/db/backup_runner.hpp"
#include "firstboot/db/restore_test.hpp"

namespace ingot::firstboot::cli {

namespace {

using namespace std::chrono_literals;

Result<process::Output> pgbackrest_here(std::vector<std::string> arguments, std::chrono::milliseconds timeout) {
    INGOT_ASSIGN(const auto config, own_pgbackrest(), "");
    process::PosixProcesses processes;
    std::vector<std::string> argv = {"pgbackrest", "--stanza=" + config.stanza};
    std::ranges::move(arguments, std::back_inserter(argv));
    return processes.run(db::as_postgres(std::move(argv), timeout));
}

std::string when(const json::Json& object, std::string_view key) {
    const auto seconds = json::number_at(object, key);
    return seconds ? clock::to_rfc3339(clock::WallTime(std::chrono::seconds(*seconds))) : "never";
}

void print_report(const json::Json& status) {
    for (const auto& repository : json::member(json::member(status, "report"), "repositories")) {
        std::cout << text::format("repository {}: {}: {}\n", json::number_at(repository, "number").value_or(0),
                                  json::string_at(repository, "place").value_or(""),
                                  json::string_at(repository, "message").value_or(""));
        for (const auto* kind : {"full", "diff", "incr"}) {
            const auto& record = json::member(repository, kind);
            if (!record.is_object()) { continue; }
            std::cout << text::format("  {}  {}  ended {}\n", kind, json::string_at(record, "label").value_or(""),
                                      when(record, "stop"));
        }
    }
    const auto& test = json::member(status, "restore_test");
    if (test.is_object()) {
        std::cout << text::format("restore test: {} at {}: {}\n", json::flag_at(test, "passed") ? "passed" : "FAILED",
                                  when(test, "at"), json::string_at(test, "message").value_or(""));
    }
    for (const auto& entry : json::member(json::member(status, "etcd_snapshots"), "repositories")) {
        std::cout << text::format("etcd snapshot in repository {}: {}\n",
                                  json::number_at(entry, "number").value_or(0), when(entry, "at"));
    }
    const auto& wal = json::member(status, "wal");
    std::cout << text::format("WAL waiting here: {} segments, for {} s\n",
                              json::number_at(wal, "waiting_segments").value_or(0),
                              json::number_at(wal, "lag_seconds").value_or(0));
}

Status ask_for(std::string_view what, const std::string& content) {
    INGOT_TRY(files::write(std::string(db::kRequestFolder) + std::string(what), content), "asking the agent");
    return {};
}

} // namespace

Result<int> backup_list(bool json) {
    const auto content = files::read(backup::kStatusFile);
    if (!content) {
        return fail(ErrorKind::not_found, "nothing is known about backups here (yet): this is no db node with a "
                                          "repository, or its agent has not looked");
    }
    if (json) {
        std::cout << *content;
        return 0;
    }
    INGOT_ASSIGN(const auto status, json::parse(*content), "");
    print_report(status);
    return 0;
}

Result<int> backup_now(const std::string& kind, int repository) {
    const auto known = backup::kind_from(kind);
    if (!known) { return fail(ErrorKind::invalid_input, text::format("'{}' is no kind of backup", kind)); }
    INGOT_TRY(own_pgbackrest(), "");
    INGOT_TRY(ask_for("backup", db::to_json_line({.repository = repository, .kind = *known})), "");
    std::cout << text::format("asked for a {} backup into repository {}; 'ingot-agent backup list' shows it when it "
                              "is there\n",
                              kind, repository);
    return 0;
}

Result<int> backup_test() {
    INGOT_TRY(own_pgbackrest(), "");
    INGOT_TRY(ask_for("restore-test", "{}"), "");
    std::cout << "asked for a restore test; 'ingot-agent backup list' shows its result\n";
    return 0;
}

Result<int> backup_verify(int repository) {
    INGOT_ASSIGN(
        const auto output,
        pgbackrest_here({text::format("--repo={}", repository), "--output=text", "--verbose", "verify"}, 24h), "");
    std::cout << output.out;
    std::cerr << output.err;
    // To have found an error is a success in pgBackRest's eyes.
    const bool sound = output.out.find("status: error") == std::string::npos;
    return output.exit_code != 0 || sound ? output.exit_code : 1;
}

Result<int> restore_test(const std::string& plan_file, const std::string& result_file) {
    INGOT_ASSIGN(const auto text, files::read(plan_file), "");
    INGOT_ASSIGN(const auto plan, db::plan_from_json(text), plan_file);
    process::PosixProcesses processes;
    const clock::SystemClock clock;
    const auto result = db::run_restore_test(plan, processes, clock);
    std::cout << (result.passed ? "passed: " : "FAILED: ") << result.message << '\n';
    INGOT_TRY(files::write(result_file, json::to_text(to_json(result))), "");
    return 0; // a test that failed is a result, not a failure of the unit
}

} // namespace ingot::firstboot::cli
