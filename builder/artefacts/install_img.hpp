// install.img: a second initrd with the installer in it. The loader gives the kernel both; machines that boot from
// their disk or run from RAM never fetch it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "common/result/result.hpp"

namespace ingot::builder::artefacts {

/// A file in the archive of an initrd; folders come by themselves.
struct InitrdFile {
    std::string path; ///< "usr/bin/tool"
    std::string content;
    unsigned mode = 0644;
};

/// The archive as the kernel unpacks it (cpio, "newc"). Pure.
std::string render_cpio(const std::vector<InitrdFile>& files, std::int64_t date);

/// Writes `file` with the installer (a static program) and, if not empty, the key that has to have signed an image
/// which it writes to a disk.
Status write_install_img(const std::filesystem::path& installer, std::string_view public_key, std::int64_t date,
                         const std::filesystem::path& file);

} // namespace ingot::builder::artefacts
