// Commands for a db node: what a person orders, the agent that runs beside leaves alone.
#include <cstdio>

#include "common/clock/clock.hpp"
#include "common/process/process.hpp"
#include "common/text/text.hpp"
#include "firstboot/cli/commands.hpp"
#include "firstboot/cli/own_node.hpp"
#include "firstboot/db/promote.hpp"
#include "firstboot/db/retire.hpp"
#include "firstboot/db/settings.hpp"
#include "firstboot/system/services.hpp"

namespace ingot::firstboot::cli {

namespace {

void say(const std::string& line) {
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
}

Result<int> on_database(const std::function<Status(const db::Database&)>& work) {
    process::PosixProcesses processes;
    SystemctlServices services(processes);
    clock::SystemClock clock;
    Environment environment{
        .root = files::Root(), .processes = processes, .services = services, .clock = clock, .make_http = [] {
            return std::make_unique<http::CurlClient>();
        }};
    INGOT_ASSIGN(auto node, own_node(environment), "");
    if (node.config.role != cloud_init::Role::db) {
        return fail(ErrorKind::refused, text::format("this is a node of role {}; the command is for role db",
                                                     to_string(node.config.role)));
    }
    INGOT_TRY(work({.node = std::move(node), .environment = environment}), "");
    return 0;
}

} // namespace

Result<int> retire(const RetireCommand& command) {
    return on_database([&command](const db::Database& database) -> Status {
        if (command.undo) { return db::enlist(database); }
        INGOT_TRY(db::retire(database, {.leave_no_replica = command.alone, .patience = command.timeout, .say = say}),
                  "");
        say(text::format("{} has left the cluster; the machine can be deleted", database.node.name));
        return {};
    });
}

Result<int> promote_cluster(const std::string& typed, bool source_may_live) {
    return on_database(
        [&](const db::Database& database) { return db::promote_cluster(database, typed, source_may_live, say); });
}

Result<int> apply_settings() {
    return on_database([](const db::Database& database) -> Status {
        INGOT_TRY(db::apply_settings(database), "");
        say("the cluster follows this node's user-data; `patronictl list` shows members that have to be restarted "
            "for it");
        return {};
    });
}

Result<int> demote_cluster(const std::string& typed) {
    return on_database([&](const db::Database& database) { return db::demote_cluster(database, typed, say); });
}

} // namespace ingot::firstboot::cli
