#include "builder/inspect/squashfs.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "builder/inspect/squashfs_format.hpp"
#include "common/crypto/crypto.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::inspect {

namespace {

constexpr std::size_t kMostEntries = 4'000'000;
constexpr int kDeepest = 256;

Error damaged(std::string_view what) {
    return fail(ErrorKind::invalid_input, text::format("the squashfs is damaged: {}", what));
}

/// Goes through all directories and makes the listing.
class Walk {
  public:
    Walk(const squashfs::Archive& archive, const Reading& reading)
        : archive_(&archive), reading_(&reading), used_(archive.fragments().size()) {}

    Result<Listing> all() {
        INGOT_TRY(visit(archive_->root(), "/", 0), "");
        share_fragments();
        std::ranges::sort(listing_.entries, {}, &Entry::path);
        mark_further_names();
        return std::move(listing_);
    }

  private:
    Status visit(std::uint64_t reference, const std::string& path, int depth) {
        if (depth > kDeepest || listing_.entries.size() > kMostEntries) {
            return damaged("its directories do not end");
        }
        INGOT_ASSIGN(const auto inode, archive_->inode(reference), "");
        INGOT_TRY(add(inode, path), "reading " + path);
        if (inode.kind != Kind::directory) { return {}; }
        INGOT_ASSIGN(const auto children, archive_->children(inode), "reading " + path);
        for (const auto& child : children) {
            INGOT_TRY(visit(child.inode, (path == "/" ? path : path + "/") + child.name, depth + 1), "");
        }
        return {};
    }

    Status add(const squashfs::Inode& inode, const std::string& path) {
        Entry entry{.path = path,
                    .kind = inode.kind,
                    .mode = inode.mode,
                    .uid = archive_->id(inode.uid),
                    .gid = archive_->id(inode.gid),
                    .mtime = inode.mtime,
                    .target = inode.target,
                    .capability = archive_->capability(inode.xattr)};
        if (inode.kind == Kind::file) {
            entry.size = inode.size;
            entry.stored = stored_blocks(inode);
            count_fragment(inode);
            const bool wanted = reading_->wanted(path);
            if (wanted || reading_->digests) {
                INGOT_ASSIGN(auto read, content_of(inode, wanted), "");
                entry.digest = std::move(read.digest);
                if (wanted) { listing_.contents.emplace(path, std::move(read.content)); }
            }
        }
        numbers_.emplace(path, inode.number);
        listing_.entries.push_back(std::move(entry));
        return {};
    }

    /// What the blocks take in the image, unless another file has the very same ones.
    std::uint64_t stored_blocks(const squashfs::Inode& inode) {
        std::uint64_t stored = 0;
        for (const auto block : inode.blocks) { stored += squashfs::packed_size(block); }
        return stored > 0 && seen_blocks_.insert(inode.blocks_start).second ? stored : 0;
    }

    void count_fragment(const squashfs::Inode& inode) {
        if (inode.fragment == squashfs::kNone || !seen_tails_.emplace(inode.fragment, inode.fragment_offset).second) {
            return;
        }
        const auto tail = inode.size % archive_->block_size();
        used_[inode.fragment] += tail;
        tails_.push_back({listing_.entries.size(), inode.fragment, tail});
    }

    /// A fragment block holds the ends of many files; each pays for its part.
    void share_fragments() {
        for (const auto& tail : tails_) {
            const auto& fragment = archive_->fragments()[tail.fragment];
            const auto stored = static_cast<double>(squashfs::packed_size(fragment.size));
            const auto part = static_cast<double>(tail.size) /
                              static_cast<double>(std::max<std::uint64_t>(used_[tail.fragment], 1));
            listing_.entries[tail.entry].stored += static_cast<std::uint64_t>(stored * part);
        }
    }

    /// Of several names of one file, the first in order has its size.
    void mark_further_names() {
        std::set<std::uint32_t> seen;
        std::map<std::uint32_t, std::uint64_t> stored;
        for (const auto& entry : listing_.entries) { stored[numbers_[entry.path]] += entry.stored; }
        for (auto& entry : listing_.entries) {
            const auto number = numbers_[entry.path];
            if (entry.kind != Kind::file) { continue; }
            const bool first = seen.insert(number).second;
            entry.stored = first ? stored[number] : 0;
            entry.again = !first;
            if (!first) { entry.size = 0; }
        }
    }

    struct ReadContent {
        std::string content;
        std::string digest;
    };

    Result<ReadContent> content_of(const squashfs::Inode& inode, bool keep) {
        ReadContent read;
        crypto::Sha256 digest;
        const auto take = [&](std::string_view part) {
            if (reading_->digests) { digest.update(part); }
            if (keep) { read.content += part; }
        };
        auto left = inode.size;
        auto at = inode.blocks_start;
        for (const auto block : inode.blocks) {
            const auto here = std::min<std::uint64_t>(left, archive_->block_size());
            INGOT_ASSIGN(const auto content, archive_->block(at, block, here), "");
            if (content.size() != here) { return damaged("a block has the wrong size"); }
            take(content);
            left -= here;
            at += squashfs::packed_size(block);
        }
        if (inode.fragment != squashfs::kNone) {
            INGOT_TRY(open_fragment(inode.fragment), "");
            if (open_content_.size() < inode.fragment_offset + left) { return damaged("a fragment is too short"); }
            take(std::string_view(open_content_).substr(inode.fragment_offset, left));
        }
        if (reading_->digests) { read.digest = digest.finish_hex(); }
        return read;
    }

    /// Files that are visited one after the other mostly share a fragment: the last one stays open.
    Status open_fragment(std::uint32_t index) {
        if (open_fragment_ == index) { return {}; }
        const auto& fragment = archive_->fragments()[index];
        INGOT_ASSIGN(open_content_, archive_->block(fragment.start, fragment.size, 0), "");
        open_fragment_ = index;
        return {};
    }

    struct Tail {
        std::size_t entry;
        std::uint32_t fragment;
        std::uint64_t size;
    };

    const squashfs::Archive* archive_;
    const Reading* reading_;
    Listing listing_{};
    std::map<std::string, std::uint32_t> numbers_{};
    std::set<std::uint64_t> seen_blocks_{};
    std::set<std::pair<std::uint32_t, std::uint32_t>> seen_tails_{};
    std::vector<Tail> tails_{};
    std::vector<std::uint64_t> used_; ///< of each fragment: bytes of files, each content once
    std::optional<std::uint32_t> open_fragment_{};
    std::string open_content_{};
};

} // namespace

Result<Listing> read_squashfs(std::string_view bytes, const Reading& reading) {
    INGOT_ASSIGN(const auto archive, squashfs::Archive::open(bytes), "");
    INGOT_ASSIGN(auto listing, Walk(archive, reading).all(), "");
    constexpr std::uint32_t kKibibyte = 1024;
    listing.packed_as =
        text::format("squashfs, {}, blocks of {} KiB", archive.codec() == ingot::archive::Codec::zstd ? "zstd" : "xz",
                     archive.block_size() / kKibibyte);
    listing.image_size = bytes.size();
    return listing;
}

} // namespace ingot::builder::inspect
