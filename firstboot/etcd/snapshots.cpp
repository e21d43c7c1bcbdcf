#include "firstboot/etcd/snapshots.hpp"

#include <algorithm>
#include <map>

#include "common/crypto/crypto.hpp"
#include "common/log/log.hpp"
#include "common/text/text.hpp"
#include "firstboot/etcd/settings.hpp"

namespace ingot::firstboot::etcd {

namespace {

constexpr std::size_t kNewest = 24;
constexpr std::size_t kDays = 7;
constexpr std::size_t kDigestBytes = 32;
constexpr auto kPatience = std::chrono::minutes(10);

/// Passes everything on, and holds the last 32 bytes against the digest of what came before them.
class Verifier {
  public:
    Status operator()(files::AtomicFile& file, std::string_view piece) {
        INGOT_TRY(file.write(piece), "");
        tail_ += piece;
        if (tail_.size() <= kDigestBytes) { return {}; }
        const auto settled = tail_.size() - kDigestBytes;
        digest_.update(std::string_view(tail_).substr(0, settled));
        tail_.erase(0, settled);
        return {};
    }
    bool is_whole() { return tail_.size() == kDigestBytes && digest_.finish_hex() == crypto::hex_encode(tail_); }

  private:
    crypto::Sha256 digest_;
    std::string tail_;
};

/// Another folder: on a share, or on another disk.
class FolderStore final : public SnapshotStore {
  public:
    explicit FolderStore(std::filesystem::path folder) : folder_(std::move(folder)) {}
    Status keep(const std::filesystem::path& file, const std::string& name) override {
        constexpr std::uint64_t kLargest = 8ULL << 30U; // as large as etcd's quota may be
        INGOT_ASSIGN(const auto content, files::read(file, kLargest), "copying a snapshot of etcd");
        INGOT_TRY(files::write(folder_ / name, content, {.mode = 0600}), "copying a snapshot of etcd");
        return prune(folder_);
    }

    static Status prune(const std::filesystem::path& folder) {
        INGOT_ASSIGN(auto names, files::list(folder), "");
        std::erase_if(names, [](const std::string& name) { return !name.ends_with(".db"); });
        const auto kept = names_to_keep(names);
        for (const auto& name : names) {
            if (!kept.contains(name)) { INGOT_TRY(files::remove_file(folder / name), "removing an old snapshot"); }
        }
        return {};
    }

  private:
    std::filesystem::path folder_;
};

} // namespace

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

Status save_snapshot(const Member& member, const std::filesystem::path& file) {
    INGOT_TRY(files::make_directory(file.parent_path(), {.mode = 0700}), "");
    INGOT_ASSIGN(auto target, files::AtomicFile::create(file, {.mode = 0600}), "");
    Verifier verifier;
    const auto take = [&](std::string_view piece) { return verifier(target, piece); };
    INGOT_TRY(member.own_session()->snapshot(take, kPatience), "");
    if (!verifier.is_whole()) { return fail(ErrorKind::transient, "the snapshot of etcd arrived damaged"); }
    return target.commit();
}

Status Snapshots::operator()() {
    const auto now = clock::to_rfc3339(member_->environment.clock.now());
    const auto name = text::replace_all(now, ":", "") + ".db";
    const auto folder = member_->environment.root.at(kSnapshotFolder);
    INGOT_TRY(save_snapshot(*member_, folder / name), "saving a snapshot");
    INGOT_TRY(FolderStore::prune(folder), "");
    *words_ = text::format("last at {}", now);
    INGOT_ASSIGN(const auto settings, read_settings(member_->environment.root), "");
    const auto& copies = settings.snapshot_folder;
    if (!copies.empty()) {
        FolderStore store(member_->environment.root.at(copies) / member_->node.name);
        INGOT_TRY(store.keep(folder / name, name), "");
        *words_ += text::format(", copied to {}", copies);
    }
    return {};
}

} // namespace ingot::firstboot::etcd
