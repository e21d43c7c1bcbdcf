// The .debs that were ever fetched, each under its own SHA-256. A mirror may forget a version; we do not.
#pragma once

#include <cstdint>
#include <filesystem>

#include "builder/packages/package_set.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::packages {

class Store {
  public:
    explicit Store(std::filesystem::path folder) : folder_(std::move(folder)) {}

    [[nodiscard]] std::filesystem::path path_of(const Package& package) const;
    /// The packages that are not here yet.
    [[nodiscard]] PackageSet missing(const PackageSet& set) const;
    /// Where downloads land before they are checked. What an interrupted build left there is used, or removed.
    [[nodiscard]] std::filesystem::path incoming() const { return folder_ / "incoming"; }
    /// Takes over from incoming() what has the hash of a package of `set`; removes everything else there.
    Status take_over(const PackageSet& set) const;
    /// Hashes the package's file once more. One that rotted on disk is removed from the store and is an error
    /// (transient: the next build fetches it again).
    [[nodiscard]] Status check(const Package& package) const;
    /// When the youngest package of the set was built (seconds since the epoch): the date of an image, the same
    /// for the same packages. All have to be in the store.
    [[nodiscard]] Result<std::int64_t> newest_build_time(const PackageSet& set) const;

  private:
    std::filesystem::path folder_;
};

/// When a .deb was made: the date of its first archive member.
Result<std::int64_t> build_time_of(const std::filesystem::path& deb);

} // namespace ingot::builder::packages
