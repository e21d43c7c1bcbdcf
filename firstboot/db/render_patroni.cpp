// patroni.yml: see render.hpp for how the parts find and trust each other.
#include "firstboot/db/render.hpp"

#include "common/document/document.hpp"
#include "common/text/text.hpp"
#include "firstboot/db/source.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot::db {

namespace {

using document::Writer;

constexpr std::string_view kReplicator = "ingot_replicator";
constexpr std::string_view kRewinder = "ingot_rewind";
constexpr std::string_view kPool = "ingot_pool";

std::string pki(std::string_view file) { return text::format("{}/{}", paths::kPki, file); }

std::string host_port(std::string_view address, int port) {
    const bool ipv6 = address.find(':') != std::string_view::npos;
    return ipv6 ? text::format("[{}]:{}", address, port) : text::format("{}:{}", address, port);
}

void write_rest(Writer& out, const NodeSpec& node) {
    out.key("restapi").begin_mapping();
    out.entry("listen", host_port(node.address, kRestPort));
    out.entry("connect_address", host_port(node.address, kRestPort));
    out.entry("certfile", pki("node.crt")).entry("keyfile", pki("node.key")).entry("cafile", pki("ca-db.crt"));
    // Health checks come without a certificate; whoever gives orders shows one.
    out.entry("verify_client", "optional");
    out.end_mapping();
    out.key("ctl").begin_mapping();
    out.entry("cacert", pki("ca-db.crt")).entry("certfile", pki("node.crt")).entry("keyfile", pki("node.key"));
    out.end_mapping();
}

void write_etcd(Writer& out, const NodeSpec& node) {
    constexpr int kClientPort = 2379;
    out.key("etcd3").begin_mapping().key("hosts").begin_sequence();
    for (const auto& [name, address] : node.config.etcd.founders) { out.text(host_port(address, kClientPort)); }
    out.end_sequence();
    out.entry("protocol", "https").entry("cacert", pki("ca-etcd.crt"));
    out.entry("cert", pki("node.crt")).entry("key", pki("node.key"));
    out.end_mapping();
}

void write_parameters(Writer& out, const Parameters& parameters) {
    out.key("parameters").begin_mapping();
    for (const auto& [name, value] : parameters) { out.entry(name, value); }
    out.end_mapping();
}

/// How the cluster follows another one, until it is promoted.
void write_standby_cluster(Writer& out, const NodeSpec& node) {
    const auto& standby = *node.config.standby_of;
    out.key("standby_cluster").begin_mapping();
    if (streams_from_source(node)) {
        out.entry("host", source_host(node)).entry("port", standby.endpoints.front().port);
    }
    out.key("create_replica_methods").begin_sequence();
    if (reads_source_repository(node)) { out.text("source"); }
    out.text("basebackup").end_sequence();
    if (reads_source_repository(node)) { out.entry("restore_command", source_archive_get(node)); }
    if (standby.delay) { out.entry("recovery_min_apply_delay", text::format("{}s", standby.delay->count())); }
    out.end_mapping();
}

/// What goes into etcd when the cluster is made, and never again: see docs of Patroni, "dynamic configuration".
void write_bootstrap(Writer& out, const NodeSpec& node, const Machine& machine) {
    using cloud_init::Synchronous;
    constexpr int kMaximumLag = 16 << 20;
    const auto synchronous = node.config.postgres.synchronous;
    out.key("bootstrap").begin_mapping().key("dcs").begin_mapping();
    const auto timing = timing_of(node.config.postgres.failover);
    out.entry("ttl", timing.ttl).entry("loop_wait", timing.loop_wait).entry("retry_timeout", timing.retry_timeout);
    out.entry("maximum_lag_on_failover", kMaximumLag);
    out.entry("check_timeline", true);
    out.entry("failsafe_mode", true);
    out.entry("primary_start_timeout", timing.primary_start_timeout);
    out.entry("primary_stop_timeout", timing.primary_stop_timeout);
    out.entry("member_slots_ttl", "30min");
    if (synchronous == Synchronous::quorum) {
        out.entry("synchronous_mode", "quorum");
    } else {
        out.entry("synchronous_mode", synchronous != Synchronous::off);
    }
    out.entry("synchronous_mode_strict", synchronous == Synchronous::strict);
    out.key("postgresql").begin_mapping().entry("use_pg_rewind", true).entry("use_slots", true);
    write_parameters(out, cluster_parameters(node, machine));
    out.end_mapping();
    if (node.config.standby_of) { write_standby_cluster(out, node); }
    out.end_mapping();
    if (node.config.restore) {
        out.entry("method", "restore").key("restore").begin_mapping();
        out.entry("command", restore_bootstrap_command(node, machine));
        out.entry("keep_existing_recovery_conf", true).entry("no_params", true).end_mapping();
    }

    constexpr int kBuiltinProvider = 17; // the first version whose own C.UTF-8 does not depend on the C library
    const auto item = [&out](std::string_view key, std::string_view value) {
        out.begin_mapping().entry(key, value).end_mapping();
    };
    out.key("initdb").begin_sequence();
    item("encoding", "UTF8");
    item("locale", "C.UTF-8");
    if (node.config.postgres.version >= kBuiltinProvider) {
        item("locale-provider", "builtin");
        item("builtin-locale", "C.UTF-8");
    }
    out.text("data-checksums");
    item("auth-local", "peer");
    item("auth-host", "reject");
    if (machine.wal_disk) { item("waldir", wal_directory(node)); }
    out.end_sequence().end_mapping();
}

void write_authentication(Writer& out, const NodeSpec& node) {
    const bool remote = streams_from_source(node);
    const auto user = [&out, remote](std::string_view role, std::string_view name, bool in_source) {
        out.key(role).begin_mapping().entry("username", name);
        out.entry("sslmode", "verify-full")
            .entry("sslrootcert", remote ? std::string(kSourceCaFile) : pki("ca-db.crt"));
        out.entry("sslcert", remote && in_source ? std::string(kStandbyCertificate) : pki("node.crt"));
        out.entry("sslkey", remote && in_source ? std::string(kStandbyKey) : pki("node.key"));
        out.end_mapping();
    };
    out.key("authentication").begin_mapping();
    user("superuser", "postgres", false);
    // Patroni has one identity for its own members and for the source, so a standby shows the source's everywhere.
    user("replication", kReplicator, true);
    user("rewind", kRewinder, true);
    out.end_mapping();
}

/// The repository first, so that the primary is spared; it fails at once as long as there is no backup in it.
void write_replica_methods(Writer& out, const NodeSpec& node, const Machine& machine) {
    out.key("create_replica_methods").begin_sequence();
    if (has_repository(node)) { out.text("pgbackrest"); }
    out.text("basebackup").end_sequence();
    if (has_repository(node)) {
        out.key("pgbackrest").begin_mapping();
        const auto wal = machine.wal_disk ? text::format(" --link-map=pg_wal={}", wal_directory(node)) : "";
        out.entry("command",
                  text::format("pgbackrest --stanza={} --delta --type=standby{} restore", stanza(node), wal));
        out.entry("keep_data", true).entry("no_params", true).end_mapping();
    }
    if (node.config.standby_of && reads_source_repository(node)) {
        out.key("source").begin_mapping().entry("command", standby_restore_command(node));
        out.entry("keep_data", true).entry("no_params", true).entry("no_leader", true).end_mapping();
    }
    out.key("basebackup").begin_sequence();
    out.begin_mapping().entry("checkpoint", "fast").end_mapping();
    if (machine.wal_disk) { out.begin_mapping().entry("waldir", wal_directory(node)).end_mapping(); }
    out.end_sequence();
    const auto& delayed = node.config.postgres.delayed;
    if (!has_repository(node) && !delayed) { return; }
    out.key("recovery_conf").begin_mapping();
    if (has_repository(node)) {
        // See timeline.hpp for what the first half keeps away. pgBackRest asks a repository that does not answer
        // twenty times for a minute each; a member asks several files when it starts and when it is promoted, and has
        // others to stream from. What is fetched in advance goes on behind it.
        out.entry("restore_command",
                  text::format("ingot-agent may-restore %f \"%p\" && timeout --foreground 10 pgbackrest --stanza={} "
                               "archive-get %f \"%p\"",
                               stanza(node)));
    }
    if (delayed) { out.entry("recovery_min_apply_delay", text::format("{}s", delayed->count())); }
    out.end_mapping();
}

void write_access(Writer& out, const NodeSpec& node) {
    const auto& network = node.config.network;
    const auto subject = [&node](std::string_view role) {
        return text::format("\"/^CN=[a-z0-9-]+,OU={},O={}$\"", role, node.config.cluster);
    };
    out.key("pg_hba").begin_sequence();
    out.text("local all postgres peer");
    out.text(text::format("local replication {} peer map=here", kReplicator));
    out.text("local postgres ingot_monitor peer map=here");
    out.text(text::format("hostssl replication {} {} cert clientname=DN map=db", kReplicator, network));
    out.text(text::format("hostssl all {} {} cert clientname=DN map=db", kRewinder, network));
    out.text(text::format("hostssl all postgres {} cert clientname=DN map=db", network));
    out.text(text::format("hostssl postgres {} {} cert clientname=DN map=proxy", kPool, network));
    // Standbys of this cluster come through its proxies, or from their own network; their certificate says who they
    // are.
    out.text(text::format("hostssl replication {} all cert clientname=DN map=standby", kReplicator));
    out.text(text::format("hostssl all {} all cert clientname=DN map=standby", kRewinder));
    out.text(text::format("hostssl all {},{},{} all reject", kReplicator, kRewinder, kPool));
    for (const auto& line : node.config.postgres.hba) { out.text(line); }
    out.text(text::format("hostssl all all {} scram-sha-256", network));
    out.end_sequence();
    out.key("pg_ident").begin_sequence();
    out.text(text::format("here postgres {}", kReplicator));
    // postgres-exporter. PostgreSQL has a user namespace of its own (PrivateUsers of Patroni's unit), in which all
    // users but root and postgres are nobody: whoever may run programs on this machine may look at its figures.
    out.text("here prometheus ingot_monitor");
    out.text("here nobody ingot_monitor");
    for (const auto user : {kReplicator, kRewinder, std::string_view("postgres")}) {
        out.text(text::format("db {} {}", subject("db"), user));
    }
    for (const auto user : {kReplicator, kRewinder}) {
        const auto standby = text::format("\"/^CN=standby:[a-z0-9-]+,OU=db,O={}$\"", node.config.cluster);
        // Through a proxy they come from the private network, whose line in pg_hba asks map db, and only that.
        for (const auto* const map : {"db", "standby"}) { out.text(text::format("{} {} {}", map, standby, user)); }
        if (streams_from_source(node)) {
            out.text(text::format("db \"/^CN=standby:{},OU=db,O={}$\" {}", node.config.cluster,
                                  source_of(node)->cluster, user));
        }
    }
    out.text(text::format("proxy {} {}", subject("proxy"), kPool));
    out.end_sequence();
}

void write_postgresql(Writer& out, const NodeSpec& node, const Machine& machine) {
    auto parameters = machine_parameters(node, machine);
    parameters["unix_socket_directories"] = kSocketFolder;
    parameters["ssl"] = "on";
    parameters["ssl_cert_file"] = pki("node.crt");
    parameters["ssl_key_file"] = pki("node.key");
    parameters["ssl_ca_file"] = kClientCaFile;
    parameters["ssl_min_protocol_version"] = "TLSv1.3";

    out.key("postgresql").begin_mapping();
    out.entry("listen", text::format("127.0.0.1,{}:{}", node.address, kPostgresPort));
    out.entry("connect_address", host_port(node.address, kPostgresPort));
    out.entry("use_unix_socket", true).entry("use_unix_socket_repl", true);
    out.entry("data_dir", data_directory(node)).entry("bin_dir", bin_directory(node));
    out.entry("pgpass", "/var/lib/postgresql/.pgpass-patroni");
    // Nobody is there to look: a replica that cannot be rewound is made anew.
    out.entry("remove_data_directory_on_rewind_failure", true);
    out.entry("remove_data_directory_on_diverged_timelines", true);
    write_authentication(out, node);
    write_replica_methods(out, node, machine);
    write_parameters(out, parameters);
    write_access(out, node);
    out.end_mapping();
}

/// New replicas are made from a replica where there is one. A delayed one takes no part in anything but being late;
/// one that leaves is left alone already.
void write_tags(Writer& out, const NodeSpec& node, const Machine& machine) {
    const bool aside = node.config.postgres.delayed.has_value() || machine.retiring;
    out.key("tags").begin_mapping().entry("clonefrom", !aside);
    if (aside) { out.entry("nofailover", true).entry("noloadbalance", true).entry("nosync", true); }
    out.end_mapping();
}

} // namespace

/// ttl stays above loop_wait + 2 * retry_timeout, not equal to it: at equality a standby's election can win the race
/// against failsafe_mode. "fast" is the floor that Patroni allows.
Timing timing_of(cloud_init::Failover failover) {
    switch (failover) {
    case cloud_init::Failover::fast: break;
    case cloud_init::Failover::normal:
        return {
            .ttl = 30, .loop_wait = 5, .retry_timeout = 10, .primary_start_timeout = 20, .primary_stop_timeout = 30};
    case cloud_init::Failover::wide:
        return {
            .ttl = 60, .loop_wait = 10, .retry_timeout = 20, .primary_start_timeout = 60, .primary_stop_timeout = 60};
    }
    return {.ttl = 20, .loop_wait = 2, .retry_timeout = 8, .primary_start_timeout = 10, .primary_stop_timeout = 30};
}

std::string wal_directory(const NodeSpec& node) {
    return text::format("{}/{}/main", kWalMount, node.config.postgres.version);
}

std::string data_directory(const NodeSpec& node) {
    return text::format("/var/lib/postgresql/{}/main", node.config.postgres.version);
}

std::string bin_directory(const NodeSpec& node) {
    return text::format("/usr/lib/postgresql/{}/bin", node.config.postgres.version);
}

std::string render_patroni(const NodeSpec& node, const Machine& machine) {
    Writer out;
    out.begin_mapping();
    out.entry("scope", node.config.cluster).entry("namespace", "/service/").entry("name", node.name);
    write_rest(out, node);
    write_etcd(out, node);
    write_bootstrap(out, node, machine);
    write_postgresql(out, node, machine);
    // A device that exists must be held before leading; where there is none, failsafe and the lock have to do.
    out.key("watchdog").begin_mapping().entry("mode", machine.has_watchdog ? "required" : "automatic");
    out.entry("device", "/dev/watchdog").entry("safety_margin", 5).end_mapping();
    write_tags(out, node, machine);
    out.end_mapping();
    return "# Written by ingot-agent at each boot; changes here are lost.\n" + out.finish();
}

} // namespace ingot::firstboot::db
