#include "firstboot/etcd/observe.hpp"

#include <algorithm>
#include <future>

#include "common/text/text.hpp"
#include "firstboot/identity/identity.hpp"

namespace ingot::firstboot {

namespace {

constexpr std::string_view kRecord = "/var/lib/ingot/etcd.json";
constexpr std::string_view kAttestPath = "/v1/attest";

std::string log_folder() { return text::format("{}/member/wal", paths::kEtcdData); }
std::string mark_file() { return text::format("{}/ingot-founding", paths::kEtcdData); }

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

PeerView ask(Environment& environment, const std::string& name, const std::string& address) {
    constexpr int kOk = 200;
    PeerView peer{.name = name, .address = address};
    const auto http = environment.make_http();
    const auto response = http->send({.url = url_of(address, kAttestPort) + std::string(kAttestPath),
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

std::vector<PeerView> ask_founders(const NodeSpec& node, Environment& environment) {
    std::vector<std::future<PeerView>> questions;
    for (const auto& founder : node.config.etcd.founders) {
        if (founder.first == node.name) { continue; }
        questions.push_back(std::async(std::launch::async, [&environment, &founder] {
            return ask(environment, founder.first, founder.second);
        }));
    }
    std::vector<PeerView> peers;
    peers.reserve(questions.size());
    for (auto& question : questions) { peers.push_back(question.get()); }
    return peers;
}

} // namespace

bool has_write_ahead_log(const files::Root& root) {
    const auto names = files::list(root.at(log_folder()));
    return names && std::ranges::any_of(*names, [](const auto& name) { return name.ends_with(".wal"); });
}

Result<std::optional<Founding>> read_founding(const files::Root& root) {
    INGOT_ASSIGN(const auto content, files::read_if_exists(root.at(kRecord)), "reading the record of the founding");
    if (!content) { return std::optional<Founding>{}; }
    INGOT_ASSIGN(auto founding, founding_from_json(*content), text::format("reading {}", kRecord));
    return std::optional(std::move(founding));
}

Status write_founding(const files::Root& root, const Founding& founding) {
    const auto doing = text::format("recording that the founding is {}", to_string(founding.phase));
    if (founding.phase >= Phase::committed) {
        // Says later that the data folder is still this one, and not a new disk in its place.
        INGOT_TRY(files::write_if_different(root.at(mark_file()), founding.token + "\n"), doing);
    }
    INGOT_TRY(files::write(root.at(kRecord), to_json_text(founding), {.mode = 0600}), doing);
    return {};
}

Result<Attestation> attest(const NodeSpec& node, const files::Root& root) {
    // The log before the record: "started" is on disk before etcd writes its log, so a log is never seen with an
    // older record.
    const bool has_data = has_write_ahead_log(root);
    INGOT_ASSIGN(const auto record, read_founding(root), "");
    const bool own = record && record->cluster_id == node.config.cluster_id && record->name == node.name &&
                     record->instance_id == node.instance_id;
    return Attestation{.cluster_id = node.config.cluster_id,
                       .name = node.name,
                       .instance_id = node.instance_id,
                       .phase = own ? record->phase : Phase::virgin,
                       .token = own ? record->token : "",
                       .has_data = has_data};
}

Result<std::unique_ptr<tls::Server>> serve_attestation(const NodeSpec& node, const files::Root& root) {
    const auto tls = tls_for(root, "etcd");
    return tls::Server::start({.address = node.address,
                               .port = kAttestPort,
                               .ca_file = tls.ca_file,
                               .cert_file = tls.cert_file,
                               .key_file = tls.key_file},
                              [node, root](const tls::Request& request) -> tls::Response {
                                  constexpr int kNotFound = 404;
                                  constexpr int kBroken = 503;
                                  if (request.method != "GET" || request.path != kAttestPath) {
                                      return {.status = kNotFound, .body = "{}"};
                                  }
                                  const auto answer = attest(node, root);
                                  if (!answer) { return {.status = kBroken, .body = "{}"}; }
                                  return {.body = to_json_line(*answer)};
                              });
}

Result<Situation> observe(const NodeSpec& node, Environment& environment) {
    const auto& root = environment.root;
    Situation situation{.cluster_id = node.config.cluster_id,
                        .name = node.name,
                        .address = node.address,
                        .instance_id = node.instance_id,
                        .founders = node.config.etcd.founders,
                        .has_data = has_write_ahead_log(root)};
    INGOT_ASSIGN(situation.record, read_founding(root), "");
    INGOT_ASSIGN(const auto mark, files::read_if_exists(root.at(mark_file())), "");
    situation.same_data_folder = situation.record && mark && text::trim(*mark) == situation.record->token;
    if (needs_peers(situation)) { situation.peers = ask_founders(node, environment); }
    return situation;
}

} // namespace ingot::firstboot
