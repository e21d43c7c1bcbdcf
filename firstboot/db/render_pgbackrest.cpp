// pgbackrest.conf and what else names the repositories.
#include <algorithm>

#include "common/text/text.hpp"
#include "firstboot/db/render.hpp"

namespace ingot::firstboot::db {

std::string stanza(const NodeSpec& node) { return node.config.cluster; }

std::string repository_path(const NodeSpec& node, const cloud_init::PosixRepository& repository) {
    constexpr std::size_t kIdDigits = 8;
    auto path = repository.path;
    while (path.ends_with('/')) { path.pop_back(); }
    return text::format("{}/{}-{}", path, node.config.cluster, node.config.cluster_id.substr(0, kIdDigits));
}

bool has_repository(const NodeSpec& node) { return !node.config.backup.repositories.empty(); }

std::string archive_command(const NodeSpec& node) {
    if (!has_repository(node)) { return "/bin/true"; }
    return text::format("pgbackrest --stanza={} archive-push \"%p\"", stanza(node));
}

std::string render_pgbackrest(const NodeSpec& node) {
    const auto& backup = node.config.backup;
    std::string out = "# Written by ingot-agent at each boot; changes here are lost.\n[global]\n";
    int number = 0;
    for (const auto& repository : backup.repositories) {
        ++number;
        out += text::format("repo{}-path={}\n", number, repository_path(node, repository));
        out += text::format("repo{}-retention-full={}\n", number, backup.retention_full);
        if (backup.cipher_pass) {
            out += text::format("repo{0}-cipher-type=aes-256-cbc\nrepo{0}-cipher-pass={1}\n", number,
                                backup.cipher_pass->reveal());
        }
    }
    const unsigned half = std::max(1U, node.cpus / 2);
    out += text::format("compress-type=zst\n"
                        "process-max={}\n"
                        "start-fast=y\n"
                        "resume=n\n"
                        "archive-async=y\n"
                        "archive-timeout=60\n"
                        "spool-path=/var/spool/pgbackrest\n"
                        "lock-path=/run/pgbackrest\n"
                        "log-path=/var/log/pgbackrest\n"
                        "log-level-console=warn\n"
                        "log-level-file=info\n"
                        "\n[global:archive-push]\nprocess-max={}\n"
                        "\n[global:restore]\nprocess-max={}\ndelta=y\n",
                        half, std::min(half, 4U), std::max(1U, node.cpus));
    out += text::format("\n[{}]\npg1-path={}\npg1-port={}\npg1-socket-path={}\n", stanza(node), data_directory(node),
                        kPostgresPort, kSocketFolder);
    return out;
}

std::string render_backup_environment(const NodeSpec& node) {
    return text::format("PGBACKREST_STANZA={}\n", stanza(node));
}

} // namespace ingot::firstboot::db
