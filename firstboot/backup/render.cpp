#include "firstboot/backup/render.hpp"

#include <algorithm>

#include "common/crypto/crypto.hpp"
#include "common/text/text.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot::backup {

namespace {

using cloud_init::HostStore;
using cloud_init::Repository;
using cloud_init::S3Store;
using cloud_init::SftpStore;

constexpr std::string_view kHeader = "# Written by ingot-agent at each boot; changes here are lost.\n[global]\n";

std::string pki(std::string_view file) { return text::format("{}/{}", paths::kPki, file); }
std::string key_file(std::size_t number) { return text::format("/etc/pgbackrest/repo{}.key", number); }
std::string ca_file(std::size_t number) { return text::format("/etc/pgbackrest/repo{}-ca.crt", number); }

/// "SHA256:<base64 without padding>" as pgBackRest wants it: hex digits.
std::string hex_fingerprint(std::string_view fingerprint) {
    const auto bytes = crypto::base64_decode(std::string(fingerprint.substr(fingerprint.find(':') + 1)) + "=");
    return bytes ? crypto::hex_encode(*bytes) : "";
}

std::string lines_of(const S3Store& s3, std::size_t number) {
    auto lines = text::format("repo{0}-type=s3\nrepo{0}-s3-endpoint={1}\nrepo{0}-storage-port={2}\n"
                              "repo{0}-s3-bucket={3}\nrepo{0}-s3-region={4}\nrepo{0}-s3-key={5}\n"
                              "repo{0}-s3-key-secret={6}\nrepo{0}-s3-uri-style={7}\n",
                              number, s3.endpoint, s3.port, s3.bucket, s3.region, s3.key, s3.secret.reveal(),
                              s3.path_style ? "path" : "host");
    if (!s3.verify) { lines += text::format("repo{}-storage-verify-tls=n\n", number); }
    if (!s3.ca.empty()) { lines += text::format("repo{}-storage-ca-file={}\n", number, ca_file(number)); }
    return lines;
}

std::string lines_of(const SftpStore& sftp, std::size_t number) {
    return text::format("repo{0}-type=sftp\nrepo{0}-sftp-host={1}\nrepo{0}-sftp-host-port={2}\n"
                        "repo{0}-sftp-host-user={3}\nrepo{0}-sftp-private-key-file={4}\n"
                        "repo{0}-sftp-host-key-check-type=fingerprint\nrepo{0}-sftp-host-key-hash-type=sha256\n"
                        "repo{0}-sftp-host-fingerprint={5}\n",
                        number, sftp.host, sftp.port, sftp.user, key_file(number), hex_fingerprint(sftp.host_key));
}

std::string lines_of(const HostStore& host, std::size_t number) {
    return text::format("repo{0}-host={1}\nrepo{0}-host-type=tls\nrepo{0}-host-port={2}\n"
                        "repo{0}-host-ca-file={3}\nrepo{0}-host-cert-file={4}\nrepo{0}-host-key-file={5}\n",
                        number, host.address, kServerPort, pki("ca-db.crt"), pki("node.crt"), pki("node.key"));
}

std::string lines_of(const cloud_init::PosixStore& /*posix*/, std::size_t /*number*/) { return {}; }

std::string cipher_lines(const cloud_init::BackupConfig& backup, std::size_t number) {
    if (!backup.cipher_pass) { return {}; }
    return text::format("repo{0}-cipher-type=aes-256-cbc\nrepo{0}-cipher-pass={1}\n", number,
                        backup.cipher_pass->reveal());
}

std::string retention_lines(const cloud_init::Retention& retention, std::size_t number) {
    auto lines = retention.days ? text::format("repo{0}-retention-full-type=time\nrepo{0}-retention-full={1}\n",
                                               number, *retention.days)
                                : text::format("repo{}-retention-full={}\n", number, retention.full);
    if (retention.diff) { lines += text::format("repo{}-retention-diff={}\n", number, *retention.diff); }
    if (retention.archive) {
        lines += text::format("repo{0}-retention-archive-type=full\nrepo{0}-retention-archive={1}\n", number,
                              *retention.archive);
    }
    return lines;
}

std::string server_lines(const NodeSpec& node) {
    return text::format("tls-server-address={}\ntls-server-port={}\ntls-server-ca-file={}\n"
                        "tls-server-cert-file={}\ntls-server-key-file={}\n",
                        node.address, kServerPort, pki("ca-db.crt"), pki("node.crt"), pki("node.key"));
}

constexpr std::string_view kFolders = "lock-path=/run/pgbackrest\n"
                                      "log-path=/var/log/pgbackrest\n"
                                      "log-level-console=warn\n"
                                      "log-level-file=info\n";

/// WAL that is fetched ahead for a replica or a restore: a hundredth of the disk, within reason.
std::uint64_t spool_mib(std::uint64_t disk_bytes) {
    constexpr std::uint64_t kLeast = 128;
    constexpr std::uint64_t kMost = 4096;
    constexpr std::uint64_t kShare = 100;
    return std::clamp((disk_bytes >> 20U) / kShare, kLeast, kMost);
}

} // namespace

std::string stanza(const NodeSpec& node) { return node.config.cluster; }

bool has_repository(const NodeSpec& node) { return !node.config.backup.repositories.empty(); }

std::string repository_path(const NodeSpec& node, const Repository& repository) {
    constexpr std::size_t kIdDigits = 8;
    auto path = repository.path;
    while (path.ends_with('/')) { path.pop_back(); }
    return text::format("{}/{}-{}", path, node.config.cluster, node.config.cluster_id.substr(0, kIdDigits));
}

std::string repository_place(const NodeSpec& node, const Repository& repository) {
    const auto path = repository_path(node, repository);
    if (const auto* const s3 = std::get_if<S3Store>(&repository.store)) {
        return text::format("s3 {}/{}{}", s3->endpoint, s3->bucket, path);
    }
    if (const auto* const sftp = std::get_if<SftpStore>(&repository.store)) {
        return text::format("sftp {}@{}:{}", sftp->user, sftp->host, path);
    }
    if (const auto* const host = std::get_if<HostStore>(&repository.store)) {
        return text::format("backup host {}", host->address);
    }
    return path;
}

std::string archive_command(const NodeSpec& node) {
    if (!has_repository(node)) { return "/bin/true"; }
    // One program and its arguments: Patroni runs it without a shell before it rewinds.
    return text::format("ingot-agent archive \"%p\" -- pgbackrest --stanza={} archive-push \"%p\"", stanza(node));
}

std::vector<SecretFile> repository_files(const NodeSpec& node) {
    std::vector<SecretFile> files;
    std::size_t number = 0;
    for (const auto& repository : node.config.backup.repositories) {
        ++number;
        if (const auto* const sftp = std::get_if<SftpStore>(&repository.store)) {
            auto key = sftp->private_key.reveal();
            if (!key.ends_with('\n')) { key += '\n'; }
            files.push_back({.path = key_file(number), .content = std::move(key)});
        }
        const auto* const s3 = std::get_if<S3Store>(&repository.store);
        if (s3 != nullptr && !s3->ca.empty()) {
            files.push_back({.path = ca_file(number), .content = s3->ca, .secret = false});
        }
    }
    return files;
}

bool is_on_host(const Repository& repository) { return std::holds_alternative<HostStore>(repository.store); }

std::string render_config(const NodeSpec& node, const Place& place, Scope scope) {
    const auto& backup = node.config.backup;
    std::string out(kHeader);
    std::size_t number = 0;
    for (const auto& repository : backup.repositories) {
        ++number;
        if (scope == Scope::direct && is_on_host(repository)) { continue; }
        out += std::visit([number](const auto& store) { return lines_of(store, number); }, repository.store);
        // A backup host knows its own path. The cipher it tells for backups, but not for `info`.
        if (!is_on_host(repository)) {
            out += text::format("repo{}-path={}\n", number, repository_path(node, repository));
        }
        // Few large files instead of many small ones (each would be synced to disk by itself: a thousand for an empty
        // database), and only the changed blocks of a file in later backups.
        out += text::format("repo{0}-bundle=y\nrepo{0}-block=y\n", number);
        out += cipher_lines(backup, number);
        out += retention_lines(backup.retention, number);
    }
    const unsigned half = std::max(1U, node.cpus / 2);
    // There is no archive-push-queue-max: at that limit pgBackRest drops WAL, and with it every point in time until
    // the next backup. A full disk is announced long before instead (see wal.hpp).
    out += server_lines(node);
    out += text::format("compress-type=zst\n"
                        "process-max={}\n"
                        "start-fast=y\n"
                        "resume=n\n"
                        "archive-async=y\n"
                        "archive-timeout=60\n"
                        "archive-get-queue-max={}MiB\n"
                        "spool-path=/var/spool/pgbackrest\n"
                        "{}"
                        "\n[global:archive-push]\nprocess-max={}\n"
                        "\n[global:restore]\nprocess-max={}\ndelta=y\n",
                        half, spool_mib(place.disk_bytes), kFolders, std::min(half, 4U), std::max(1U, node.cpus));
    out += text::format("\n[{}]\npg1-path={}\npg1-port={}\npg1-socket-path={}\n", stanza(node), place.data_directory,
                        place.port, place.socket_folder);
    return out;
}

Result<std::string> render_host_config(const NodeSpec& node) {
    // A db node asks for the repository by the number that it has there; backup hosts are numbered first, so that the
    // numbers agree although this node does not know the other repositories.
    std::size_t number = 0;
    for (const auto& repository : node.config.backup.repositories) {
        ++number;
        const auto* const host = std::get_if<HostStore>(&repository.store);
        if (host == nullptr || host->address != node.address) { continue; }
        return text::format("{}repo{}-path={}\n{}{}{}", kHeader, number, repository_path(node, repository),
                            cipher_lines(node.config.backup, number), server_lines(node), kFolders);
    }
    return fail(ErrorKind::invalid_input,
                text::format("this node has the address {}, and no repository of type host in the user-data has it",
                             node.address));
}

std::string render_clients(const NodeSpec& node, std::vector<std::string> names) {
    std::ranges::sort(names);
    const auto tail = std::ranges::unique(names);
    names.erase(tail.begin(), tail.end());
    std::string out =
        "# Db nodes of this cluster, as they announced themselves in etcd. Written by ingot-agent.\n[global]\n";
    for (const auto& name : names) { out += text::format("tls-server-auth={}={}\n", name, stanza(node)); }
    return out;
}

} // namespace ingot::firstboot::backup
