// The proxy role, wired: which step does what, in which order.

#include <memory>
#include <optional>
#include <string>

#include "common/text/text.hpp"
#include "firstboot/coordination/endpoints.hpp"
#include "firstboot/proxy/duties.hpp"
#include "firstboot/proxy/figures.hpp"
#include "firstboot/proxy/hold.hpp"
#include "firstboot/proxy/pool.hpp"
#include "firstboot/proxy/proxy.hpp"
#include "firstboot/proxy/render.hpp"
#include "firstboot/proxy/virtual_address.hpp"

namespace ingot::firstboot {

namespace {

using namespace proxy;
using namespace std::chrono_literals;

/// What the steps and duties of one node share. Steps end before duties begin, and each watch has one duty.
struct Shared {
    explicit Shared(Proxy the_proxy) : proxy(std::move(the_proxy)) {}
    Proxy proxy;
    MemberWatch members{proxy};
    PoolWatch pool{proxy};
    PoolHold hold{proxy};
    VirtualAddress address{proxy};
    std::string certificate{}; ///< that PgBouncer has read
    std::optional<clock::Monotonic> looked_around{};
};

files::Ownership owned_by(const Proxy& proxy, mode_t mode, const char* user, const char* group) {
    if (!proxy.environment.root.is_system()) { return {.mode = mode}; }
    return {.mode = mode, .user = user, .group = group};
}

Status reload_if_active(const Proxy& proxy, std::string_view unit) {
    INGOT_ASSIGN(const auto state, proxy.environment.services.state(unit), "");
    return state == "active" ? proxy.environment.services.reload(unit) : Status();
}

/// HAProxy wants certificate and key in one file. True if it is a new one.
Result<bool> write_haproxy_pem(const Proxy& proxy) {
    const auto& root = proxy.environment.root;
    INGOT_ASSIGN(const auto certificate, files::read(root.at(text::format("{}/node.crt", paths::kPki))), "");
    INGOT_ASSIGN(const auto key, files::read(root.at(text::format("{}/node.key", paths::kPki))), "");
    return files::write_if_different(root.at(kHaproxyPem), certificate + key,
                                     owned_by(proxy, 0640, "root", "haproxy"));
}

Status configure_haproxy(const Proxy& proxy) {
    const auto& root = proxy.environment.root;
    INGOT_ASSIGN(const bool new_identity, write_haproxy_pem(proxy), "");
    // The members that were known last come back, until etcd answers.
    INGOT_ASSIGN(const auto present, files::read_if_exists(root.at(kHaproxyFile)), "");
    const auto layout = layout_from_config(present.value_or(""));
    INGOT_ASSIGN(const bool changed,
                 files::write_if_different(root.at(kHaproxyFile), render_haproxy(proxy.node, layout)), "");
    return changed || new_identity ? reload_if_active(proxy, kHaproxyUnit) : Status();
}

/// The size is corrected as soon as etcd says how many share; a running pool keeps what it has until then.
Status configure_pool(const Proxy& proxy, Pool pool) {
    const auto path = proxy.environment.root.at(file_of(pool));
    INGOT_ASSIGN(const auto present, files::read_if_exists(path), "");
    const auto state = proxy.environment.services.state(unit_of(pool));
    if (present && state && *state == "active") { return {}; }
    const auto& config = proxy.node.config;
    const auto sizes = pool_sizes(
        {.asked = config.proxy.pool_size, .databases = static_cast<int>(config.postgres.databases.size())});
    const int size = pool == Pool::write ? sizes.write : sizes.read;
    INGOT_TRY(files::write_if_different(path, render_pgbouncer(proxy.node, pool, size)), "");
    return {};
}

Status configure_pgbouncer(const Proxy& proxy) {
    const auto& root = proxy.environment.root;
    INGOT_ASSIGN(const auto hosts, files::read_if_exists(root.at(kHostsFile)), "");
    INGOT_TRY(files::write_if_different(root.at(kHostsFile), with_our_hosts(hosts.value_or(""), proxy.node)), "");
    for (const auto pool : {Pool::write, Pool::read}) { INGOT_TRY(configure_pool(proxy, pool), ""); }
    return {};
}

Status start(const Proxy& proxy) {
    INGOT_TRY(proxy.environment.services.start(kHaproxyUnit), "");
    INGOT_TRY(proxy.environment.services.start(unit_of(Pool::write)), "");
    return proxy.environment.services.start(unit_of(Pool::read));
}

/// Makes the daemons read the node's certificate again when it was renewed; PgBouncer also once at the beginning,
/// since it may have been renewed while the agent was away. (HAProxy's own copy tells that.)
Status renew_certificate(Shared& shared) {
    const auto& proxy = shared.proxy;
    INGOT_ASSIGN(const bool new_identity, write_haproxy_pem(proxy), "");
    if (new_identity) { INGOT_TRY(reload_if_active(proxy, kHaproxyUnit), ""); }
    const auto path = proxy.environment.root.at(text::format("{}/node.crt", paths::kPki));
    INGOT_ASSIGN(auto present, files::read(path), "");
    if (present == shared.certificate) { return {}; }
    for (const auto pool : {Pool::write, Pool::read}) { INGOT_TRY(reload_if_active(proxy, unit_of(pool)), ""); }
    shared.certificate = std::move(present);
    return {};
}

/// The members of etcd as they are now: where this agent begins to look at its next start.
Status follow_etcd(const Proxy& proxy) {
    auto etcd = proxy.etcd();
    INGOT_ASSIGN(const auto members, etcd->members(), "");
    INGOT_TRY(remember_members(proxy.environment.root, members), "");
    return {};
}

/// Done when writes have somewhere to go. The slots are filled from here too: duties begin after the steps. systemd
/// is asked once a second, so that the waiting does not slow down what it waits for.
Status await_service(Shared& shared) {
    constexpr auto kPause = 1s;
    INGOT_TRY(shared.members.sync(), "");
    const auto now = shared.proxy.environment.clock.monotonic();
    const bool is_due = !shared.looked_around || now - *shared.looked_around >= kPause;
    if (!is_due) { INGOT_TRY(check_leader(shared.proxy), ""); }
    shared.looked_around = now;
    return check_service(shared.proxy);
}

} // namespace

Role make_proxy_role(const NodeSpec& node, Environment& environment) {
    const auto shared = std::make_shared<Shared>(Proxy{.node = node, .environment = environment});
    Role role;
    role.steps.push_back({.name = "proxy.configure",
                          .description = "writing the configuration of HAProxy and PgBouncer",
                          .apply = [shared]() -> Status {
                              INGOT_TRY(configure_haproxy(shared->proxy), "configuring HAProxy");
                              INGOT_TRY(configure_pgbouncer(shared->proxy), "configuring PgBouncer");
                              return {};
                          }});
    role.steps.push_back({.name = "proxy.start", .description = "starting HAProxy and PgBouncer", .apply = [shared] {
                              return start(shared->proxy);
                          }});
    role.steps.push_back({.name = "proxy.ready",
                          .description = "waiting for a database member that leads",
                          .apply = [shared] { return await_service(*shared); }});
    role.duties.push_back(
        {.name = "proxy.members", .interval = 100ms, .run = [shared] { return shared->members(); }});
    role.duties.push_back({.name = "proxy.pool", .interval = 10s, .run = [shared] { return shared->pool(); }});
    role.duties.push_back(
        {.name = "proxy.switchover", .interval = 100ms, .run = [shared] { return shared->hold(); }});
    role.duties.push_back(
        {.name = "proxy.serve", .interval = 5s, .run = [shared] { return check_service(shared->proxy); }});
    role.duties.push_back(
        {.name = "proxy.etcd-members", .interval = 15s, .run = [shared] { return follow_etcd(shared->proxy); }});
    role.duties.push_back(
        {.name = "proxy.certificate", .interval = 5s, .run = [shared] { return renew_certificate(*shared); }});
    if (node.config.proxy.virtual_address) {
        role.duties.push_back(
            {.name = "proxy.address", .interval = 1s, .run = [shared] { return shared->address(); }});
    }
    role.figures.push_back([shared] { return figures(shared->proxy); });
    return role;
}

} // namespace ingot::firstboot
