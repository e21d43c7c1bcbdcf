// The same packages with nothing compressed in them. A .deb is decompressed once, when it is first installed, by as
// many threads as there are processors; every later build lets dpkg copy instead. What dpkg installs is the same.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>

#include "builder/packages/package_set.hpp"
#include "builder/packages/store.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::packages {

/// Writes the .deb at `deb` (deb(5): an ar archive of debian-binary, control.tar.*, data.tar.*) to `target` with both
/// tars uncompressed. invalid_input if it is not such a file.
Status write_flat(const std::filesystem::path& deb, const std::filesystem::path& target);

class FlatStore {
  public:
    /// Both folders have to be on one file system with the places that lay_out() is asked for, or files are copied.
    FlatStore(std::filesystem::path folder, Store store) : folder_(std::move(folder)), store_(std::move(store)) {}

    /// Makes the set's files appear in `target` under apt's names, uncompressed. What is not here yet is made from
    /// the store, where each file's hash is checked; one that rotted on disk is removed there and is an error
    /// (transient: the next build fetches it again). `on_made` gets how many had to be decompressed so far.
    Status lay_out(const PackageSet& set, const std::filesystem::path& target,
                   const std::function<void(std::size_t)>& on_made = {}) const;
    /// Removes what no build used for `age`.
    [[nodiscard]] Status prune(std::chrono::hours age) const;

  private:
    [[nodiscard]] std::filesystem::path path_of(const Package& package) const;
    [[nodiscard]] bool usable(const Package& package) const;
    [[nodiscard]] Status make(const Package& package) const;

    std::filesystem::path folder_;
    Store store_;
};

} // namespace ingot::builder::packages
