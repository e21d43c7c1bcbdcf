// A cluster made of another one: what it takes over from it, and what it must not.
#include "cloud-init/cluster/cluster.hpp"
#include "common/text/text.hpp"

namespace ingot::cloud_init {

namespace {

/// Repositories that a machine of another cluster can use as well: a backup host lets in its own cluster's only.
BackupConfig shared(BackupConfig backup) {
    std::erase_if(backup.repositories,
                  [](const Repository& repository) { return std::holds_alternative<HostStore>(repository.store); });
    return backup;
}

/// The database that arrives has the users of the source; with other passwords its applications could not come along.
void take_over(NewCluster& made, const NewCluster& source) {
    made.cluster.postgres = source.cluster.postgres;
    made.cluster.proxy = source.cluster.proxy;
    made.cluster.backup = shared(source.cluster.backup);
    if (made.cluster.ssh_authorized_keys.empty()) {
        made.cluster.ssh_authorized_keys = source.cluster.ssh_authorized_keys;
    }
    made.secrets.users = source.secrets.users;
    made.secrets.repositories = source.secrets.repositories;
    made.secrets.source =
        SourceSecrets{.cipher_pass = source.secrets.cipher_pass, .repositories = source.secrets.repositories};
}

SourceCluster source_of(const NewCluster& source) {
    return {.cluster = source.cluster.name, .cluster_id = source.cluster.id, .backup = shared(source.cluster.backup)};
}

} // namespace

Status restore_from(NewCluster& made, const NewCluster& source, RestoreTarget target) {
    if (source.cluster.backup.repositories.empty()) {
        return fail(ErrorKind::invalid_input,
                    text::format("cluster {} has no backup to restore from", source.cluster.name));
    }
    if (shared(source.cluster.backup).repositories.empty()) {
        return fail(ErrorKind::invalid_input,
                    text::format("the backups of cluster {} are on a backup host, which lets in the machines of that "
                                 "cluster only: give it a second repository (s3, sftp or posix) to restore from",
                                 source.cluster.name));
    }
    take_over(made, source);
    made.cluster.restore = RestoreConfig{.source = source_of(source), .target = std::move(target)};
    return {};
}

Status follow(NewCluster& made, const NewCluster& source, std::vector<SourceEndpoint> endpoints,
              clock::WallTime now) {
    take_over(made, source);
    made.cluster.standby_of = StandbyConfig{.source = source_of(source), .endpoints = std::move(endpoints)};
    if (made.cluster.standby_of->endpoints.empty()) {
        if (!shared(source.cluster.backup).repositories.empty()) { return {}; }
        return fail(ErrorKind::invalid_input, text::format("cluster {} has no backup outside of a backup host of its "
                                                           "own, and no endpoints are given: nothing to follow",
                                                           source.cluster.name));
    }
    const auto authority = source.secrets.authorities.find(Role::db);
    if (authority == source.secrets.authorities.end()) {
        return fail(ErrorKind::invalid_input, text::format("the secrets of {} hold no db CA", source.cluster.name));
    }
    INGOT_ASSIGN(const auto ca, crypto::inspect_certificate(authority->second.current.certificate_pem),
                 "reading the db CA");
    // The colon keeps it apart from every node: pg_ident knows the two by their names (firstboot/db/render_patroni).
    const crypto::LeafRequest request{.cluster = source.cluster.name,
                                      .role = std::string(to_string(Role::db)),
                                      .common_name = text::format("standby:{}", made.cluster.name),
                                      .dns_names = {text::format("standby-{}", made.cluster.name)},
                                      .lifetime = std::chrono::floor<std::chrono::days>(ca.not_after - now)};
    auto& kept = *made.secrets.source;
    kept.ca = authority->second.current.certificate_pem;
    INGOT_ASSIGN(kept.credential, crypto::issue_leaf(authority->second.current, request, now),
                 "making the credential");
    return {};
}

} // namespace ingot::cloud_init
