// iso9660 with its two ways to have real names: Joliet (a second tree with UCS-2 names) and Rock Ridge (NM
// entries beside each record). A seed needs one of them: "meta-data" is no name of plain iso9660.
#include <algorithm>

#include "common/text/text.hpp"
#include "firstboot/datasource/media/media.hpp"

namespace ingot::firstboot::media {

namespace {

constexpr std::uint64_t kSector = 2048;
constexpr std::uint64_t kFirstDescriptor = 16;
constexpr std::uint64_t kDescriptors = 32; ///< more than any tool writes
constexpr std::size_t kContinuations = 8;

struct Record {
    std::string name;
    std::uint32_t block = 0;
    std::uint32_t size = 0;
    bool folder = false;
    bool plain = true; ///< one extent, not interleaved
};

/// UCS-2, big-endian; what is not ASCII becomes '?', as no name of a seed has it.
std::string from_ucs2(std::string_view bytes) {
    std::string name;
    for (std::size_t index = 0; index + 1 < bytes.size(); index += 2) {
        const char low = bytes[index + 1];
        const bool ascii = bytes[index] == '\0' && static_cast<unsigned char>(low) < 0x80U;
        name += ascii ? low : '?';
    }
    return name;
}

/// "META_DAT.;1" → "meta_dat", as Linux shows plain names.
std::string plain_name(std::string_view name) {
    name = name.substr(0, name.find(';'));
    if (name.ends_with('.')) { name.remove_suffix(1); }
    return text::lower(name);
}

class Iso9660 final : public Filesystem {
  public:
    Iso9660(std::shared_ptr<const Blocks> blocks, std::string_view primary, const std::string& joliet)
        : blocks_(std::move(blocks)), joliet_(!joliet.empty()) {
        constexpr std::size_t kLabelAt = 40;
        constexpr std::size_t kLabelLength = 32;
        constexpr std::size_t kBlockSizeAt = 128;
        constexpr std::size_t kRootAt = 156;
        labels_.emplace_back(text::trim(primary.substr(kLabelAt, kLabelLength)));
        const std::string_view descriptor = joliet_ ? std::string_view(joliet) : primary;
        block_size_ = number_at(descriptor, kBlockSizeAt, 2);
        root_ = record_at(descriptor.substr(kRootAt));
    }

    [[nodiscard]] bool valid() const {
        return (block_size_ == 2048 || block_size_ == 1024 || block_size_ == 512) && root_.folder;
    }
    [[nodiscard]] std::string_view type() const override { return "iso9660"; }
    [[nodiscard]] const std::vector<std::string>& labels() const override { return labels_; }

    [[nodiscard]] Result<std::optional<std::string>> read(std::string_view path) const override {
        Record here = root_;
        for (const auto& part : text::split(path, '/')) {
            if (part.empty()) { continue; }
            if (!here.folder) { return std::optional<std::string>{}; }
            INGOT_ASSIGN(const auto records, records_of(here), "");
            const auto found = std::ranges::find(records, part, &Record::name);
            if (found == records.end()) { return std::optional<std::string>{}; }
            here = *found;
        }
        if (here.folder) { return std::optional<std::string>{}; }
        if (!here.plain || here.size > kLargestFile) {
            return fail(ErrorKind::refused, text::format("{} is larger than 16 MiB or in pieces", path));
        }
        INGOT_ASSIGN(auto content, blocks_->read(std::uint64_t{here.block} * block_size_, here.size), "");
        return std::optional(std::move(content));
    }

  private:
    static Record record_at(std::string_view bytes) {
        constexpr std::size_t kFixed = 33;
        if (bytes.size() < kFixed) { return {}; }
        const auto flags = static_cast<unsigned char>(bytes[25]);
        return {.name = {},
                .block = number_at(bytes, 2, 4) + static_cast<unsigned char>(bytes[1]),
                .size = number_at(bytes, 10, 4),
                .folder = (flags & 0x02U) != 0,
                .plain = (flags & 0x80U) == 0 && bytes[26] == '\0' && bytes[27] == '\0'};
    }

    /// The entries of a folder. Records do not cross sectors; the rest of a sector is zero.
    [[nodiscard]] Result<std::vector<Record>> records_of(const Record& folder) const {
        if (folder.size > kLargestFolder) { return fail(ErrorKind::invalid_input, "a folder larger than 1 MiB"); }
        INGOT_ASSIGN(const auto bytes, blocks_->read(std::uint64_t{folder.block} * block_size_, folder.size), "");
        std::vector<Record> records;
        for (std::size_t at = 0; at < bytes.size();) {
            const auto length = static_cast<unsigned char>(bytes[at]);
            if (length == 0) {
                at = (at / kSector + 1) * kSector;
                continue;
            }
            const auto raw = std::string_view(bytes).substr(at, length);
            at += length;
            constexpr std::size_t kNameAt = 33;
            if (raw.size() < kNameAt + 1) { return fail(ErrorKind::invalid_input, "a record that is cut off"); }
            const auto name_length = static_cast<unsigned char>(raw[32]);
            const auto name = raw.substr(kNameAt, name_length);
            if (name.size() == 1 && (name[0] == '\0' || name[0] == '\1')) { continue; } // . and ..
            auto record = record_at(raw);
            if (joliet_) {
                record.name = from_ucs2(name);
                record.name = record.name.substr(0, record.name.find(';'));
            } else {
                const auto use = kNameAt + name_length + (name_length % 2 == 0 ? 1U : 0U);
                const auto real = use < raw.size() ? rock_ridge_name(raw.substr(use)) : std::string();
                record.name = real.empty() ? plain_name(name) : real;
            }
            records.push_back(std::move(record));
        }
        return records;
    }

    /// The NM entries of a record's system use area, which may go on elsewhere (CE).
    [[nodiscard]] std::string rock_ridge_name(std::string_view area) const {
        std::string name;
        std::string continued;
        for (std::size_t hop = 0; hop < kContinuations; ++hop) {
            std::string next;
            while (area.size() >= 4) {
                const auto length = static_cast<unsigned char>(area[2]);
                if (length < 4 || length > area.size()) { break; }
                const auto entry = area.substr(0, length);
                area.remove_prefix(length);
                if (entry.starts_with("NM") && length > 5) { name += entry.substr(5); }
                if (entry.starts_with("CE") && length >= 28) {
                    const auto bytes = number_at(entry, 20, 4);
                    if (bytes > kSector) { break; }
                    const auto place = std::uint64_t{number_at(entry, 4, 4)} * block_size_ + number_at(entry, 12, 4);
                    next = blocks_->read(place, bytes).value_or("");
                }
                if (entry.starts_with("ST")) { break; }
            }
            if (next.empty()) { break; }
            continued = std::move(next);
            area = continued;
        }
        return name;
    }

    std::shared_ptr<const Blocks> blocks_;
    bool joliet_;
    std::vector<std::string> labels_;
    std::uint32_t block_size_ = 0;
    Record root_;
};

bool is_joliet(std::string_view descriptor) {
    const auto escape = descriptor.substr(88, 3);
    return escape == "%/@" || escape == "%/C" || escape == "%/E";
}

} // namespace

Result<FilesystemPtr> open_iso9660(std::shared_ptr<const Blocks> blocks) {
    std::string primary;
    std::string joliet;
    for (std::uint64_t number = kFirstDescriptor; number < kFirstDescriptor + kDescriptors; ++number) {
        auto descriptor = blocks->read(number * kSector, kSector);
        if (!descriptor || descriptor->substr(1, 5) != "CD001") { break; }
        const auto kind = static_cast<unsigned char>(descriptor->front());
        constexpr unsigned char kEnd = 255;
        if (kind == kEnd) { break; }
        if (kind == 1 && primary.empty()) {
            primary = *std::move(descriptor);
        } else if (kind == 2 && is_joliet(*descriptor)) {
            joliet = *std::move(descriptor);
        }
    }
    if (primary.empty()) { return FilesystemPtr(); }
    auto filesystem = std::make_unique<Iso9660>(std::move(blocks), primary, joliet);
    if (!filesystem->valid()) { return fail(ErrorKind::invalid_input, "this iso9660 contradicts itself"); }
    return FilesystemPtr(std::move(filesystem));
}

} // namespace ingot::firstboot::media
