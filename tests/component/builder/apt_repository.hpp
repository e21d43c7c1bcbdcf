// A signed apt repository, made on the spot: key, packages and indexes.
#pragma once

#include <filesystem>
#include <string>

#include "common/files/files.hpp"

namespace ingot::tests {

class AptRepository {
  public:
    /// Empty, with a new key. Throws if a tool fails: then there is nothing to test with.
    AptRepository();
    ~AptRepository();
    AptRepository(const AptRepository&) = delete;
    AptRepository& operator=(const AptRepository&) = delete;
    AptRepository(AptRepository&&) = delete;
    AptRepository& operator=(AptRepository&&) = delete;

    /// Adds a package (architecture all) that holds one file, /usr/share/<name>/version, and, if asked, another one
    /// of `size` bytes that cannot be compressed. Returns its path below
    /// folder().
    std::string add(const std::string& name, const std::string& version, const std::string& depends = {},
                    const std::string& more_fields = {}, std::size_t size = 0);
    /// Writes and signs the indexes of everything that was added. Suites "stable" and "stable-updates"
    /// (which is empty), component "main".
    void publish();

    [[nodiscard]] std::filesystem::path folder() const { return folder_.path() / "public"; }
    /// The public key, armoured.
    [[nodiscard]] std::string key() const;

  private:
    void publish(const std::string& suite, const std::string& packages);
    files::TempDir folder_;
};

} // namespace ingot::tests
