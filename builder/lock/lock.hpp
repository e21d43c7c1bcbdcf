// A lock: every package of a role, layer by layer, down to the hash of each file.
//
// It names no mirror. Packages of the Debian archive lie in "debian" or "debian-security", wherever the machine that
// builds has those; packages of other repositories in the source that the spec calls so. One line per package,
// sorted, so that a change of the lock reads as a change of packages.
//
//   ingot lock           solves, writes it          (lock_of, render)
//   ingot build --locked reads it, asks no index    (parse, check, layers of packages)
//   ingot lock --update  says what would change     (changes_between)
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "builder/packages/package_set.hpp"
#include "builder/packages/sources.hpp"
#include "builder/spec/spec.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::lock {

/// A repository as the lock was made with it.
struct Repository {
    std::string name;
    std::vector<std::string> uris{}; ///< empty: the Debian archive, wherever the machine has it
    std::vector<std::string> suites{};
    std::vector<std::string> components{};
    std::string key_sha256{}; ///< of the key file beside the spec; empty for the Debian archive
};

struct LockedPackage {
    packages::Package package; ///< its `uri` is not part of the lock
    std::string repository;
    std::string file; ///< below the repository's address
    bool essential = false;
    Position position{}; ///< in the lock file
};

/// What one spec file of the role's chain brings.
struct LockedLayer {
    std::string name;
    std::vector<std::string> asked_for{};  ///< names in the spec, sorted
    std::vector<LockedPackage> packages{}; ///< sorted by name
    Position position{};
};

struct Lock {
    std::string file{}; ///< it was read from; for messages
    std::string role;
    std::string suite;
    std::string architecture;
    std::vector<Repository> repositories{};
    std::vector<LockedLayer> layers{};
};

/// The packages of one layer of a role, however they were decided.
struct LayerPackages {
    packages::PackageSet packages{};  ///< of this layer alone
    packages::PackageSet essential{}; ///< those of them that come before all others; bottom layer only
};

/// The lock of a role whose packages were decided. `keys` are the SHA-256 of the key files of its own sources, by
/// the source's name.
Lock lock_of(const spec::Role& role, std::string_view architecture, const std::vector<LayerPackages>& layers,
             const std::vector<packages::SourceEntry>& sources,
             const std::vector<std::pair<std::string, std::string>>& keys);

std::string render(const Lock& lock);

/// Reads a lock. Everything that is wrong with it is added to `faults`.
Lock parse(std::string_view text, std::string_view file, Faults& faults);

/// What does not fit between a lock and the spec as it is now, each with its place: a package that the spec wants and
/// the lock does not have, another suite, another key. Empty if the lock may be used.
Faults check(const Lock& lock, const spec::Role& role, std::string_view architecture,
             const std::vector<packages::SourceEntry>& sources,
             const std::vector<std::pair<std::string, std::string>>& keys);

/// The packages, with the addresses that they have on this machine.
std::vector<LayerPackages> packages_of(const Lock& lock, const std::vector<packages::SourceEntry>& sources);

/// Everything in the lock, sorted by name.
packages::PackageSet all_of(const Lock& lock);

/// The entry of a package; nullptr if there is none.
const LockedPackage* find(const Lock& lock, std::string_view name);

enum class ChangeKind { added, removed, up, down, rebuilt };

/// What happened to one package between two locks. Rebuilt: the same version, another file.
struct Change {
    ChangeKind kind;
    std::string name;
    std::string before{};
    std::string after{};
    bool operator==(const Change&) const = default;
};

std::vector<Change> changes_between(const packages::PackageSet& before, const packages::PackageSet& after);

/// One line per change: "  up       libssl3t64  3.5.1-1 → 3.5.2-1".
std::string render(const std::vector<Change>& changes);

} // namespace ingot::builder::lock
