#include "firstboot/db/switchover.hpp"

#include <cstdio>

#include "common/process/process.hpp"
#include "common/text/text.hpp"
#include "firstboot/cli/commands.hpp"
#include "firstboot/node/record.hpp"
#include "firstboot/system/services.hpp"

namespace ingot::firstboot::cli {

Result<int> switchover(const SwitchoverOptions& options) {
    process::PosixProcesses processes;
    SystemctlServices services(processes);
    clock::SystemClock clock;
    Environment environment{
        .root = files::Root(), .processes = processes, .services = services, .clock = clock, .make_http = [] {
            return std::make_unique<http::CurlClient>();
        }};
    INGOT_ASSIGN(auto node, read_node(environment.root), "");
    if (node.config.role != cloud_init::Role::db) {
        return fail(ErrorKind::refused, "a switchover is asked for on a db node: they may give orders to Patroni");
    }
    const db::Database database{.node = std::move(node), .environment = environment};
    INGOT_ASSIGN(const auto report, db::switch_over(database, {.to = options.to, .anyway = options.anyway}), "");
    std::printf("%s", text::format("{} leads now, {} did before; it took {:.1f} s\n", report.to, report.from,
                                   static_cast<double>(report.took.count()) / 1000.0)
                          .c_str());
    if (!report.proxies.complete()) {
        std::printf("not all proxies held their clients back: some transactions failed\n");
    }
    return 0;
}

} // namespace ingot::firstboot::cli
