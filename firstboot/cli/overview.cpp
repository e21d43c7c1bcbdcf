#include "firstboot/overview/overview.hpp"

#include <cstdio>

#include "common/text/text.hpp"
#include "firstboot/cli/commands.hpp"
#include "firstboot/coordination/endpoints.hpp"
#include "firstboot/coordination/session.hpp"
#include "firstboot/identity/identity.hpp"
#include "firstboot/node/record.hpp"
#include "firstboot/system/services.hpp"

namespace ingot::firstboot::cli {

namespace {

Result<std::string> read_overview(Environment& environment) {
    INGOT_ASSIGN(const auto node, read_node(environment.root), "");
    const auto& cluster = node.config.cluster;
    EtcdSession etcd(environment.make_http(), addresses_to_try(environment.root, node.config.etcd.founders),
                     tls_for(environment.root, "etcd"));
    overview::Sources sources{.cluster = cluster};
    INGOT_ASSIGN(auto patroni, etcd->list(patroni_key(cluster, "")), "asking etcd");
    INGOT_ASSIGN(auto ingot, etcd->list(ingot_key(cluster, "")), "asking etcd");
    sources.patroni = std::move(patroni.entries);
    sources.ingot = std::move(ingot.entries);
    if (auto members = etcd->members()) { sources.etcd = *std::move(members); } // not everybody may ask for them
    return text::format("cluster {}\n{}", cluster,
                        overview::to_screen_text(overview::rows_of(sources), overview::remarks_of(sources)));
}

} // namespace

void print_overview() {
    process::PosixProcesses processes;
    SystemctlServices services(processes);
    clock::SystemClock clock;
    Environment environment{
        .root = files::Root(), .processes = processes, .services = services, .clock = clock, .make_http = [] {
            return std::make_unique<http::CurlClient>();
        }};
    const auto table = read_overview(environment);
    std::printf("\n%s", table ? table->c_str() : (table.error().to_string() + "\n").c_str());
}

} // namespace ingot::firstboot::cli
