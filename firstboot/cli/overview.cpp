#include "firstboot/overview/overview.hpp"

#include <algorithm>
#include <cstdio>
#include <iterator>

#include "common/text/text.hpp"
#include "firstboot/cli/commands.hpp"
#include "firstboot/coordination/endpoints.hpp"
#include "firstboot/coordination/pause.hpp"
#include "firstboot/coordination/session.hpp"
#include "firstboot/identity/identity.hpp"
#include "firstboot/node/record.hpp"
#include "firstboot/system/services.hpp"
#include "firstboot/view/client.hpp"

namespace ingot::firstboot::cli {

namespace {

Result<std::string> overview_by(EtcdView& etcd, const std::string& cluster) {
    overview::Sources sources{.cluster = cluster};
    INGOT_ASSIGN(auto patroni, etcd.list(patroni_key(cluster, "")), "asking etcd");
    INGOT_ASSIGN(auto proxies, etcd.list(proxies_prefix(cluster)), "asking etcd");
    INGOT_ASSIGN(auto backup, etcd.list(ingot_key(cluster, "backup/state")), "asking etcd");
    INGOT_ASSIGN(sources.etcd, etcd.members(), "asking etcd");
    sources.patroni = std::move(patroni.entries);
    sources.ingot = std::move(proxies.entries);
    std::ranges::move(backup.entries, std::back_inserter(sources.ingot));
    return text::format("cluster {}\n{}", cluster,
                        overview::to_screen_text(overview::rows_of(sources), overview::remarks_of(sources)));
}

Result<std::string> read_overview(Environment& environment) {
    INGOT_ASSIGN(const auto node, read_node(environment.root), "");
    if (node.config.role == cloud_init::Role::proxy) {
        auto view = view::open(node, environment.root);
        return overview_by(view, node.config.cluster);
    }
    EtcdSession etcd(environment.make_http(), addresses_to_try(environment.root, node.config.etcd.founders),
                     tls_for(environment.root, "etcd"));
    return overview_by(*etcd, node.config.cluster);
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
