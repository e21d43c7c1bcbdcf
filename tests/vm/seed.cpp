#include "tests/vm/seed.hpp"

#include <archive.h>
#include <archive_entry.h>

namespace ingot::tests {

Status write_seed_iso(const std::filesystem::path& file, const std::string& meta_data, const std::string& user_data) {
    ::archive* const writer = archive_write_new();
    bool good = archive_write_set_format_iso9660(writer) == ARCHIVE_OK &&
                archive_write_set_format_option(writer, "iso9660", "volume-id", "cidata") == ARCHIVE_OK &&
                archive_write_open_filename(writer, file.c_str()) == ARCHIVE_OK;
    const auto add = [&](const char* name, const std::string& content) {
        archive_entry* const entry = archive_entry_new();
        archive_entry_set_pathname(entry, name);
        archive_entry_set_filetype(entry, AE_IFREG);
        archive_entry_set_perm(entry, 0644);
        archive_entry_set_size(entry, static_cast<la_int64_t>(content.size()));
        good = good && archive_write_header(writer, entry) == ARCHIVE_OK &&
               archive_write_data(writer, content.data(), content.size()) == static_cast<la_ssize_t>(content.size());
        archive_entry_free(entry);
    };
    add("meta-data", meta_data);
    add("user-data", user_data);
    good = archive_write_close(writer) == ARCHIVE_OK && good;
    const std::string why = archive_error_string(writer) == nullptr ? "" : archive_error_string(writer);
    archive_write_free(writer);
    if (!good) { return fail(ErrorKind::tool_failed, "writing " + file.string() + ": " + why); }
    return {};
}

} // namespace ingot::tests
