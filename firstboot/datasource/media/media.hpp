// Seed filesystems, read without mounting them.
//
// A seed is a handful of small files on an iso9660 or vfat that somebody else wrote. Mounting it would take a kernel
// with these filesystems (the images' kernels may be trimmed, a container has none), root, and the kernel's trust in
// the medium. The little that is needed of both formats is read here instead: by path, bounded, without state.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/files/files.hpp"
#include "common/result/result.hpp"
#include "firstboot/datasource/media/blocks.hpp"

namespace ingot::firstboot::media {

/// One filesystem.
class Filesystem {
  public:
    virtual ~Filesystem() = default;
    [[nodiscard]] virtual std::string_view type() const = 0;
    /// All labels it has: vfat has one in its boot sector and may have another in its root folder.
    [[nodiscard]] virtual const std::vector<std::string>& labels() const = 0;
    /// The file at a path like "openstack/latest/meta_data.json"; nothing if there is none. refused if larger
    /// than 16 MiB, invalid_input if the filesystem contradicts itself.
    [[nodiscard]] virtual Result<std::optional<std::string>> read(std::string_view path) const = 0;
};

using FilesystemPtr = std::unique_ptr<Filesystem>;

/// Nothing if the blocks hold something else; invalid_input if they hold a broken one.
Result<FilesystemPtr> open_iso9660(std::shared_ptr<const Blocks> blocks);
Result<FilesystemPtr> open_fat(std::shared_ptr<const Blocks> blocks);

struct Medium {
    std::string device; ///< "/dev/sr0"
    FilesystemPtr filesystem;
};

/// Every block device that holds a filesystem with one of `labels`, the last name first, as cloud-init looks at them.
/// Devices that cannot be read are passed over.
std::vector<Medium> find_media(const files::Root& root, const std::vector<std::string>& labels);

} // namespace ingot::firstboot::media
