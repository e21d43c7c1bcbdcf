// cluster.yaml: read strictly, written with a comment above whatever is meant to be edited.
#include "cloud-init/cluster/cluster.hpp"

#include "cloud-init/userdata/source_section.hpp"
#include "common/document/document.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::cloud_init {

using document::Fields;
using document::Value;
using document::Writer;

namespace {

Topology read_topology(Fields& cluster, const std::optional<Network>& network) {
    Topology topology;
    const Value* section = cluster.required("topology");
    if (section == nullptr) { return topology; }
    constexpr int kMostMachines = 64;
    Fields fields(*section, cluster.path("topology"), cluster.faults());
    topology.etcd = read_founders(fields, "etcd", network);
    topology.db = static_cast<int>(fields.number("db", 1, kMostMachines).value_or(topology.db));
    topology.proxy = static_cast<int>(fields.number("proxy", 0, kMostMachines).value_or(topology.proxy));
    fields.finish();
    return topology;
}

ClusterPostgres read_postgres(Fields& cluster) {
    ClusterPostgres postgres;
    const Value* section = cluster.optional("postgres");
    if (section == nullptr) { return postgres; }
    Fields fields(*section, cluster.path("postgres"), cluster.faults());
    postgres.version = read_postgres_version(fields);
    postgres.synchronous = read_synchronous(fields);
    postgres.failover = read_failover(fields);
    postgres.parameters = read_parameters(fields);
    postgres.hba = read_hba(fields);
    postgres.users = fields.texts("users").value_or(std::vector<std::string>{});
    std::set<std::string> names;
    for (std::size_t index = 0; index < postgres.users.size(); ++index) {
        check_database_user((*section->find("users")->sequence())[index].position,
                            text::format("{}[{}]", fields.path("users"), index), postgres.users[index], names,
                            cluster.faults());
    }
    postgres.databases = read_databases(fields, names);
    fields.finish();
    return postgres;
}

std::string block(std::string_view comment, const Writer& writer) {
    return text::format("\n# {}\n{}", text::replace_all(std::string(comment), "\n", "\n# "), writer.finish());
}

std::string topology_block(const Topology& topology) {
    Writer writer;
    writer.begin_mapping().key("topology").begin_mapping().key("etcd").begin_mapping();
    for (const auto& [name, address] : topology.etcd) { writer.entry(name, address); }
    writer.end_mapping().entry("db", topology.db).entry("proxy", topology.proxy).end_mapping().end_mapping();
    return block(
        "The etcd founders have fixed addresses in the network. db and proxy are how many machines 'ingot lab'\n"
        "boots; elsewhere, boot as many as you like.",
        writer);
}

std::string postgres_block(const ClusterPostgres& postgres) {
    Writer writer;
    writer.begin_mapping().key("postgres").begin_mapping();
    writer.entry("version", postgres.version).entry("synchronous", to_string(postgres.synchronous));
    writer.entry("failover", to_string(postgres.failover));
    writer.key("parameters").begin_mapping();
    for (const auto& [name, value] : postgres.parameters) { writer.entry(name, value); }
    writer.end_mapping().key("databases").begin_sequence();
    for (const auto& database : postgres.databases) {
        writer.begin_mapping().entry("name", database.name);
        if (database.owner) { writer.entry("owner", *database.owner); }
        writer.entry_if_any("extensions", database.extensions);
        writer.end_mapping();
    }
    writer.end_sequence();
    writer.entry_if_any("hba", postgres.hba);
    writer.key("users").begin_sequence();
    for (const auto& user : postgres.users) { writer.text(user); }
    writer.end_sequence().end_mapping().end_mapping();
    return block(
        "synchronous: off, on (an acknowledged row is on two machines whenever two are there), strict\n"
        "(writes wait when there is no second one) or quorum. failover: how soon a leader that does not answer\n"
        "is replaced: fast, normal or wide. Passwords of users are in secrets.yaml.",
        writer);
}

std::string backup_block(const BackupConfig& backup) {
    Writer writer;
    writer.begin_mapping();
    write_backup(writer, backup, false);
    writer.end_mapping();
    return block(
        "A posix repository is a folder that all db machines share (NFS, for instance); others are s3, sftp and\n"
        "host, see docs/backups.md. Times are UTC; what they ask for in secrets is in secrets.yaml.",
        writer);
}

std::string proxy_block(const ProxyConfig& proxy, const std::vector<std::string>& clients) {
    Writer writer;
    writer.begin_mapping().key("proxy").begin_mapping().key("ports").begin_mapping();
    writer.entry("primary", proxy.primary_port).entry("replica", proxy.replica_port).entry("pool", proxy.pool_port);
    writer.entry("read_pool", proxy.read_pool_port);
    writer.end_mapping().key("pool").begin_mapping();
    writer.entry("max_client_connections", proxy.max_client_connections);
    if (proxy.pool_size) { writer.entry("size", *proxy.pool_size); }
    writer.end_mapping();
    if (proxy.virtual_address) { writer.entry("virtual_address", *proxy.virtual_address); }
    write_networks(writer, "clients", clients);
    writer.end_mapping().end_mapping();
    return block(
        "primary and replica reach PostgreSQL itself; pool and read_pool are PgBouncer, in transaction\nmode.",
        writer);
}

std::string source_block(const Cluster& cluster) {
    std::string text;
    if (cluster.restore) {
        Writer writer;
        writer.begin_mapping();
        write_restore(writer, *cluster.restore, false);
        writer.end_mapping();
        text +=
            block("The first database is restored from the backups of another cluster, which are only read.", writer);
    }
    if (cluster.standby_of) {
        Writer writer;
        writer.begin_mapping();
        write_standby(writer, *cluster.standby_of, false);
        writer.end_mapping();
        text += block("A standby of another cluster, until 'ingot-agent promote-cluster' makes it one of its own.",
                      writer);
    }
    return text;
}

std::string firewall_block(const FirewallConfig& firewall) {
    Writer writer;
    writer.begin_mapping();
    write_firewall(writer, firewall);
    writer.end_mapping();
    return block("Who reaches ssh, and ports beside those of the roles.", writer);
}

} // namespace

Result<Cluster> parse_cluster(std::string_view text, std::string_view file) {
    Faults faults;
    const Value root = document::parse(text, file, faults);
    Cluster cluster;
    Fields fields(root, "", faults);
    cluster.name = read_cluster_name(fields, "name");
    cluster.id = read_uuid(fields, "id");
    const auto network = read_network(fields, "network");
    if (network) { cluster.network = network->to_string(); }
    cluster.topology = read_topology(fields, network);
    cluster.ssh_authorized_keys = read_ssh_keys(fields, "ssh_authorized_keys");
    cluster.postgres = read_postgres(fields);
    cluster.backup = read_backup(fields.optional("backup"), "backup", false, faults);
    check_backup_hosts(fields, cluster.backup, network);
    cluster.proxy = read_proxy(fields.optional("proxy"), "proxy", network, cluster.firewall, faults);
    read_firewall(fields.optional("firewall"), "firewall", cluster.firewall, faults);
    if (const Value* section = fields.optional("restore")) {
        cluster.restore = read_restore(*section, "restore", cluster.id, false, faults);
    }
    if (const Value* section = fields.optional("standby_of")) {
        cluster.standby_of = read_standby(*section, "standby_of", cluster.id, false, faults);
        if (cluster.restore) { fault_at(fields, "standby_of", "restore is given as well"); }
    }
    fields.finish();
    if (!faults.empty()) { return faults.to_error(); }
    return cluster;
}

std::string render_cluster(const Cluster& cluster) {
    Writer head;
    head.begin_mapping().entry("name", cluster.name).entry("id", cluster.id).entry("network", cluster.network);
    head.key("ssh_authorized_keys").begin_sequence();
    for (const auto& key : cluster.ssh_authorized_keys) { head.text(key); }
    head.end_sequence().end_mapping();
    std::string text =
        "# A PostgreSQL cluster, as 'ingot user-data' and 'ingot lab' read it. Keep this file in git;\n"
        "# keep secrets.yaml, which belongs to it, out of it. 'ingot check' finds mistakes.\n";
    text += head.finish() + topology_block(cluster.topology) + postgres_block(cluster.postgres);
    if (!cluster.backup.repositories.empty()) { text += backup_block(cluster.backup); }
    text += proxy_block(cluster.proxy, cluster.firewall.clients) + source_block(cluster);
    if (cluster.firewall.ssh.empty() && cluster.firewall.open.empty()) { return text; }
    return text + firewall_block(cluster.firewall);
}

Result<Cluster> read_cluster(const std::filesystem::path& path) {
    INGOT_ASSIGN(const auto text, files::read(path), "");
    return parse_cluster(text, path.string());
}

} // namespace ingot::cloud_init
