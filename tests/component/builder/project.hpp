// A copy of roles/ and overlays/ in a folder of its own, and ingot run on it.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "common/files/files.hpp"
#include "tests/component/builder/images.hpp"
#include "tests/places/places.hpp"

namespace ingot::tests {

/// The cache that the tests share with ./dev test; INGOT_CACHE names another one than ingot's own.
inline std::filesystem::path shared_cache() {
    const char* folder = std::getenv("INGOT_CACHE");
    return folder == nullptr ? "/var/cache/ingot" : folder;
}

class Project {
  public:
    Project() : folder_(*files::TempDir::create("ingot-project-")) {
        namespace fs = std::filesystem;
        const fs::path source = source_dir();
        fs::copy(source / "overlays", path() / "overlays",
                 fs::copy_options::recursive | fs::copy_options::copy_symlinks);
        fs::copy(source / "roles", path() / "roles", fs::copy_options::recursive);
    }
    [[nodiscard]] const std::filesystem::path& path() const { return folder_.path(); }
    [[nodiscard]] std::filesystem::path image(std::string_view role) const { return path() / "images" / role; }
    [[nodiscard]] std::filesystem::path lock(std::string_view role) const {
        return path() / "roles" / (std::string(role) + ".lock.yaml");
    }
    /// roles/<name>.yaml
    void role(std::string_view name, std::string_view text) const {
        EXPECT_TRUE(files::write(path() / "roles" / (std::string(name) + ".yaml"), text));
    }
    [[nodiscard]] std::string read_lock(std::string_view role) const { return files::read(lock(role)).value_or(""); }

    /// ingot COMMAND … with the options that all of them have.
    [[nodiscard]] std::vector<std::string> command(const std::string& name,
                                                   const std::vector<std::string>& more) const {
        std::vector<std::string> argv = {INGOT_PROGRAM, name,          "--roles", (path() / "roles").string(),
                                         "--cache",     cache.string()};
        if (name == "build") { argv.insert(argv.end(), {"--output", (path() / "images").string()}); }
        argv.insert(argv.end(), more.begin(), more.end());
        return argv;
    }
    [[nodiscard]] process::Output ingot(const std::string& name, const std::vector<std::string>& more) const {
        return run(command(name, more));
    }
    [[nodiscard]] bool nothing_half_made() const {
        const auto names = files::list(path() / "images");
        return !names || std::ranges::all_of(*names, [](const std::string& name) { return !name.starts_with('.'); });
    }

    std::filesystem::path cache = shared_cache();

  private:
    files::TempDir folder_;
};

} // namespace ingot::tests
