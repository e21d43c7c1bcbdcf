// `ingot-agent etcd recover`: for the day on which the quorum is gone for good.
//
// Nothing here ever runs by itself. The old data is put aside, not deleted; the new cluster gets a random token,
// so that its id is one that never was, and no member of the old cluster can be taken for one of the new. The ids of
// the clusters that are given up by it are written into the new one: their members read there that a
// person has decided, put their data aside and join.
#include <algorithm>
#include <filesystem>

#include "common/text/text.hpp"
#include "firstboot/coordination/endpoints.hpp"
#include "firstboot/etcd/act.hpp"
#include "firstboot/etcd/commands.hpp"
#include "firstboot/etcd/disk.hpp"
#include "firstboot/etcd/observe.hpp"
#include "firstboot/etcd/place.hpp"

namespace ingot::firstboot::etcd {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kAgentUnit = "ingot-agent.service";
constexpr std::string_view kOwnCopy = "/var/lib/ingot/etcd-own-data.db";
constexpr auto kRestoreTime = std::chrono::minutes(10);

/// The clusters that are given up: this node's own, and what still answers elsewhere.
std::vector<std::uint64_t> given_up(const Member& member, const std::optional<Founding>& record) {
    std::vector<std::uint64_t> ids;
    const auto add = [&ids](std::uint64_t id) {
        if (id != 0 && std::ranges::find(ids, id) == ids.end()) { ids.push_back(id); }
    };
    if (record) {
        add(record->etcd_cluster);
        for (const auto id : record->recovered_from) { add(id); }
    }
    for (const auto& [name, address] : known_members(member.environment.root, member.node.config.etcd.founders)) {
        if (const auto answer = ask_peer_port(member.environment, address)) { add(answer->cluster_id); }
    }
    return ids;
}

/// Refuses as long as any member of the cluster still has a quorum behind it.
Status make_sure_that_quorum_is_lost(const Member& member) {
    const auto founders = member.node.config.etcd.founders;
    auto places = known_members(member.environment.root, founders);
    places.insert(founders.begin(), founders.end());
    places.insert_or_assign(member.node.name, member.node.address);
    for (const auto& [name, address] : places) {
        auto session = member.session_with({etcd_url(address)});
        const auto status = session->status();
        if (!status || status->leader == 0) { continue; }
        if (session->identify()) {
            return fail(ErrorKind::refused,
                        text::format("{} ({}) has a quorum behind it: there is nothing to recover. A member that is "
                                     "broken is replaced by booting a fresh machine",
                                     name, address));
        }
    }
    return {};
}

Result<fs::path> copy_own_data(const Member& member) {
    const auto& root = member.environment.root;
    const auto database = root.at(text::format("{}/member/snap/db", paths::kEtcdData));
    const auto copy = root.at(kOwnCopy);
    std::error_code error;
    fs::copy_file(database, copy, fs::copy_options::overwrite_existing, error);
    if (error) { return fail_errno(error.value(), "copying " + database.string()); }
    return copy;
}

fs::path restored_folder(const Member& member) {
    return member.environment.root.at(text::format("{}/restored", paths::kEtcdData));
}

/// Beside the present data, which stays until the new one is complete.
Status restore(const Member& member, const fs::path& snapshot, bool is_own_data, const Founding& record) {
    const auto& environment = member.environment;
    const auto target = restored_folder(member);
    INGOT_TRY(files::remove_tree(target), "");
    std::vector<std::string> arguments = {"snapshot",
                                          "restore",
                                          snapshot.string(),
                                          "--data-dir=" + target.string(),
                                          "--name=" + member.node.name,
                                          "--initial-cluster=" + record.initial_cluster,
                                          "--initial-cluster-token=" + record.token,
                                          "--initial-advertise-peer-urls=" + url_of(member.node.address, kPeerPort)};
    // A file of etcd's own has no digest at its end.
    if (is_own_data) { arguments.emplace_back("--skip-hash-check"); }
    // etcd 3.6 has only etcdutl for this; in older ones both do the same.
    Result<process::Output> restored = fail(ErrorKind::not_found, "etcdctl is not installed");
    for (const auto* const program : {"etcdutl", "etcdctl"}) {
        std::vector<std::string> argv = {program};
        argv.insert(argv.end(), arguments.begin(), arguments.end());
        restored = process::run_checked(
            environment.processes,
            {.argv = std::move(argv), .environment = {{"ETCDCTL_API", "3"}}, .timeout = kRestoreTime});
        if (restored || restored.error().kind != ErrorKind::not_found) { break; }
    }
    if (!restored) { return std::move(restored).error().with_context("restoring the snapshot"); }
    if (!environment.root.is_system()) { return {}; }
    INGOT_TRY(process::run_checked(environment.processes, {.argv = {"chown", "--recursive", "etcd:etcd", target}}),
              "giving the restored data to etcd");
    return {};
}

/// The record before the data: if the power goes between the two, this machine has an empty disk and a past, so it
/// waits, and never starts the old data or an empty cluster.
Status exchange(const Member& member, const Founding& record) {
    const auto& root = member.environment.root;
    INGOT_TRY(put_data_aside(member), "");
    INGOT_TRY(write_founding(root, record), "");
    const auto target = restored_folder(member);
    std::error_code error;
    fs::rename(target / "member", root.at(text::format("{}/member", paths::kEtcdData)), error);
    if (error) { return fail_errno(error.value(), "putting the restored data in place"); }
    INGOT_TRY(files::sync_directory(root.at(paths::kEtcdData)), "");
    return files::remove_tree(target);
}

} // namespace

Status recover(Environment& environment, const RecoverOptions& options, const Say& say) {
    const auto& root = environment.root;
    INGOT_ASSIGN(const auto node, read_place(root), "");
    const bool is_own_data = options.snapshot.empty();
    if (!is_own_data && !files::exists(options.snapshot)) {
        return fail(ErrorKind::invalid_input, text::format("there is no file {}", options.snapshot.string()));
    }
    if (is_own_data && !has_write_ahead_log(root)) {
        return fail(ErrorKind::refused,
                    "this machine has no etcd data of its own; name a snapshot: --from-snapshot FILE");
    }
    const Member member{.node = node, .environment = environment};
    INGOT_TRY(make_sure_that_quorum_is_lost(member), "");
    INGOT_ASSIGN(const auto record, read_founding(root), "");

    say(text::format(
        "This makes a new etcd cluster of {} alone, with the data of {}.\n"
        "What was written after that is lost. The present data of this machine is put aside, not deleted.\n"
        "The other etcd machines put theirs aside and join when they see the new cluster.",
        node.name, is_own_data ? "this machine's own disk" : options.snapshot.string()));
    if (options.ask(text::format("Type the name of the cluster to go on: ")) != node.config.cluster) {
        return fail(ErrorKind::refused, "that is not the name of this cluster; nothing was changed");
    }

    const Founding fresh{.cluster_id = node.config.cluster_id,
                         .name = node.name,
                         .instance_id = node.instance_id,
                         .phase = Phase::member,
                         .token = random_token(),
                         .initial_cluster = initial_cluster({{node.name, node.address}}),
                         .nonce = record ? record->nonce : random_token(),
                         .recovered_from = given_up(member, record)};
    // The agent would start etcd again in the middle of this.
    INGOT_TRY(environment.services.stop(kAgentUnit), "stopping the agent");
    INGOT_TRY(environment.services.stop(kUnit), "stopping etcd");
    auto snapshot = options.snapshot;
    if (is_own_data) { INGOT_ASSIGN(snapshot, copy_own_data(member), ""); }
    INGOT_TRY(restore(member, snapshot, is_own_data, fresh), "");
    INGOT_TRY(exchange(member, fresh), "");
    if (is_own_data) { INGOT_TRY(files::remove_file(snapshot), ""); }
    INGOT_TRY(environment.services.start(kAgentUnit), "starting the agent");
    say("The data is restored and the agent starts etcd with it: ingot-agent status --wait");
    return {};
}

} // namespace ingot::firstboot::etcd
