#include "firstboot/metrics/exporters.hpp"

#include <algorithm>

#include "common/crypto/crypto.hpp"
#include "common/text/text.hpp"
#include "firstboot/metrics/node_metrics.hpp"

namespace ingot::firstboot::metrics {

namespace {

constexpr int kOk = 200;
constexpr int kNotFound = 404;
constexpr int kBadGateway = 502;
constexpr auto* kPlain = "text/plain; version=0.0.4; charset=utf-8";

std::string pki(std::string_view file) { return text::format("{}/{}", paths::kPki, file); }

std::optional<clock::WallTime> certificate_end(const files::Root& root) {
    const auto pem = files::read(root.at(pki("node.crt")));
    if (!pem) { return std::nullopt; }
    const auto leaf = crypto::inspect_certificate(*pem);
    if (!leaf) { return std::nullopt; }
    return leaf->not_after;
}

} // namespace

std::vector<Exporter> exporters_of(cloud_init::Role role) {
    std::vector<Exporter> exporters = {
        {.path = "/node", .url = "http://127.0.0.1:9100/metrics", .unit = "prometheus-node-exporter.service"}};
    if (role == cloud_init::Role::db) {
        exporters.push_back({.path = "/postgres",
                             .url = "http://127.0.0.1:9187/metrics",
                             .unit = "prometheus-postgres-exporter.service"});
    }
    if (role == cloud_init::Role::etcd) {
        exporters.push_back({.path = "/etcd", .url = "http://127.0.0.1:2381/metrics"});
    }
    return exporters;
}

Metrics::Metrics(const NodeSpec& node, Environment& environment, const StatusBoard& board,
                 std::vector<std::function<std::string()>> figures)
    : node_(node), environment_(environment), board_(board), figures_(std::move(figures)),
      exporters_(exporters_of(node.config.role)) {}

tls::Response Metrics::answer(const tls::Request& request) const {
    if (request.method != "GET") { return {.status = kNotFound, .body = "only GET\n", .content_type = kPlain}; }
    if (request.path == "/metrics") {
        auto body = to_text(node_families(board_.snapshot(), certificate_end(environment_.root)));
        for (const auto& each : figures_) { body += each(); }
        return {.status = kOk, .body = std::move(body), .content_type = kPlain};
    }
    const auto found = std::ranges::find(exporters_, request.path, &Exporter::path);
    if (found == exporters_.end()) {
        std::string known = "/metrics";
        for (const auto& exporter : exporters_) { known += " " + exporter.path; }
        return {.status = kNotFound, .body = "here are: " + known + "\n", .content_type = kPlain};
    }
    constexpr std::chrono::seconds kPatience{8};
    const auto http = environment_.make_http();
    auto response = http->send({.url = found->url, .timeout = kPatience});
    if (!response || response->status != kOk) {
        const auto reason = response ? text::format("HTTP {}", response->status) : response.error().to_string();
        return {.status = kBadGateway, .body = text::format("{}: {}\n", found->url, reason), .content_type = kPlain};
    }
    return {.status = kOk, .body = std::move(response->body), .content_type = kPlain};
}

Status Metrics::operator()() {
    if (!server_) {
        const auto& root = environment_.root;
        INGOT_ASSIGN(server_,
                     tls::Server::start({.address = node_.address,
                                         .port = kPort,
                                         .cert_file = root.at(pki("node.crt")),
                                         .key_file = root.at(pki("node.key"))},
                                        [this](const tls::Request& request) { return answer(request); }),
                     "serving metrics");
    }
    for (const auto& exporter : exporters_) {
        if (exporter.unit.empty()) { continue; }
        INGOT_ASSIGN(const auto state, environment_.services.state(exporter.unit), "");
        if (state == "active" || state == "activating") { continue; }
        INGOT_TRY(environment_.services.start(exporter.unit), "");
    }
    return {};
}

Duty metrics_duty(const std::shared_ptr<Metrics>& metrics) {
    return {.name = "metrics", .interval = std::chrono::seconds(10), .run = [metrics] { return (*metrics)(); }};
}

} // namespace ingot::firstboot::metrics
