// A signed image as `ingot build` makes them, of a tree with next to nothing in it: real partition table, real ext4.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "common/crypto/signature.hpp"
#include "common/files/files.hpp"
#include "common/process/process.hpp"

namespace ingot::tests {

/// <folder>/<role>: disk.raw, disk.raw.zst, disk.map.json, netboot; signed by `key`.
struct SmallImage {
    std::optional<files::TempDir> folder{};
    crypto::SigningKey key{};
    [[nodiscard]] std::filesystem::path path(const std::string& name) const {
        return folder->path() / "small" / name;
    }
    [[nodiscard]] std::filesystem::path public_key() const { return folder->path() / "key.pub"; }
};

/// Needs root (owners in a tree).
Result<SmallImage> make_small_image();

process::Output run(std::vector<std::string> argv, const std::string& input = {});

/// Tests with one image for all of a suite, and a folder of its own for each.
class WithSmallImage : public testing::Test {
  protected:
    static void SetUpTestSuite();
    static void TearDownTestSuite();
    void SetUp() override;
    [[nodiscard]] std::filesystem::path path(const std::string& name) const { return folder_->path() / name; }

    static inline std::optional<SmallImage> image_{};
    std::optional<files::TempDir> folder_;
};

} // namespace ingot::tests
