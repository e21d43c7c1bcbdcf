// What goes into an image, as roles/*.yaml say it.
//
// A role is a chain of files: db.yaml extends base.yaml. Each file of the chain is one layer, so that what base
// brings is built once for all roles. A user adds a role by adding a file and an overlay folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result/result.hpp"

namespace ingot::document {
class Value;
}

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

/// What people boot. `netboot` is vmlinuz, initrd, root.squashfs and boot.ipxe.
enum class Format { raw, raw_zst, qcow2, tar_zst, squashfs, netboot };
std::string_view to_string(Format format);
/// The names of all formats, in the order in which they are shown.
std::vector<std::string> format_names();
std::optional<Format> format_of(std::string_view name);
/// True if the format cannot be made of a tree without a kernel.
bool needs_kernel(Format format);

/// cloud: Debian's kernel for virtual machines. metal: the one with all drivers, and the firmware servers need.
enum class Flavour { none, cloud, metal };
std::string_view to_string(Flavour flavour);

/// The kernel of an image.
struct Kernel {
    Flavour flavour = Flavour::none;
    std::string command_line{}; ///< after root=
    Position position{};        ///< of the words that decide
};

/// The packages that a kernel brings with it: itself, what makes its initrd, what grows the root at first boot.
std::vector<std::string> packages_of(Flavour flavour, std::string_view suite);
/// The components of the Debian archive that those are in.
std::vector<std::string> components_of(Flavour flavour);

/// The disk of the raw formats.
struct Disk {
    std::uint64_t free_bytes = 512ULL << 20U; ///< on the root; it grows to the disk at first boot anyway
};

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
    std::string node_role{}; ///< what its nodes are, for the agent: of db15, which extends db, it is db
    std::string suite;
    std::vector<Format> formats{};
    Kernel kernel{};
    Disk disk{};
    std::vector<Layer> layers{};
};

/// One file as it was written, before the chain is put together.
struct RoleFile {
    Layer layer;
    Word extends{}; ///< empty text: none
    std::string suite{};
    std::vector<Format> formats{};
    Position formats_at{};
    std::optional<Flavour> flavour{};
    Position flavour_at{};
    std::optional<std::string> command_line{};
    std::optional<std::uint64_t> free_bytes{};
};

/// Reads the text of one file. Everything that is wrong with it is added to `faults`.
RoleFile parse(std::string_view text, std::string_view file, std::string_view name, Faults& faults);

/// Puts a chain together, base first. The last file that names a suite, formats or a part of the kernel wins; lists
/// add up. Its nodes are what the last file named db, etcd, proxy or backup says, or else what the role is called.
/// The kernel's packages become part of the first layer, which all roles with that kernel share.
Role combine(const std::vector<RoleFile>& chain);

/// The role for another suite than its files name.
void change_suite(Role& role, std::string suite);

/// invalid_input, with what can be done, if a format of the role needs a kernel and it has none.
Status check_formats(const Role& role);

/// Reads what is under `kernel:` and `disk:` into `file`.
void read_kernel(const document::Value& value, RoleFile& file, Faults& faults);
void read_disk(const document::Value& value, RoleFile& file, Faults& faults);

/// Reads roles/<name>.yaml and what it extends, and checks that overlays and keys are there.
/// `overlays` is the folder that holds the overlay folders.
Result<Role> load(const std::filesystem::path& roles, const std::filesystem::path& overlays, std::string_view name);

} // namespace ingot::builder::spec
