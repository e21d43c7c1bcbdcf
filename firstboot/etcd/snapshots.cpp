#include "firstboot/etcd/snapshots.hpp"

#include <algorithm>
#include <map>

#include "common/log/log.hpp"
#include "common/text/text.hpp"
#include "firstboot/backup/etcd_snapshots.hpp"
#include "firstboot/coordination/etcd_settings.hpp"
#include "firstboot/coordination/snapshot.hpp"

namespace ingot::firstboot::etcd {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kNewest = 24;
constexpr std::size_t kDays = 7;
constexpr auto kEvery = std::chrono::hours(1);
constexpr std::string_view kForm = "0000-00-00T000000Z.db"; // 0: a digit

/// The snapshots of a folder, sorted.
Result<std::vector<std::string>> snapshots_in(const fs::path& folder) {
    INGOT_ASSIGN(auto names, files::list(folder), "");
    std::erase_if(names, [](const std::string& name) { return !is_snapshot_name(name); });
    return names;
}

/// Those of a clock that was ahead stay until their time has come: they would crowd out the others.
Status prune(const fs::path& folder, clock::WallTime now) {
    INGOT_ASSIGN(auto names, snapshots_in(folder), "");
    std::erase_if(names, [&](const std::string& name) { return name > snapshot_name(now); });
    const auto kept = names_to_keep(names);
    for (const auto& name : names) {
        if (!kept.contains(name)) { INGOT_TRY(files::remove_file(folder / name), "removing an old snapshot"); }
    }
    return {};
}

/// Into another folder: on a share, or on another disk.
Status copy_to(const fs::path& folder, const fs::path& file, clock::WallTime now) {
    constexpr std::uint64_t kLargest = 8ULL << 30U; // as large as etcd's quota may be
    if (files::exists(folder / file.filename())) { return {}; }
    INGOT_ASSIGN(const auto content, files::read(file, kLargest), "copying a snapshot of etcd");
    INGOT_TRY(files::write(folder / file.filename(), content, {.mode = 0600}), "copying a snapshot of etcd");
    return prune(folder, now);
}

} // namespace

std::string snapshot_name(clock::WallTime time) {
    return text::replace_all(clock::to_rfc3339(time), ":", "") + ".db";
}

bool is_snapshot_name(std::string_view name) {
    return std::ranges::equal(name, kForm, [](char letter, char form) {
        return form == '0' ? letter >= '0' && letter <= '9' : letter == form;
    });
}

bool is_snapshot_due(const std::vector<std::string>& names, clock::WallTime now) {
    return std::ranges::none_of(names, [from = snapshot_name(now - kEvery), to = snapshot_name(now)](
                                           const auto& name) { return name > from && name <= to; });
}

std::set<std::string> names_to_keep(const std::vector<std::string>& names) {
    constexpr std::size_t kDate = std::string_view("2026-11-28").size();
    std::set<std::string> kept;
    std::map<std::string, std::string> first_of_day;
    for (const auto& name : names) { first_of_day.try_emplace(name.substr(0, kDate), name); }
    std::size_t days = 0;
    for (auto day = first_of_day.rbegin(); day != first_of_day.rend() && days < kDays; ++day, ++days) {
        kept.insert(day->second);
    }
    const auto newest = std::min(kNewest, names.size());
    kept.insert(names.end() - static_cast<std::ptrdiff_t>(newest), names.end());
    return kept;
}

std::string Snapshots::in_repositories() const {
    const auto entry = member_->session()->get(backup::snapshot_report_key(member_->node.config.cluster));
    if (!entry) { return "in the backup repositories: not known, etcd does not answer"; }
    if (!*entry) { return "none in a backup repository"; }
    const auto report = backup::snapshot_report_from_json((*entry)->value);
    return text::format("in backup repository {}", report ? backup::snapshot_summary(*report) : "?");
}

Status Snapshots::operator()() {
    const auto now = member_->environment.clock.now();
    const auto folder = member_->environment.root.at(kSnapshotFolder);
    INGOT_TRY(files::make_directory(folder, {.mode = 0700}), "");
    INGOT_ASSIGN(auto names, snapshots_in(folder), "");
    if (is_snapshot_due(names, now)) {
        auto own = member_->own_session();
        const auto name = snapshot_name(now);
        INGOT_TRY(save_snapshot(own, folder / name), "saving a snapshot");
        log::info(text::format("saved a snapshot of etcd: {}", name));
        INGOT_TRY(prune(folder, now), "");
        INGOT_ASSIGN(names, snapshots_in(folder), "");
    }
    *words_ = text::format("newest here: {}, {} kept; {}", names.back(), names.size(), in_repositories());
    INGOT_ASSIGN(const auto settings, read_etcd_settings(member_->environment.root), "");
    const auto& copies = settings.snapshot_folder;
    if (!copies.empty()) {
        INGOT_TRY(copy_to(member_->environment.root.at(copies) / member_->node.name, folder / names.back(), now), "");
        *words_ += text::format("; copied to {}", copies);
    }
    return {};
}

} // namespace ingot::firstboot::etcd
