#include "firstboot/datasource/media/media.hpp"

#include <algorithm>
#include <array>

#include "common/text/text.hpp"

namespace ingot::firstboot::media {

namespace {

/// Never a seed: made by the kernel itself.
bool is_memory(std::string_view device) { return device.starts_with("ram") || device.starts_with("zram"); }

bool is_empty(const files::Root& root, std::string_view device) {
    const auto size = files::read_if_exists(root.at(text::format("/sys/class/block/{}/size", device)));
    return !size || !*size || text::to_number(text::trim(**size)).value_or(0) <= 0;
}

/// The filesystem on a device; nothing if there is none that is read here.
FilesystemPtr open_filesystem(const std::filesystem::path& device) {
    auto opened = open_blocks(device);
    if (!opened) { return nullptr; }
    const std::shared_ptr<const Blocks> blocks = *std::move(opened);
    for (const auto open : {&open_iso9660, &open_fat}) {
        auto filesystem = open(blocks);
        if (filesystem && *filesystem) { return *std::move(filesystem); }
    }
    return nullptr;
}

} // namespace

std::vector<Medium> find_media(const files::Root& root, const std::vector<std::string>& labels) {
    std::vector<Medium> media;
    auto names = files::list(root.at("/sys/class/block"));
    if (!names) { return media; }
    std::ranges::sort(*names, std::ranges::greater());
    for (const auto& name : *names) {
        if (is_memory(name) || is_empty(root, name)) { continue; }
        // The kernel writes a '/' in a device's name as '!' there.
        auto device = "/dev/" + text::replace_all(name, "!", "/");
        auto filesystem = open_filesystem(root.at(device));
        if (!filesystem) { continue; }
        const bool wanted = std::ranges::any_of(filesystem->labels(), [&labels](const auto& label) {
            return std::ranges::find(labels, label) != labels.end();
        });
        if (wanted) { media.push_back({.device = std::move(device), .filesystem = std::move(filesystem)}); }
    }
    return media;
}

} // namespace ingot::firstboot::media
