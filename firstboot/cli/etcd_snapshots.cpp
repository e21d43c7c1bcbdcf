// ingot-agent etcd snapshots, fetch-snapshot: those of the backup repositories, on a db node.
#include <algorithm>
#include <cstdio>

#include <unistd.h>

#include "common/files/files.hpp"
#include "common/process/process.hpp"
#include "common/text/text.hpp"
#include "firstboot/cli/etcd_orders.hpp"
#include "firstboot/cli/own_pgbackrest.hpp"
#include "firstboot/db/etcd_snapshots.hpp"

namespace ingot::firstboot::cli {

namespace {

struct Found {
    db::SnapshotRepository repository;
    std::vector<backup::StoredSnapshot> snapshots{};
};

/// Of each repository, or of one. What does not answer is named, and left out.
Result<std::vector<Found>> look(process::Processes& processes, int only) {
    INGOT_ASSIGN(const auto own, own_pgbackrest(), "");
    std::vector<Found> all;
    for (const auto& [number, pass] : own.repositories) {
        if (only != 0 && only != number) { continue; }
        Found found{.repository = {.stanza = own.stanza, .number = number, .cipher_pass = pass}};
        auto listed = db::list_etcd_snapshots(processes, found.repository);
        if (!listed) {
            std::fprintf(stderr, "%s\n", listed.error().to_string().c_str());
            continue;
        }
        found.snapshots = *std::move(listed);
        all.push_back(std::move(found));
    }
    if (all.empty()) { return fail(ErrorKind::transient, "no repository answers"); }
    return all;
}

} // namespace

Result<int> etcd_list_snapshots() {
    process::PosixProcesses processes;
    INGOT_ASSIGN(const auto all, look(processes, 0), "");
    std::printf("%-11s %-8s %-21s %s\n", "REPOSITORY", "NAME", "PUT AT", "SIZE");
    for (const auto& found : all) {
        for (const auto& each : found.snapshots) {
            std::printf("%-11d %-8s %-21s %s\n", found.repository.number, each.place.c_str(),
                        clock::to_rfc3339(each.at).c_str(), text::human_bytes(each.bytes).c_str());
        }
    }
    return 0;
}

Result<int> etcd_fetch_snapshot(const std::string& file, const std::string& name, int repository) {
    process::PosixProcesses processes;
    INGOT_ASSIGN(const auto all, look(processes, repository), "");
    const Found* from = nullptr;
    const backup::StoredSnapshot* chosen = nullptr;
    for (const auto& found : all) {
        for (const auto& each : found.snapshots) {
            if (!name.empty() && each.place != name) { continue; }
            if (chosen != nullptr && chosen->at >= each.at) { continue; }
            chosen = &each;
            from = &found;
        }
    }
    if (chosen == nullptr) {
        return fail(ErrorKind::not_found, name.empty() ? "there is no snapshot of etcd in any repository"
                                                       : text::format("there is no snapshot {}", name));
    }
    const auto target = std::filesystem::absolute(file);
    if (files::exists(target)) { return fail(ErrorKind::refused, text::format("{} is there already", file)); }
    // Only root reads what etcd holds, also while it is on its way; beside the target, so that it is renamed to it.
    const auto scratch = target.parent_path() / text::format(".etcd-snapshot-{}", ::getpid());
    INGOT_TRY(files::make_directory(scratch, {.mode = 0700}), "");
    auto fetched =
        db::fetch_etcd_snapshot(processes, from->repository, chosen->place, scratch, scratch / "snapshot.db");
    std::error_code error;
    if (fetched) { std::filesystem::rename(scratch / "snapshot.db", target, error); }
    INGOT_TRY(files::remove_tree(scratch), "");
    INGOT_TRY(std::move(fetched), "");
    if (error) { return fail_errno(error.value(), "writing " + target.string()); }
    std::printf("%s of repository %d, put there at %s, is whole and in %s\n"
                "On an etcd machine: ingot-agent etcd recover --from-snapshot FILE\n",
                chosen->place.c_str(), from->repository.number, clock::to_rfc3339(chosen->at).c_str(), file.c_str());
    return 0;
}

} // namespace ingot::firstboot::cli
