#include "firstboot/etcd/render.hpp"

#include <string_view>

#include "common/text/text.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot {

namespace {

std::string pki(std::string_view file) { return text::format("{}/{}", paths::kPki, file); }

} // namespace

std::string render_etcd_environment(const NodeSpec& node, const Founding& founding, StartMode mode) {
    const auto client = url_of(node.address, kClientPort);
    const auto peer = url_of(node.address, kPeerPort);
    std::string content = "# Written by ingot-agent at each start; changes here are lost.\n";
    const auto set = [&content](std::string_view name, std::string_view value) {
        content += text::format("ETCD_{}={}\n", name, value);
    };
    set("NAME", node.name);
    set("DATA_DIR", paths::kEtcdData);
    set("LOGGER", "zap");

    set("LISTEN_PEER_URLS", peer);
    set("INITIAL_ADVERTISE_PEER_URLS", peer);
    // The JSON gateway dials the first client address.
    set("LISTEN_CLIENT_URLS", text::format("{},{}", client, url_of("127.0.0.1", kClientPort)));
    set("ADVERTISE_CLIENT_URLS", client);
    set("LISTEN_METRICS_URLS", "http://127.0.0.1:2381"); // the agent passes it on (firstboot/metrics)

    set("INITIAL_CLUSTER", founding.initial_cluster);
    set("INITIAL_CLUSTER_TOKEN", founding.token);
    set("INITIAL_CLUSTER_STATE", mode == StartMode::found ? "new" : "existing");

    set("CERT_FILE", pki("node.crt"));
    set("KEY_FILE", pki("node.key"));
    set("CLIENT_CERT_AUTH", "true");
    // Without the proxies' CA: they ask the agents (firstboot/view).
    set("TRUSTED_CA_FILE", pki("ca-etcd-clients.crt"));
    set("PEER_CERT_FILE", pki("node.crt"));
    set("PEER_KEY_FILE", pki("node.key"));
    set("PEER_CLIENT_CERT_AUTH", "true");
    set("PEER_TRUSTED_CA_FILE", pki("ca-etcd.crt"));

    set("PRE_VOTE", "true");
    set("STRICT_RECONFIG_CHECK", "true");
    set("EXPERIMENTAL_INITIAL_CORRUPT_CHECK", "true");
    set("EXPERIMENTAL_COMPACT_HASH_CHECK_ENABLED", "true");
    set("AUTO_COMPACTION_MODE", "periodic");
    set("AUTO_COMPACTION_RETENTION", "1h");
    set("QUOTA_BACKEND_BYTES", std::to_string(kQuotaBytes));
    return content;
}

} // namespace ingot::firstboot
