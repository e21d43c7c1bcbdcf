#include "firstboot/proxy/render.hpp"

#include "common/text/text.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot::proxy {

namespace {

constexpr int kRestPort = 8008;
constexpr int kStatisticsPort = 8404;
constexpr std::string_view kEmptySlot = "127.0.0.1:1";
constexpr std::string_view kBegin = "# ingot: begin";
constexpr std::string_view kEnd = "# ingot: end";

std::string pki(std::string_view file) { return text::format("{}/{}", paths::kPki, file); }

/// Also while another proxy has the address: nothing has to be started when it comes.
std::string bind_virtual(std::string_view address, int port) {
    return text::format("    bind {} transparent\n", host_port(address, port));
}

std::string binds(const NodeSpec& node, int port) {
    auto lines =
        text::format("    bind {}\n    bind {}\n", host_port(node.address, port), host_port("127.0.0.1", port));
    if (const auto& address = node.config.proxy.virtual_address) { lines += bind_virtual(*address, port); }
    return lines;
}

std::string render_slots(const Layout& layout) {
    std::string out;
    for (int number = 1; number <= kSlots;) {
        if (const auto used = layout.find(number); used != layout.end()) {
            out += text::format("    server db{} {} disabled\n", number,
                                host_port(used->second.address, used->second.port));
            ++number;
            continue;
        }
        const auto next = layout.lower_bound(number);
        const int last = next == layout.end() ? kSlots : next->first - 1;
        out += text::format("    server-template db {}-{} {} disabled\n", number, last, kEmptySlot);
        number = last + 1;
    }
    return out;
}

std::string render_backend(std::string_view name, std::string_view check, const Layout& layout) {
    return text::format("\nbackend {}\n"
                        "    balance leastconn\n"
                        "    option httpchk {}\n"
                        "    http-check expect status 200\n"
                        "{}",
                        name, check, render_slots(layout));
}

} // namespace

std::string host_port(std::string_view address, int port) {
    const bool ipv6 = address.find(':') != std::string_view::npos;
    return ipv6 ? text::format("[{}]:{}", address, port) : text::format("{}:{}", address, port);
}

std::string render_haproxy(const NodeSpec& node, const Layout& layout) {
    const auto& proxy = node.config.proxy;
    const auto domain = cloud_init::domain_of(node.config.cluster);
    // Two for each client of the pools and of the two ports, with room for checks and the statistics.
    const int connections = 6 * proxy.max_client_connections + 1000;
    std::string out = text::format(
        "# Written by ingot-agent; changes here are lost.\n"
        "global\n"
        "    maxconn {}\n"
        "    no strict-limits\n"
        "    stats socket {} mode 0660 level admin\n"
        "\n"
        "defaults\n"
        "    mode tcp\n"
        "    option redispatch\n"
        "    option clitcpka\n"
        "    option srvtcpka\n"
        "    retries 2\n"
        "    timeout connect 2s\n"
        "    timeout check 2s\n"
        "    timeout client 60m\n"
        "    timeout server 60m\n"
        // Patroni answers 200 for /primary only while it holds the lock, so one success is enough.
        "    default-server check port {} inter 1s fastinter 250ms downinter 250ms rise 1 fall 2 "
        "on-marked-down shutdown-sessions check-ssl verify required ca-file {} verifyhost db.{} check-sni db.{}\n",
        connections, kHaproxySocket, kRestPort, pki("ca-db.crt"), domain, domain);
    out += text::format("\nfrontend primary\n{}    default_backend primary\n", binds(node, proxy.primary_port));
    out += text::format("\nfrontend replicas\n{}"
                        "    use_backend primary if {{ nbsrv(replicas) eq 0 }}\n"
                        "    default_backend replicas\n",
                        binds(node, proxy.replica_port));
    // Patroni says 200 as soon as it has the lock; what PostgreSQL is by then, only the body says. Until it has left
    // recovery it would refuse every write.
    out +=
        render_backend(kBackends[0], "GET /primary\n    http-check expect ! string '\"role\": \"replica\"'", layout);
    out += render_backend(kBackends[1], "OPTIONS /replica?lag=16MB", layout);
    // PgBouncer cannot listen on an address that is not there yet.
    for (const auto& [name, port] :
         {std::pair("pool", proxy.pool_port), std::pair("read-pool", proxy.read_pool_port)}) {
        if (!proxy.virtual_address) { break; }
        out += text::format("\nlisten {}\n{}    server local {} no-check\n", name,
                            bind_virtual(*proxy.virtual_address, port), host_port("127.0.0.1", port));
    }
    out += text::format("\nfrontend statistics\n"
                        "    mode http\n"
                        "    bind {} ssl crt {}\n"
                        "    timeout client 30s\n"
                        "    http-request use-service prometheus-exporter if {{ path /metrics }}\n"
                        "    stats enable\n"
                        "    stats uri /\n"
                        "    stats refresh 5s\n",
                        host_port(node.address, kStatisticsPort), kHaproxyPem);
    return out;
}

Layout layout_from_config(std::string_view config) {
    Layout layout;
    bool in_primary = false;
    for (const auto& line : text::lines(config)) {
        if (!line.empty() && line.front() != ' ') { in_primary = line == text::format("backend {}", kBackends[0]); }
        constexpr std::string_view kServer = "    server db";
        if (!in_primary || !line.starts_with(kServer)) { continue; }
        const auto words = text::split(std::string_view(line).substr(kServer.size()), ' ');
        if (words.size() < 2) { continue; }
        const auto number = text::to_number(words[0]);
        const auto endpoint = endpoint_from_url("tcp://" + words[1]);
        if (number && *number >= 1 && *number <= kSlots && endpoint) {
            layout.emplace(static_cast<int>(*number), *endpoint);
        }
    }
    return layout;
}

std::string render_pgbouncer(const NodeSpec& node, Pool pool, int size) {
    const auto& proxy = node.config.proxy;
    const bool writes = pool == Pool::write;
    const auto domain = cloud_init::domain_of(node.config.cluster);
    return text::format(
        "; Written by ingot-agent; changes here are lost.\n"
        "[databases]\n"
        "* = host={9}.{0} port={1}\n"
        "\n"
        "[pgbouncer]\n"
        "listen_addr = 127.0.0.1,{2}\n"
        "listen_port = {3}\n"
        "unix_socket_dir = /var/run/postgresql\n"
        "\n"
        "; Users log in with their own password: PgBouncer asks the database for the verifier, with the\n"
        "; node's certificate as its only credential, and passes the login on.\n"
        "auth_type = scram-sha-256\n"
        "auth_user = ingot_pool\n"
        "auth_dbname = postgres\n"
        "auth_query = SELECT name, verifier FROM ingot.pool_lookup($1)\n"
        "\n"
        "client_tls_sslmode = require\n"
        "client_tls_cert_file = {4}\n"
        "client_tls_key_file = {5}\n"
        "server_tls_sslmode = verify-full\n"
        "server_tls_ca_file = {6}\n"
        "server_tls_cert_file = {4}\n"
        "server_tls_key_file = {5}\n"
        "\n"
        "pool_mode = transaction\n"
        "max_client_conn = {7}\n"
        "default_pool_size = {8}\n"
        "max_db_connections = {8}\n"
        "max_prepared_statements = 200\n"
        "ignore_startup_parameters = extra_float_digits\n"
        "\n"
        "; A failed login holds all clients up for this long: at a failover every second counts.\n"
        "server_login_retry = 0.2\n"
        "server_connect_timeout = 3\n"
        "server_fast_close = 1\n"
        "query_wait_timeout = 30\n"
        "tcp_keepidle = 60\n"
        "tcp_keepintvl = 10\n"
        "tcp_keepcnt = 6\n"
        "\n"
        "log_connections = 0\n"
        "log_disconnections = 0\n"
        "log_stats = 0\n",
        domain, writes ? proxy.primary_port : proxy.replica_port, node.address,
        writes ? proxy.pool_port : proxy.read_pool_port, pki("node.crt"), pki("node.key"), pki("ca-db.crt"),
        proxy.max_client_connections, size, writes ? "primary" : "replica");
}

std::string with_our_hosts(std::string_view hosts, const NodeSpec& node) {
    const auto ours = text::format("{0}\n{1} primary.{2} replica.{2}\n{3}\n", kBegin, node.address,
                                   cloud_init::domain_of(node.config.cluster), kEnd);
    std::string out;
    bool inside = false;
    for (const auto& line : text::lines(hosts)) {
        if (line == kBegin) { inside = true; }
        if (!inside) { out += line + "\n"; }
        if (line == kEnd) { inside = false; }
    }
    return out + ours;
}

} // namespace ingot::firstboot::proxy
