#include "builder/lab/world/observer.hpp"

#include <future>

#include "builder/lab/world/sockets.hpp"
#include "common/crypto/crypto.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::lab {

namespace {

constexpr auto kAnswersWithin = std::chrono::seconds(1);
constexpr int kEtcdPort = 2379;
constexpr int kPatroniPort = 8008;
constexpr int kOk = 200;

std::string ask(http::Request request, http::Tls tls) {
    request.tls = std::move(tls);
    request.connect_timeout = kAnswersWithin;
    request.timeout = kAnswersWithin * 2;
    http::CurlClient client;
    const auto response = client.send(request);
    return response && response->status == kOk ? response->body : "";
}

} // namespace

Result<Observer> Observer::create(const cloud_init::Cluster& cluster, const cloud_init::Secrets& secrets,
                                  const std::filesystem::path& folder, clock::WallTime now) {
    Observer observer;
    observer.folder_ = folder;
    observer.proxy_ports_ = {.primary = cluster.proxy.primary_port,
                             .replica = cluster.proxy.replica_port,
                             .pool = cluster.proxy.pool_port};
    observer.cluster_ = cluster.name;
    INGOT_TRY(observer.follow(secrets, now), "");
    return observer;
}

Status Observer::follow(const cloud_init::Secrets& secrets, clock::WallTime now) const {
    const auto authority = secrets.authorities.find(Role::db); // whose nodes etcd lets in
    if (authority == secrets.authorities.end()) {
        return fail(ErrorKind::invalid_input, "the secrets lack the db CA");
    }
    const auto bundle_file = [this](Role role) {
        return folder_ / text::format("ca-{}.crt", cloud_init::to_string(role));
    };
    INGOT_ASSIGN(const auto known, files::read_if_exists(bundle_file(Role::db)), "");
    if (known != cloud_init::bundle_of(authority->second)) {
        constexpr auto kLifetime = std::chrono::days(365);
        INGOT_ASSIGN(
            const auto leaf,
            crypto::issue_leaf(authority->second.current,
                               {.cluster = cluster_, .role = "db", .common_name = "lab", .lifetime = kLifetime}, now),
            "issuing the lab's own certificate");
        INGOT_TRY(files::write(folder_ / "lab.crt", leaf.certificate_pem), "");
        INGOT_TRY(files::write(folder_ / "lab.key", leaf.key_pem.reveal(), {.mode = 0600}), "");
    }
    for (const auto& [role, ca] : secrets.authorities) {
        INGOT_TRY(files::write_if_different(bundle_file(role), cloud_init::bundle_of(ca)), "");
    }
    return {};
}

http::Tls Observer::tls_for(Role role) const {
    http::Tls tls = {.ca_file = folder_ / text::format("ca-{}.crt", cloud_init::to_string(role))};
    // Patroni breaks a connection off that shows a certificate of another CA than its own.
    if (role == Role::etcd) {
        tls.cert_file = folder_ / "lab.crt";
        tls.key_file = folder_ / "lab.key";
    }
    return tls;
}

bool Observer::is_open(const std::string& address, int port, std::chrono::milliseconds patience) {
    return connect_tcp(address, port, patience).has_value();
}

void Observer::look(const std::vector<Member>& members, std::map<std::string, Sighting>& sightings) const {
    std::map<std::string, std::future<std::string>> documents;
    std::map<std::string, std::future<std::vector<int>>> ports;
    for (const auto& member : members) {
        auto& sighting = sightings[member.name];
        sighting.looked_inside = true;
        if (!sighting.running) { continue; }
        if (member.role == Role::db) {
            documents[member.name] = std::async(std::launch::async, [this, address = member.address] {
                return ask({.url = text::format("https://{}:{}/cluster", address, kPatroniPort)}, tls_for(Role::db));
            });
        } else if (member.role == Role::etcd) {
            documents[member.name] = std::async(std::launch::async, [this, address = member.address] {
                return ask({.method = "POST",
                            .url = text::format("https://{}:{}/v3/maintenance/status", address, kEtcdPort),
                            .body = "{}"},
                           tls_for(Role::etcd));
            });
        } else if (member.role == Role::proxy) {
            ports[member.name] = std::async(std::launch::async, [this, address = member.address] {
                std::vector<int> open;
                for (const int port : {proxy_ports_.primary, proxy_ports_.replica, proxy_ports_.pool}) {
                    if (is_open(address, port, kAnswersWithin)) { open.push_back(port); }
                }
                return open;
            });
        }
    }
    // In a partition the db machines disagree; the one that is leader in its own view and lists most is believed.
    std::map<std::string, PatroniMember> patroni;
    for (const auto& member : members) {
        const auto document = documents.find(member.name);
        if (document == documents.end()) { continue; }
        const auto body = document->second.get();
        if (member.role == Role::etcd) {
            sightings[member.name].etcd = read_etcd(body);
            continue;
        }
        auto view = read_patroni(body);
        const bool leads = view.contains(member.name) && view[member.name].role == "leader";
        if (patroni.empty() || leads) { patroni = std::move(view); }
    }
    for (const auto& member : members) {
        auto& sighting = sightings[member.name];
        if (const auto entry = patroni.find(member.name); entry != patroni.end()) {
            sighting.patroni = entry->second;
        }
        if (const auto open = ports.find(member.name); open != ports.end()) {
            sighting.open_ports = open->second.get();
        }
    }
}

} // namespace ingot::builder::lab
