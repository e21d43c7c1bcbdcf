#include "firstboot/join/restart.hpp"

#include <algorithm>

#include <filesystem>

#include <sys/stat.h>

#include "common/log/log.hpp"
#include "common/process/process.hpp"
#include "common/text/text.hpp"

namespace ingot::firstboot::join {

namespace {

using namespace std::chrono_literals;

constexpr std::string_view kUnit = "ingot-etcd.service";

/// When the newer of the two files of CAs that etcd reads was written, in seconds since 1970.
long long cas_written(const files::Root& root) {
    long long newest = 0;
    for (const auto* const file : {"ca-etcd-clients.crt", "ca-etcd.crt"}) {
        struct ::stat status{};
        if (::stat(root.at(text::format("{}/{}", paths::kPki, file)).c_str(), &status) == 0) {
            newest = std::max(newest, static_cast<long long>(status.st_mtim.tv_sec));
        }
    }
    return newest;
}

/// When etcd's process began; nothing if it does not run.
Result<std::optional<long long>> etcd_began(Environment& environment) {
    INGOT_ASSIGN(const auto output,
                 process::run_checked(environment.processes,
                                      {.argv = {"systemctl", "show", "--value", "--timestamp=unix", "--property",
                                                "ExecMainStartTimestamp", std::string(kUnit)},
                                       .timeout = 30s}),
                 "asking when etcd began");
    const auto written = text::trim(output.out);
    if (!written.starts_with('@')) { return std::optional<long long>{}; }
    return text::to_number(written.substr(1));
}

/// Nobody may be restarted while another member is away.
Status check_members(const NodeSpec& node, Environment& environment, EtcdSession& etcd) {
    INGOT_ASSIGN(const auto members, etcd->members(), "");
    for (const auto& member : members) {
        if (member.learner || member.client_urls.empty() || member.name == node.name) { continue; }
        const auto http = environment.make_http();
        const auto pki = [&environment](std::string_view file) {
            return environment.root.at(text::format("{}/{}", paths::kPki, file));
        };
        EtcdClient one(*http, {member.client_urls.front()},
                       {.ca_file = pki("ca-etcd.crt"), .cert_file = pki("node.crt"), .key_file = pki("node.key")});
        INGOT_TRY(one.check_quorum(), text::format("waiting for {} before this member restarts", member.name));
    }
    return {};
}

Status restart(const NodeSpec& node, Environment& environment, const std::function<EtcdSession()>& open) {
    constexpr auto kTtl = 30s;
    constexpr int kRounds = 60;
    auto etcd = open();
    INGOT_ASSIGN(auto lock,
                 LeaseLock::acquire(*etcd, ingot_key(node.config.cluster, "lock/etcd-restart"), node.name, kTtl), "");
    INGOT_TRY(check_members(node, environment, etcd), "");
    log::info("the CAs have changed: restarting etcd, one member after the other");
    INGOT_TRY(environment.services.restart(kUnit), "restarting etcd");
    for (int round = 0; round < kRounds; ++round) {
        environment.clock.sleep(1s);
        static_cast<void>(lock.renew());
        INGOT_ASSIGN(const auto state, environment.services.state(kUnit), "");
        if (state == "active" && etcd->check_quorum()) { return {}; }
    }
    return fail(ErrorKind::transient, "etcd restarted for new CAs and has no quorum yet");
}

} // namespace

Duty restart_for_new_cas(const NodeSpec& node, Environment& environment, std::function<EtcdSession()> open) {
    return {.name = "etcd.new-cas", .interval = 10s, .run = [node, &environment, open = std::move(open)]() -> Status {
                INGOT_ASSIGN(const auto began, etcd_began(environment), "");
                if (!began || cas_written(environment.root) <= *began) { return {}; }
                return restart(node, environment, open);
            }};
}

} // namespace ingot::firstboot::join
