// What this node sees of its cluster: etcd's members, Patroni, the backups.
#include <future>

#include "cloud-init/userdata/network.hpp"
#include "common/json/json.hpp"
#include "common/text/text.hpp"
#include "firstboot/coordination/endpoints.hpp"
#include "firstboot/doctor/doctor.hpp"
#include "firstboot/identity/identity.hpp"
#include "firstboot/view/client.hpp"

namespace ingot::firstboot::doctor {

namespace {

using namespace std::chrono_literals;

constexpr int kOk = 200;

http::Request question(std::string url, http::Tls tls) {
    constexpr std::size_t kLargest = std::size_t{1} << 20U;
    return {.url = std::move(url),
            .tls = std::move(tls),
            .connect_timeout = 2s,
            .timeout = 4s,
            .response_limit = kLargest};
}

/// Why a member of etcd does not serve; empty if it does.
std::string etcd_fault(const Environment& environment, const std::string& address) {
    const auto http = environment.make_http();
    const auto answer = http->send(question(etcd_url(address) + "/health", tls_for(environment.root, "etcd")));
    if (!answer) { return answer.error().to_string(); }
    const auto document = json::parse(answer->body);
    if (answer->status == kOk && document && json::string_at(*document, "health") == "true") { return {}; }
    const auto reason = document ? json::string_at(*document, "reason").value_or("") : "";
    return text::format("it says that it is not healthy (HTTP {}{}{})", answer->status, reason.empty() ? "" : ": ",
                        reason);
}

/// The same for a proxy, which etcd does not let in: whether the agent beside the member gets an answer from it.
std::string view_fault(const Environment& environment, const NodeSpec& node, const std::string& address) {
    view::ViewClient agent({address}, tls_for(environment.root, "etcd"), node.name);
    const auto members = agent.members();
    return members ? std::string() : members.error().to_string();
}

} // namespace

std::vector<EtcdHealth> observe_etcd(const Environment& environment, const NodeSpec& node) {
    std::vector<std::pair<std::string, std::future<std::string>>> asked;
    for (const auto& [name, address] : known_members(environment.root, node.config.etcd.founders)) {
        asked.emplace_back(name, std::async(std::launch::async, [&environment, &node, address] {
                               return node.config.role == cloud_init::Role::proxy
                                          ? view_fault(environment, node, address)
                                          : etcd_fault(environment, address);
                           }));
    }
    std::vector<EtcdHealth> members;
    for (auto& [name, fault] : asked) { members.push_back({.name = name, .fault = fault.get()}); }
    return members;
}

PatroniHealth observe_patroni(const Environment& environment, const NodeSpec& node) {
    const bool v6 = node.address.find(':') != std::string::npos;
    const auto url = text::format("https://{}{}{}:8008/patroni", v6 ? "[" : "", node.address, v6 ? "]" : "");
    const auto http = environment.make_http();
    const auto answer = http->send(question(url, tls_for(environment.root, "db")));
    if (!answer) { return {.fault = answer.error().to_string()}; }
    const auto document = json::parse(answer->body);
    if (!document || !document->is_object()) {
        return {.fault = text::format("GET {}: HTTP {}, and no JSON", url, answer->status)};
    }
    return {.state = json::string_at(*document, "state").value_or("unknown"),
            .role = json::string_at(*document, "role").value_or("unknown"),
            .replication = json::string_at(*document, "replication_state").value_or(""),
            .timeline = json::number_at(*document, "timeline").value_or(0),
            .paused = json::flag_at(*document, "pause")};
}

BackupHealth observe_backup(const files::Root& root) {
    BackupHealth health{.wanted = files::exists(root.at(backup::kConfigFile))};
    const auto content = files::read_if_exists(root.at(backup::kStatusFile));
    const auto document = content && *content ? json::parse(**content) : Result<json::Json>(json::Json());
    if (!document || !document->is_object()) { return health; }
    const auto& report = json::member(*document, "report");
    if (report.is_object()) {
        if (auto read = backup::report_from_json(json::to_line(report))) { health.report = *std::move(read); }
    }
    const auto& test = json::member(*document, "restore_test");
    if (test.is_object()) {
        if (auto read = backup::restore_test_from_json(json::to_line(test))) { health.test = *std::move(read); }
    }
    const auto& wal = json::member(*document, "wal");
    health.wal_waiting = json::number_at(wal, "waiting_segments").value_or(0);
    health.wal_waits = std::chrono::seconds(json::number_at(wal, "lag_seconds").value_or(0));
    health.wal_fault = json::string_at(wal, "error").value_or("");
    return health;
}

std::vector<std::string> names_in(std::string_view pgbackrest_conf) {
    std::vector<std::string> names;
    for (const auto& line : text::lines(pgbackrest_conf)) {
        const auto equals = line.find('=');
        const auto key = std::string_view(line).substr(0, equals);
        if (equals == std::string::npos || !(key.ends_with("-s3-endpoint") || key.ends_with("-sftp-host"))) {
            continue;
        }
        auto host = line.substr(equals + 1);
        if (!cloud_init::Address::parse(host)) { names.push_back(std::move(host)); }
    }
    return names;
}

} // namespace ingot::firstboot::doctor
