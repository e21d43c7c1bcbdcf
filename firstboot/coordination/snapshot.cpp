#include "firstboot/coordination/snapshot.hpp"

#include <fstream>

#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::firstboot {

namespace {

constexpr std::size_t kDigestBytes = 32;
constexpr auto kPatience = std::chrono::minutes(10);

} // namespace

void SnapshotDigest::update(std::string_view piece) {
    tail_ += piece;
    if (tail_.size() <= kDigestBytes) { return; }
    const auto settled = tail_.size() - kDigestBytes;
    digest_.update(std::string_view(tail_).substr(0, settled));
    tail_.erase(0, settled);
}

bool SnapshotDigest::is_whole() {
    return tail_.size() == kDigestBytes && digest_.finish_hex() == crypto::hex_encode(tail_);
}

Status save_snapshot(ClusterSession& member, const std::filesystem::path& file) {
    INGOT_ASSIGN(auto target, files::AtomicFile::create(file, {.mode = 0600}), "");
    SnapshotDigest digest;
    const auto take = [&](std::string_view piece) {
        digest.update(piece);
        return target.write(piece);
    };
    INGOT_TRY(member->snapshot(take, kPatience), "");
    if (!digest.is_whole()) { return fail(ErrorKind::transient, "the snapshot of etcd arrived damaged"); }
    return target.commit();
}

Status check_snapshot(const std::filesystem::path& file) {
    constexpr std::size_t kPiece = 1U << 20U;
    std::ifstream input(file, std::ios::binary);
    SnapshotDigest digest;
    std::string piece(kPiece, '\0');
    while (input) {
        input.read(piece.data(), static_cast<std::streamsize>(piece.size()));
        digest.update(std::string_view(piece).substr(0, static_cast<std::size_t>(input.gcount())));
    }
    if (!input.eof() || !digest.is_whole()) {
        return fail(ErrorKind::tool_failed, text::format("{} is no whole snapshot of etcd: its digest does not fit",
                                                         file.filename().string()));
    }
    return {};
}

} // namespace ingot::firstboot
