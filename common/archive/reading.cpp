#include "common/archive/reading.hpp"

#include <array>
#include <memory>

#include <archive.h>
#include <archive_entry.h>

#include "common/archive/handles.hpp"
#include "common/text/text.hpp"

namespace ingot::archive {

namespace {

constexpr std::size_t kBlock = 64U << 10U;

Error read_error(::archive* handle, const std::string& what) {
    const char* const said = archive_error_string(handle);
    return fail(ErrorKind::invalid_input,
                text::format("reading {}: {}", what, said == nullptr ? "it is damaged" : said));
}

std::string text_of(const char* text) { return text == nullptr ? std::string() : std::string(text); }

std::string capability_of(archive_entry* entry) {
    archive_entry_xattr_reset(entry);
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK) {
        if (std::string_view(name) == "security.capability") { return {static_cast<const char*>(value), size}; }
    }
    return {};
}

TarEntry describe(::archive* reader, archive_entry* entry) {
    return {.path = text_of(archive_entry_pathname(entry)),
            .mode = archive_entry_mode(entry),
            .uid = archive_entry_uid(entry),
            .gid = archive_entry_gid(entry),
            .mtime = archive_entry_mtime(entry),
            .size = static_cast<std::uint64_t>(archive_entry_size(entry)),
            .link = text_of(archive_entry_symlink(entry)),
            .hard_link = text_of(archive_entry_hardlink(entry)),
            .capability = capability_of(entry),
            .position = static_cast<std::uint64_t>(archive_filter_bytes(reader, -1))};
}

/// Hands over what is left of the current entry.
Status take_all(::archive* reader, const std::string& what, const std::function<void(std::string_view)>& take) {
    std::array<char, kBlock> buffer{};
    while (true) {
        const auto got = archive_read_data(reader, buffer.data(), buffer.size());
        if (got < 0) { return read_error(reader, what); }
        if (got == 0) { return {}; }
        take({buffer.data(), static_cast<std::size_t>(got)});
    }
}

} // namespace

Status read_tar(const std::filesystem::path& file,
                const std::function<Status(const TarEntry& entry, const Content& content)>& visit) {
    const Reader reader(archive_read_new());
    archive_read_support_format_tar(reader.get());
    archive_read_support_filter_all(reader.get());
    if (archive_read_open_filename(reader.get(), file.c_str(), kBlock) != ARCHIVE_OK) {
        return read_error(reader.get(), file.string());
    }
    while (true) {
        archive_entry* entry = nullptr;
        const auto status = archive_read_next_header(reader.get(), &entry);
        if (status == ARCHIVE_EOF) { return {}; }
        if (status < ARCHIVE_WARN) { return read_error(reader.get(), file.string()); }
        const auto described = describe(reader.get(), entry);
        INGOT_TRY(visit(described,
                        [&](const std::function<void(std::string_view)>& take) {
                            return take_all(reader.get(), file.string() + " " + described.path, take);
                        }),
                  "");
    }
}

Result<std::string> decompress(std::string_view bytes, Codec codec, std::size_t limit) {
    const Reader reader(archive_read_new());
    archive_read_support_format_raw(reader.get());
    if (codec == Codec::zstd) {
        archive_read_support_filter_zstd(reader.get());
    } else {
        archive_read_support_filter_xz(reader.get());
    }
    archive_entry* entry = nullptr;
    if (archive_read_open_memory(reader.get(), bytes.data(), bytes.size()) != ARCHIVE_OK ||
        archive_read_next_header(reader.get(), &entry) != ARCHIVE_OK) {
        return read_error(reader.get(), "a compressed block");
    }
    std::string content;
    bool too_much = false;
    INGOT_TRY(take_all(reader.get(), "a compressed block",
                       [&](std::string_view piece) {
                           too_much = too_much || content.size() + piece.size() > limit;
                           if (!too_much) { content += piece; }
                       }),
              "");
    if (too_much) { return fail(ErrorKind::invalid_input, "a compressed block gives more than it may"); }
    return content;
}

} // namespace ingot::archive
