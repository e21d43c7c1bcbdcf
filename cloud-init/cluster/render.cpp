// User-data from the two files: the same text for every node of a role, each time.
#include "cloud-init/cluster/cluster.hpp"

#include <algorithm>

#include "cloud-init/userdata/source_section.hpp"
#include "common/document/document.hpp"
#include "common/text/text.hpp"

namespace ingot::cloud_init {

using document::Writer;

namespace {

/// Why the two files do not make user-data, if they do not.
Status check_pair(const Cluster& cluster, const Secrets& secrets, clock::WallTime now) {
    if (cluster.id != secrets.id) {
        return fail(ErrorKind::invalid_input,
                    text::format("the secrets belong to another cluster: id {} there, {} in the cluster", secrets.id,
                                 cluster.id));
    }
    for (const auto& user : cluster.postgres.users) {
        if (!secrets.users.contains(user)) {
            return fail(ErrorKind::invalid_input,
                        text::format("the secrets hold no password of the user '{}'; 'ingot cluster password {}' "
                                     "draws one",
                                     user, user));
        }
    }
    for (const Role role : {Role::etcd, Role::db, Role::proxy}) {
        const auto authority = secrets.authorities.find(role);
        if (authority == secrets.authorities.end()) {
            return fail(ErrorKind::invalid_input, text::format("the secrets hold no {} CA", to_string(role)));
        }
        INGOT_ASSIGN(const auto info, crypto::inspect_certificate(authority->second.current.certificate_pem),
                     text::format("reading the {} CA", to_string(role)));
        if (!info.subject.ends_with(",O=" + cluster.name)) {
            return fail(
                ErrorKind::invalid_input,
                text::format("the secrets belong to a cluster of another name: their {} CA is {}, the cluster "
                             "is called {}. A cluster keeps its name: 'ingot cluster init' makes a new one",
                             to_string(role), info.subject, cluster.name));
        }
        if (info.not_after <= now) {
            return fail(ErrorKind::refused,
                        text::format("the {} CA expired at {}", to_string(role), clock::to_rfc3339(info.not_after)));
        }
    }
    return {};
}

void write_pki(Writer& writer, const Secrets& secrets, Role role) {
    writer.key("pki").begin_mapping();
    writer.entry("generation", secrets.generation);
    writer.entry("etcd_ca", bundle_of(secrets.authorities.at(Role::etcd)));
    writer.entry("db_ca", bundle_of(secrets.authorities.at(Role::db)));
    writer.entry("proxy_ca", bundle_of(secrets.authorities.at(Role::proxy)));
    if (role != Role::etcd) {
        writer.key("token");
        write_token(writer, secrets.tokens.at(role).front());
        writer.end_mapping();
        return;
    }
    writer.key("keys").begin_mapping();
    for (const auto& [of, authority] : secrets.authorities) {
        writer.entry(to_string(of), authority.current.key_pem.reveal());
    }
    writer.end_mapping().key("tokens").begin_mapping();
    for (const auto& [of, tokens] : secrets.tokens) {
        writer.key(to_string(of)).begin_sequence();
        for (const auto& token : tokens) { write_token(writer, token); }
        writer.end_sequence();
    }
    writer.end_mapping().end_mapping();
}

void write_postgres(Writer& writer, const ClusterPostgres& postgres, const Secrets& secrets, Role role) {
    writer.key("postgres").begin_mapping();
    writer.entry("version", postgres.version);
    if (role == Role::db) { // nobody else has use for it, and a verifier is a secret of a kind
        writer.entry("synchronous", to_string(postgres.synchronous));
        if (postgres.failover != Failover::fast) { writer.entry("failover", to_string(postgres.failover)); }
        if (postgres.delayed) { writer.entry("delayed", duration_text(*postgres.delayed)); }
        writer.entry_if_any("hba", postgres.hba);
        if (!postgres.parameters.empty()) {
            writer.key("parameters").begin_mapping();
            for (const auto& [name, value] : postgres.parameters) { writer.entry(name, value); }
            writer.end_mapping();
        }
        writer.key("databases").begin_sequence();
        for (const auto& database : postgres.databases) {
            writer.begin_mapping().entry("name", database.name);
            if (database.owner) { writer.entry("owner", *database.owner); }
            writer.entry_if_any("extensions", database.extensions);
            writer.end_mapping();
        }
        writer.end_sequence().key("users").begin_sequence();
        for (const auto& user : postgres.users) {
            writer.begin_mapping()
                .entry("name", user)
                .entry("password", secrets.users.at(user).verifier)
                .end_mapping();
        }
        writer.end_sequence();
    }
    writer.end_mapping();
}

/// The backup section of cluster.yaml with the secrets that belong to it. A backup host gets the repositories on such
/// hosts only, so that it has no other secrets than its own.
Result<BackupConfig> with_secrets(BackupConfig backup, const std::map<std::string, RepositorySecret>& secrets,
                                  const crypto::Secret& cipher_pass, Role role) {
    if (role == Role::backup) {
        std::erase_if(backup.repositories, [](const Repository& repository) {
            return !std::holds_alternative<HostStore>(repository.store);
        });
    }
    for (auto& repository : backup.repositories) {
        auto* const s3 = std::get_if<S3Store>(&repository.store);
        auto* const sftp = std::get_if<SftpStore>(&repository.store);
        if (s3 == nullptr && sftp == nullptr) { continue; }
        const auto known = secrets.find(repository.name);
        const auto& secret = known == secrets.end() ? RepositorySecret{} : known->second;
        const auto& value = s3 != nullptr ? secret.secret : secret.private_key;
        if (value.empty()) {
            return fail(ErrorKind::invalid_input,
                        text::format("the secrets hold no repositories.{}.{} for the repository of type {}",
                                     repository.name, s3 != nullptr ? "secret" : "private_key", type_of(repository)));
        }
        (s3 != nullptr ? s3->secret : sftp->private_key) = value;
    }
    if (!cipher_pass.empty()) { backup.cipher_pass = cipher_pass; }
    return backup;
}

void write_proxy(Writer& writer, const ProxyConfig& proxy, const std::vector<std::string>& clients) {
    writer.key("proxy").begin_mapping().key("ports").begin_mapping();
    writer.entry("primary", proxy.primary_port).entry("replica", proxy.replica_port).entry("pool", proxy.pool_port);
    writer.entry("read_pool", proxy.read_pool_port);
    writer.end_mapping().key("pool").begin_mapping();
    writer.entry("max_client_connections", proxy.max_client_connections);
    if (proxy.pool_size) { writer.entry("size", *proxy.pool_size); }
    writer.end_mapping();
    if (proxy.virtual_address) { writer.entry("virtual_address", *proxy.virtual_address); }
    write_networks(writer, "clients", clients);
    writer.end_mapping();
}

/// restore: and standby_of: with the secrets of the cluster they name.
Status write_source(Writer& writer, const Cluster& cluster, const Secrets& secrets) {
    const auto source = secrets.source.value_or(SourceSecrets{});
    if (cluster.restore) {
        auto restore = *cluster.restore;
        INGOT_ASSIGN(restore.source.backup,
                     with_secrets(restore.source.backup, source.repositories, source.cipher_pass, Role::db),
                     "restore");
        write_restore(writer, restore, true);
    }
    if (cluster.standby_of) {
        auto standby = *cluster.standby_of;
        if (!standby.endpoints.empty() && source.credential.key_pem.empty()) {
            return fail(
                ErrorKind::invalid_input,
                text::format(
                    "the secrets hold no credential for cluster {}; 'ingot cluster init --standby-of' makes one",
                    standby.source.cluster));
        }
        INGOT_ASSIGN(standby.source.backup,
                     with_secrets(standby.source.backup, source.repositories, source.cipher_pass, Role::db),
                     "standby_of");
        standby.ca = source.ca;
        standby.certificate = source.credential.certificate_pem;
        standby.key = source.credential.key_pem;
        write_standby(writer, standby, true);
    }
    return {};
}

} // namespace

Result<std::string> render_user_data(const Cluster& cluster, const Secrets& secrets, Role role, clock::WallTime now) {
    INGOT_TRY(check_pair(cluster, secrets, now), "");
    Writer writer;
    writer.begin_mapping();
    if (!cluster.ssh_authorized_keys.empty()) {
        writer.key("ssh_authorized_keys").begin_sequence();
        for (const auto& key : cluster.ssh_authorized_keys) { writer.text(key); }
        writer.end_sequence();
    }
    writer.key("ingot").begin_mapping();
    writer.entry("cluster", cluster.name).entry("id", cluster.id).entry("role", to_string(role));
    writer.entry("network", cluster.network);
    writer.key("etcd").begin_mapping().key("founders").begin_mapping();
    for (const auto& [name, address] : cluster.topology.etcd) { writer.entry(name, address); }
    writer.end_mapping().end_mapping();
    if (role == Role::db || role == Role::proxy) { write_postgres(writer, cluster.postgres, secrets, role); }
    if (role == Role::db || role == Role::backup) {
        INGOT_ASSIGN(const auto backup, with_secrets(cluster.backup, secrets.repositories, secrets.cipher_pass, role),
                     "");
        if (role == Role::backup && backup.repositories.empty()) {
            return fail(
                ErrorKind::invalid_input,
                "cluster.yaml has no repository of type host: a machine of role backup would have nothing to do");
        }
        write_backup(writer, backup, true);
    }
    if (role == Role::proxy) { write_proxy(writer, cluster.proxy, cluster.firewall.clients); }
    if (role == Role::db) { INGOT_TRY(write_source(writer, cluster, secrets), ""); }
    write_firewall(writer, cluster.firewall);
    write_pki(writer, secrets, role);
    writer.end_mapping().end_mapping();
    auto text = "#cloud-config\n" + writer.finish();
    // Nothing leaves here that the agent would refuse.
    INGOT_TRY(parse(text, text::format("user-data of role {}", to_string(role))), "this is a bug in ingot user-data");
    return text;
}

} // namespace ingot::cloud_init
