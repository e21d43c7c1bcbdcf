// apt, with a configuration and a state of its own: it decides and fetches, nothing of the machine is touched.
//
// Only the network settings and the credentials of the machine's apt are used. An index is trusted if the key named
// for it has signed it; there is no switch for less.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "builder/packages/package_set.hpp"
#include "builder/packages/sources.hpp"
#include "builder/packages/store.hpp"
#include "common/files/files.hpp"
#include "common/process/process.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::packages {

/// The entries of /etc/apt/sources.list and sources.list.d/.
Result<std::vector<SourceEntry>> machine_sources(const files::Root& machine);

/// What to ask apt for.
struct Request {
    std::vector<std::string> names{};                 ///< packages, as spec names
    PackageSet base{};                                ///< what is there already, exactly so
    bool essential = false;                           ///< and everything that is essential
    std::optional<std::filesystem::path> local_deb{}; ///< our own package: its dependencies are wanted too
    std::string local_name{};                         ///< its package name
    PackageSet hold{};                                ///< versions to prefer, where the archive still has them
};

/// A package that no mirror gave us: not_found (it has no such file), refused (it has other bytes under that name) or
/// transient (it did not answer).
struct Unfetched {
    Package package;
    ErrorKind kind;
    std::string reason;
};

class Apt {
  public:
    struct Settings {
        std::filesystem::path folder; ///< of our own; kept between builds
        std::vector<SourceEntry> sources;
        std::string architecture = "amd64";
    };

    /// Writes the configuration. Fetches nothing.
    static Result<Apt> open(process::Processes& processes, Settings settings);

    /// Fetches the indexes, if they are older than `maximum_age`. True if it asked the mirror.
    Result<bool> refresh(std::chrono::seconds maximum_age);
    /// How old the indexes are; nothing if there are none yet. A refresh that fails leaves the old ones as they were.
    [[nodiscard]] std::optional<std::chrono::seconds> index_age() const;
    /// A text that changes when any index does.
    [[nodiscard]] Result<std::string> index_digest() const;
    /// What would be installed; remembered until an index or the request changes.
    Result<PackageSet> resolve(const Request& request);
    /// Makes the whole set be in the store. `on_package` is called after each download, with how many are done.
    Status fetch(const PackageSet& set, const Store& store, const std::function<void(std::size_t)>& on_package);

    /// Like fetch(), but by URI and hash, without any index: for sets that somebody decided before. Tells which
    /// packages could not be had.
    Result<std::vector<Unfetched>> fetch_exact(const PackageSet& set, const Store& store,
                                               const std::function<void(std::size_t)>& on_package);

    [[nodiscard]] const std::filesystem::path& configuration() const { return configuration_; }

  private:
    Apt(process::Processes& processes, Settings settings);
    [[nodiscard]] process::Command command(std::vector<std::string> arguments) const;
    [[nodiscard]] Result<std::string> solve(const Request& request);

    process::Processes* processes_;
    Settings settings_;
    std::filesystem::path configuration_;
};

} // namespace ingot::builder::packages
