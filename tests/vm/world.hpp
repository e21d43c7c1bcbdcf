// What the machines of these tests have in common: images, a cluster's user-data, firmware, and what an agent at work
// says.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/files/files.hpp"
#include "common/process/process.hpp"

namespace ingot::tests {

/// What the agent says when it has its seed, its user-data and its address, and only the others are missing.
inline constexpr const char* kAtWork = "ingot: (ready|waiting: (?!.*(no metadata|private network)))";
inline constexpr const char* kFailed = "ingot: failed";

/// A file or folder of the images that the tests were given (INGOT_VM_IMAGES).
std::filesystem::path vm_image(const std::string& name);

/// Exit code -1 and the reason in `err` if it cannot be run at all.
process::Output run(std::vector<std::string> argv);

/// A cluster as `ingot cluster init` makes it; none of its machines has to exist.
class Cluster {
  public:
    explicit Cluster(const std::string& name);
    /// As `ingot user-data ROLE` says it.
    [[nodiscard]] std::string user_data(const std::string& role) const;

  private:
    files::TempDir folder_ = *files::TempDir::create("ingot-vm-cluster-");
};

/// Arguments for a machine with UEFI, whose variables are kept in `variables`.
std::vector<std::string> uefi_firmware(const std::filesystem::path& variables);

} // namespace ingot::tests
