#include "firstboot/etcd/observe.hpp"

#include <algorithm>
#include <array>
#include <future>

#include "common/log/log.hpp"
#include "common/text/text.hpp"
#include "firstboot/coordination/endpoints.hpp"
#include "firstboot/coordination/etcd_settings.hpp"
#include "firstboot/etcd/disk.hpp"
#include "firstboot/identity/identity.hpp"

namespace ingot::firstboot::etcd {

namespace {

/// What is the same each time it is asked: without the URL, and without how many milliseconds it took.
std::string short_reason(const Error& error) {
    std::string_view reason = error.message;
    if (const auto url = reason.find(kAttestPath); url != std::string_view::npos) {
        reason.remove_prefix(std::min(reason.size(), url + kAttestPath.size() + 2));
    }
    const auto time = reason.find(" after ");
    const auto rest = reason.find(" ms: ");
    const bool is_refusal = time != std::string_view::npos && rest != std::string_view::npos;
    return std::string(is_refusal ? reason.substr(rest + std::string_view(" ms: ").size()) : reason.substr(0, time));
}

struct Answer {
    PeerView peer;
    std::optional<PeerPortAnswer> port;
};

/// The agent first; the peer port only where there may be an etcd behind it.
Answer ask(const Environment& environment, const std::string& name, const std::string& address) {
    Answer answer{.peer = ask_agent(environment, name, address, std::string(kAttestPath))};
    const auto& said = answer.peer.answer;
    if (said && said->phase < Phase::committed && !said->has_data) { return answer; }
    if (auto port = ask_peer_port(environment, address)) {
        answer.peer.etcd_cluster = port->cluster_id;
        answer.port = *std::move(port);
    }
    return answer;
}

/// Founders first, then those who were members when this node last looked, then members that called.
std::vector<std::pair<std::string, std::string>> whom_to_ask(Member& member) {
    std::vector<std::pair<std::string, std::string>> places;
    const auto add = [&](const EtcdAddresses& addresses) {
        for (const auto& [name, address] : addresses) {
            const bool known =
                std::ranges::any_of(places, [&](const auto& place) { return place.second == address; });
            if (!known && address != member.node.address) { places.emplace_back(name, address); }
        }
    };
    const auto& founders = member.node.config.etcd.founders;
    add(founders);
    add(known_members(member.environment.root, founders));
    EtcdAddresses callers;
    {
        const std::scoped_lock lock(member.calling);
        for (const auto& address : member.callers) { callers.emplace(address, address); }
    }
    add(callers);
    return places;
}

void ask_everybody(Member& member, Situation& situation) {
    std::vector<std::future<Answer>> questions;
    for (const auto& [name, address] : whom_to_ask(member)) {
        questions.push_back(std::async(std::launch::async,
                                       [&member, name, address] { return ask(member.environment, name, address); }));
    }
    std::map<std::string, PeerPortAnswer> ports;
    for (auto& question : questions) {
        auto answer = question.get();
        if (answer.port) { ports.emplace(answer.peer.address, *std::move(answer.port)); }
        situation.peers.push_back(std::move(answer.peer));
    }
    situation.clusters = observe_clusters(member, ports);
    if (situation.clusters.size() != 1 || !situation.clusters.front().quorate) { return; }
    // A machine that waits to be let in has to find the cluster also when the last founder is gone.
    std::vector<EtcdMember> members;
    for (const auto& listed : situation.clusters.front().members) { members.push_back(listed.member); }
    if (auto written = remember_members(member.environment.root, members); !written) {
        log::warning(std::move(written).error().with_context("writing down the members of etcd").to_string());
    }
}

/// The log of the unit's last run, if it is not running now.
std::string log_of_the_last_run(Environment& environment) {
    const auto shown = environment.processes.run(
        {.argv = {"systemctl", "show", "--property=SubState,InvocationID", "--value", std::string(kUnit)},
         .timeout = std::chrono::seconds(10)});
    if (!shown) { return {}; }
    bool stopped = false;
    std::string invocation;
    for (const auto& line : text::lines(shown->out)) {
        if (line == "auto-restart" || line == "failed" || line == "dead") { stopped = true; }
        constexpr std::size_t kInvocation = 32;
        if (line.size() == kInvocation) { invocation = line; }
    }
    if (!stopped || invocation.empty()) { return {}; }
    const auto log = environment.processes.run({.argv = {"journalctl", "--no-pager", "--output=cat", "--lines=60",
                                                         text::format("_SYSTEMD_INVOCATION_ID={}", invocation)},
                                                .timeout = std::chrono::seconds(10)});
    return log ? log->out : std::string();
}

} // namespace

PeerView ask_agent(const Environment& environment, const std::string& name, const std::string& address,
                   const std::string& path) {
    constexpr int kOk = 200;
    PeerView peer{.name = name, .address = address};
    const auto http = environment.make_http();
    const auto response = http->send({.url = url_of(address, kAttestPort) + path,
                                      .tls = tls_for(environment.root, "etcd"),
                                      .connect_timeout = std::chrono::seconds(2),
                                      .timeout = std::chrono::seconds(4),
                                      .response_limit = 16U << 10U});
    if (!response) {
        peer.silence = short_reason(response.error());
        return peer;
    }
    auto answer = response->status == kOk
                      ? attestation_from_json(response->body)
                      : Result<Attestation>(fail(ErrorKind::transient, text::format("HTTP {}", response->status)));
    if (!answer) {
        peer.silence = answer.error().to_string();
        return peer;
    }
    peer.answer = *std::move(answer);
    return peer;
}

LastWords read_last_words(std::string_view log) {
    constexpr std::array kDamaged{"is out of range [lastIndex",
                                  "crc mismatch",
                                  "failed to open WAL",
                                  "cannot be repaired",
                                  "failed to recover v3 backend",
                                  "failed to find database snapshot file",
                                  "found data inconsistency with peers"};
    constexpr std::array kUnequal{"member count is unequal", "unmatched member while checking PeerURLs"};
    const auto says = [log](std::string_view words) { return log.find(words) != std::string_view::npos; };
    if (says("permanently removed from the cluster")) { return LastWords::removed; }
    if (std::ranges::any_of(kUnequal, says)) { return LastWords::unequal; }
    if (std::ranges::any_of(kDamaged, says)) { return LastWords::damaged; }
    return LastWords::nothing;
}

Result<Situation> observe(Member& member, bool is_serving) {
    const auto& node = member.node;
    const auto& root = member.environment.root;
    Situation situation{.cluster_id = node.config.cluster_id,
                        .name = node.name,
                        .address = node.address,
                        .instance_id = node.instance_id,
                        .founders = node.config.etcd.founders,
                        .has_data = has_write_ahead_log(root),
                        .is_serving = is_serving};
    INGOT_ASSIGN(const auto settings, read_etcd_settings(root), "");
    situation.replace_after = settings.replace_after;
    if (member.listening_since) {
        situation.listening_for = std::chrono::duration_cast<std::chrono::milliseconds>(
            member.environment.clock.monotonic() - *member.listening_since);
    }
    INGOT_ASSIGN(situation.record, read_founding(root), "");
    INGOT_ASSIGN(situation.same_data_folder, is_same_data_folder(root, situation.record), "");
    if (!needs_peers(situation)) { return situation; }
    if (situation.record && situation.record->phase >= Phase::started) {
        situation.last_words = read_last_words(log_of_the_last_run(member.environment));
    }
    ask_everybody(member, situation);
    return situation;
}

} // namespace ingot::firstboot::etcd
