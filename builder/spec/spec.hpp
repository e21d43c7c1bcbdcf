// What goes into an image, as roles/*.yaml say it.
//
// A role is a chain of files: db.yaml extends base.yaml. Each file of the chain is one layer, so that what base
// brings is built once for all roles. A user adds a role by adding a file and an overlay folder.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "common/result/result.hpp"

namespace ingot::builder::spec {

/// A text of a spec together with its place, for faults that are found only later (no such package, no such unit).
struct Word {
    std::string text;
    Position position{};
};

/// An apt repository beside the suite's own, with the key that must have signed it.
struct AptSource {
    std::string name;
    std::vector<std::string> uris{};
    std::vector<std::string> suites{};
    std::vector<std::string> components{};
    Word signed_by{}; ///< key file, relative to the folder of the specs
};

/// A file that must be there before a package is unpacked (createcluster.conf, before postgresql-common).
struct EarlyFile {
    std::string path; ///< absolute, in the image
    std::string content;
};

/// Paths that dpkg leaves out (`drop`) unless `keep` says otherwise; shell patterns.
struct Trim {
    std::vector<std::string> drop{};
    std::vector<std::string> keep{};
};

/// What systemd is told, in this order: enable, disable, mask.
struct Units {
    std::vector<Word> enable{};
    std::vector<Word> disable{};
    std::vector<Word> mask{};
};

enum class Format { squashfs, tar };
std::string_view to_string(Format format);

/// One file of the chain.
struct Layer {
    std::string name; ///< of the file: "base"
    std::vector<Word> packages{};
    std::vector<AptSource> sources{};
    std::vector<EarlyFile> before_packages{};
    std::vector<Word> overlays{}; ///< folders of overlays/
    Units units{};
    Trim trim{};
};

/// A role, with the layers that make it: the outermost base first, its own last.
struct Role {
    std::string name;
    std::string suite;
    std::vector<Format> formats{};
    std::vector<Layer> layers{};
};

/// One file as it was written, before the chain is put together.
struct RoleFile {
    Layer layer;
    Word extends{}; ///< empty text: none
    std::string suite{};
    std::vector<Format> formats{};
};

/// Reads the text of one file. Everything that is wrong with it is added to `faults`.
RoleFile parse(std::string_view text, std::string_view file, std::string_view name, Faults& faults);

/// Puts a chain together, base first. The last file that names a suite or formats wins; lists add up.
Role combine(const std::vector<RoleFile>& chain);

/// Reads roles/<name>.yaml and what it extends, and checks that overlays and keys are there.
/// `overlays` is the folder that holds the overlay folders.
Result<Role> load(const std::filesystem::path& roles, const std::filesystem::path& overlays, std::string_view name);

} // namespace ingot::builder::spec
