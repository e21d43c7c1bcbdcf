// The layer cache: trees under the hash of everything that went into them.
//
// A layer is made in building/ and renamed to layers/<key> when it is whole and on disk, so whatever has a final name
// is good. What a killed build left in building/ is removed by the next one.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "builder/packages/package_set.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::rootfs {

/// Everything that decides the content of a layer, one `name: value` line each, so that two keys can be compared by
/// a person. Pure.
class LayerKey {
  public:
    LayerKey(std::string_view kind, std::string_view parent);
    LayerKey& add(std::string_view name, std::string_view value);
    LayerKey& add(std::string_view name, const std::vector<std::string>& values);
    LayerKey& add(const packages::PackageSet& set);
    [[nodiscard]] const std::string& text() const { return text_; }
    [[nodiscard]] std::string hash() const;

  private:
    std::string text_;
};

/// A finished layer.
struct Layer {
    std::string key;
    std::filesystem::path root;
    std::int64_t time = 0; ///< the image's date: of the youngest package, or SOURCE_DATE_EPOCH
};

class LayerCache {
  public:
    explicit LayerCache(std::filesystem::path folder) : folder_(std::move(folder)) {}

    /// The layer, if it is there; marks it as used now.
    [[nodiscard]] std::optional<Layer> find(std::string_view key) const;
    /// The keys of all layers that are there, as the texts they are hashes of; the one used last comes first.
    [[nodiscard]] std::vector<std::string> known_keys() const;
    /// A new empty folder to build a layer in.
    [[nodiscard]] Result<std::filesystem::path> workspace(std::string_view name) const;
    /// Gives the tree in `workspace` (the folder `upper` there) its final name.
    [[nodiscard]] Result<Layer> keep(const LayerKey& key, const std::filesystem::path& workspace,
                                     const std::filesystem::path& upper, std::int64_t time) const;
    /// Removes what builds that were killed left behind. Only while holding the cache's lock.
    [[nodiscard]] Status remove_leftovers() const;
    /// Removes layers that no build used for `age`.
    [[nodiscard]] Status prune(std::chrono::hours age) const;
    /// Forgets one layer.
    [[nodiscard]] Status forget(std::string_view key) const;

  private:
    [[nodiscard]] std::filesystem::path layers() const { return folder_ / "layers"; }
    [[nodiscard]] std::filesystem::path building() const { return folder_ / "building"; }
    std::filesystem::path folder_;
};

} // namespace ingot::builder::rootfs
