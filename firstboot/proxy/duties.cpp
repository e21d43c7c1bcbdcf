#include "firstboot/proxy/duties.hpp"

#include <algorithm>

#include "common/log/log.hpp"
#include "common/text/text.hpp"
#include "firstboot/coordination/pause.hpp"
#include "firstboot/proxy/render.hpp"

namespace ingot::firstboot::proxy {

namespace {

using namespace std::chrono_literals;

Status check_unit(const Proxy& proxy, std::string_view unit) {
    auto& services = proxy.environment.services;
    INGOT_ASSIGN(const auto state, services.state(unit), "");
    if (state == "active" || state == "activating" || state == "reloading") { return {}; }
    INGOT_TRY(services.start(unit), text::format("starting {} again", unit));
    return fail(ErrorKind::transient, text::format("{} was {}; it is started again", unit, state));
}

Status check_units(const Proxy& proxy) {
    INGOT_TRY(check_unit(proxy, kHaproxyUnit), "");
    for (const auto pool : {Pool::write, Pool::read}) { INGOT_TRY(check_unit(proxy, unit_of(pool)), ""); }
    return {};
}

/// Empty lines are HAProxy's way to say yes; an address change is confirmed by a sentence.
bool is_refusal(std::string_view answer) {
    const auto said = text::trim(answer);
    return !said.empty() && !said.starts_with("IP changed") && !said.starts_with("port changed") &&
           !said.starts_with("no need to change");
}

Status apply_commands(const Proxy& proxy, const std::vector<std::string>& commands) {
    for (const auto& command : commands) {
        INGOT_ASSIGN(const auto answer, proxy.ask(command), "");
        if (is_refusal(answer)) {
            return fail(ErrorKind::tool_failed, text::format("HAProxy on \"{}\": {}", command, text::trim(answer)));
        }
    }
    return {};
}

} // namespace

Result<Layout> MemberWatch::sync() {
    if (!etcd_) { etcd_ = proxy_.etcd(); }
    auto view = observe_members(proxy_, *etcd_);
    revision_ = view ? view->revision : 0;
    silence_ = view ? "" : view.error().to_string();
    if (!view) { etcd_.reset(); } // the next one begins with the members as they are known then

    INGOT_ASSIGN(const auto slots, observe_slots(proxy_), "");
    if (view && view->leader && view->leader != leader_) {
        if (leader_) { INGOT_TRY(apply_commands(proxy_, plan_new_leader(*view->leader, slots)), ""); }
        leader_ = view->leader;
    }
    const auto plan = plan_slots(view ? std::optional(std::move(view->members)) : std::nullopt, slots);
    // The file first: if this node dies now, the restart knows the member, and checks it before it is used.
    INGOT_ASSIGN(
        const bool changed,
        files::write_if_different(proxy_.environment.root.at(kHaproxyFile), render_haproxy(proxy_.node, plan.layout)),
        "writing haproxy.cfg");
    if (changed) { log::info(text::format("HAProxy: {} members in slots", plan.layout.size())); }
    INGOT_TRY(apply_commands(proxy_, plan.commands), "");
    if (!plan.without_slot.empty()) {
        return fail(ErrorKind::refused,
                    text::format("{} members are more than HAProxy's {} slots; {} takes no traffic",
                                 plan.layout.size() + plan.without_slot.size(), kSlots,
                                 plan.without_slot.front().address));
    }
    return plan.layout;
}

Status MemberWatch::operator()() {
    INGOT_TRY(sync(), "");
    if (revision_ == 0) {
        return fail(ErrorKind::transient, "etcd does not answer, the last known members stay: " + silence_);
    }
    INGOT_ASSIGN(const bool changed,
                 etcd_->wait_for_change(patroni_key(proxy_.node.config.cluster, ""), revision_, 1s),
                 "watching the members");
    if (changed) { INGOT_TRY(sync(), ""); } // now, not when the duty's turn comes
    return {};
}

Status PoolWatch::operator()() {
    if (!etcd_) { etcd_ = proxy_.etcd(); }
    const auto key = proxies_prefix(proxy_.node.config.cluster) + proxy_.node.name;
    if (auto registered = etcd_->announce(key, proxy_.node.address); !registered) {
        etcd_.reset(); // as above
        return std::move(registered).error().with_context("registering this proxy");
    }
    INGOT_ASSIGN(const auto sizes, observe_pool_sizes(proxy_, *etcd_), "");
    INGOT_TRY(resize(Pool::write, sizes.write), "");
    return resize(Pool::read, sizes.read);
}

Status PoolWatch::resize(Pool pool, int size) {
    INGOT_ASSIGN(const bool changed,
                 files::write_if_different(proxy_.environment.root.at(file_of(pool)),
                                           render_pgbouncer(proxy_.node, pool, size)),
                 text::format("writing {}", file_of(pool)));
    if (!changed) { return {}; }
    log::info(text::format("{}: {} server connections for a database at most", unit_of(pool), size));
    return proxy_.environment.services.reload(unit_of(pool));
}

Status check_leader(const Proxy& proxy) {
    INGOT_ASSIGN(const auto slots, observe_slots(proxy), "");
    const auto leads = [](const Slot& slot) { return slot.backend == kBackends[0] && slot.open && slot.up; };
    if (std::ranges::any_of(slots, leads)) { return {}; }
    const auto known = std::ranges::count_if(
        slots, [](const Slot& slot) { return slot.backend == kBackends[0] && slot.endpoint.has_value(); });
    return fail(ErrorKind::transient, known == 0 ? std::string("no database member is known yet")
                                                 : text::format("of {} known database members none leads", known));
}

Status check_service(const Proxy& proxy) {
    INGOT_TRY(check_units(proxy), "");
    return check_leader(proxy);
}

} // namespace ingot::firstboot::proxy
