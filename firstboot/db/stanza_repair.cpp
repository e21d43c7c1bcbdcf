#include "firstboot/db/stanza_repair.hpp"

#include <chrono>
#include <filesystem>

#include "common/files/files.hpp"
#include "common/log/log.hpp"
#include "common/text/text.hpp"
#include "firstboot/db/observe.hpp"
#include "firstboot/db/render.hpp"

namespace ingot::firstboot::db {

namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 90s;
constexpr std::string_view kScratch = "/var/spool/pgbackrest/scratch";
constexpr std::string_view kScratchConfig = "/etc/pgbackrest/scratch.conf";

/// A repository beside the others, for as long as it is needed.
class Scratch {
  public:
    explicit Scratch(const Database& database) : database_(database), there_(database.node) {
        there_.config.backup.repositories = {{.name = "scratch", .path = std::string(kScratch)}};
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    Scratch(Scratch&&) = delete;
    Scratch& operator=(Scratch&&) = delete;
    ~Scratch() { static_cast<void>(clean()); }

    /// A stanza of this node's database.
    Status make() {
        INGOT_TRY(clean(), "");
        const auto config = database_.environment.root.at(kScratchConfig);
        INGOT_TRY(files::write(config, render_pgbackrest(there_, observe_machine(database_)),
                               owned_by(database_, 0640, "root", "postgres")),
                  "");
        INGOT_TRY(pgbackrest(database_, {option(), "stanza-create"}, kPatience), "making a stanza to take it from");
        return {};
    }
    /// One of its info files in plain text.
    Result<std::string> read(const std::string& path) const {
        INGOT_ASSIGN(auto output, pgbackrest(database_, {option(), "repo-get", path}, kPatience), "");
        return std::move(output.out);
    }
    /// As it is on the disk, perhaps encrypted.
    Result<std::string> raw(const std::string& path) const {
        const auto folder = backup::repository_path(there_, there_.config.backup.repositories.front());
        return files::read(database_.environment.root.at(folder) / path);
    }

  private:
    [[nodiscard]] std::string option() const {
        return text::format("--config={}", database_.environment.root.at(kScratchConfig).string());
    }
    Status clean() {
        INGOT_TRY(files::remove_tree(database_.environment.root.at(kScratch)), "");
        return files::remove_file(database_.environment.root.at(kScratchConfig));
    }

    const Database& database_;
    NodeSpec there_;
};

std::string in_repository(std::size_t number) { return text::format("--repo={}", number); }

Result<std::string> list(const Database& database, std::size_t number, const std::string& folder) {
    INGOT_ASSIGN(auto output,
                 pgbackrest(database, {in_repository(number), "repo-ls", "--recurse", folder}, kPatience),
                 text::format("looking into repository {}", number));
    return std::string(text::trim(output.out));
}

bool has_file(std::string_view listing, std::string_view name) {
    for (const auto& line : text::lines(listing)) {
        if (line == name || line == text::format("{}.copy", name)) { return true; }
    }
    return false;
}

Status put(const Database& database, std::size_t number, const std::string& path, const std::string& content) {
    auto command = as_postgres({"pgbackrest", text::format("--stanza={}", stanza(database.node)),
                                in_repository(number), "repo-put", "--raw", path},
                               kPatience);
    command.input = content;
    INGOT_TRY(process::run_checked(database.environment.processes, command),
              text::format("putting {} into repository {}", path, number));
    return {};
}

Status complete(const Database& database, LeaseLock& lock, std::size_t number) {
    const auto name = stanza(database.node);
    const auto archive = "archive/" + name;
    const auto backups = "backup/" + name;
    INGOT_ASSIGN(const auto archived, list(database, number, archive), "");
    INGOT_ASSIGN(const auto kept, list(database, number, backups), "");
    const bool has_archive_info = has_file(archived, "archive.info");
    const bool has_backup_info = has_file(kept, "backup.info");
    if (has_archive_info == has_backup_info) { return {}; }
    if (!has_archive_info || !kept.empty()) {
        return fail(
            ErrorKind::refused,
            text::format("stanza {} in repository {} has lost {}.info and holds backups: that is not what a power "
                         "cut leaves. Look at it, or give this cluster another repository path",
                         name, number, has_archive_info ? "backup" : "archive"));
    }
    Scratch scratch(database);
    INGOT_TRY(scratch.make(), "");
    INGOT_ASSIGN(const auto there,
                 pgbackrest(database, {in_repository(number), "repo-get", archive + "/archive.info"}, kPatience),
                 "reading archive.info");
    INGOT_ASSIGN(const auto own, scratch.read(archive + "/archive.info"), "");
    if (databases_of(there.out) != databases_of(own) || databases_of(own).empty()) {
        return fail(ErrorKind::refused,
                    text::format("stanza {} in repository {} has no backup.info, and its archive.info is of another "
                                 "database: give this cluster another repository path",
                                 name, number));
    }
    INGOT_ASSIGN(const auto info, scratch.raw(backups + "/backup.info"), "");
    INGOT_TRY(lock.renew(), "");
    INGOT_TRY(put(database, number, backups + "/backup.info.copy", info), "");
    INGOT_TRY(lock.renew(), "");
    INGOT_TRY(put(database, number, backups + "/backup.info", info), "");
    log::info(text::format("stanza {} in repository {} was cut off while it was made: it has its backup.info now",
                           name, number));
    return {};
}

} // namespace

bool is_cut_off(std::string_view message) {
    return message.find("archive.info exists but backup.info is missing") != std::string_view::npos ||
           message.find("backup.info exists but archive.info is missing") != std::string_view::npos;
}

std::string databases_of(std::string_view info) {
    std::string found;
    bool inside = false;
    for (const auto& line : text::lines(info)) {
        if (line.starts_with('[')) { inside = line == "[db]" || line == "[db:history]"; }
        if (inside && !text::trim(line).empty()) { found += line + "\n"; }
    }
    return found;
}

Status complete_stanza(const Database& database, LeaseLock& lock) {
    for (std::size_t number = 1; number <= database.node.config.backup.repositories.size(); ++number) {
        INGOT_TRY(complete(database, lock, number), "");
    }
    return {};
}

} // namespace ingot::firstboot::db
