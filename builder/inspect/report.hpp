// Everything `ingot inspect` says about one image, as values. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "builder/inspect/image.hpp"
#include "builder/inspect/system.hpp"
#include "common/json/json.hpp"

namespace ingot::builder::inspect {

struct Size {
    std::uint64_t installed = 0;  ///< bytes of files
    std::uint64_t compressed = 0; ///< what they take in the image
    std::uint64_t files = 0;
    Size& operator+=(const Size& other);
};

struct SizedFile {
    std::string path;
    std::uint64_t installed = 0;
    std::uint64_t compressed = 0;
};

/// A package, or a group of files that belongs to none ("(Python byte code)").
struct PackageSize {
    std::string name;
    std::string version{};
    std::string section{};
    std::string why{}; ///< "postgresql-17 → libllvm19"; empty: asked for, essential, or no package
    Size size{};
    std::vector<SizedFile> largest{};
    [[nodiscard]] bool is_group() const { return name.starts_with('('); }
};

struct DirectorySize {
    std::string name; ///< "x86_64-linux-gnu"; of the top: "/"
    Size size{};      ///< with all below it
    std::vector<DirectorySize> children{};
    std::vector<SizedFile> largest{}; ///< of the files right in it
};

struct Report {
    std::string image; ///< the path that was given
    std::string role{};
    std::string system{}; ///< "Debian GNU/Linux 13 (trixie)"
    std::string architecture{};
    std::string date{};
    std::string agent_version{};
    std::string git_revision{};
    std::string kernel{}; ///< "6.12.57+deb13-cloud-amd64"; empty: none
    std::string packed_as{};
    std::string root_file{};
    std::vector<artefacts::ManifestFile> files{};
    Size size{};
    std::uint64_t image_size = 0; ///< of the root file
    std::uint64_t package_count = 0;
    std::vector<PackageSize> packages{}; ///< the largest first
    DirectorySize directories{};         ///< children: the largest first
    Units units{};
    std::vector<Listener> listeners{};
    std::vector<User> users{};
    std::vector<PrivilegedFile> privileged{};
};

Report make_report(const Image& image, std::string_view named);

/// For a terminal of 100 columns. `all`: without leaving out what is small.
std::string render_text(const Report& report, bool all = false);
json::Json to_json(const Report& report);
/// A page in itself: no network, no script needed to read it.
std::string render_html(const Report& report);

} // namespace ingot::builder::inspect
