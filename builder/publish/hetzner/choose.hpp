// Choices that cost money or delete something. Pure.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "builder/artefacts/manifest.hpp"
#include "builder/publish/hetzner/wire.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::publish::hetzner {

/// Labels of what ingot makes. A temporary thing has kRun and kTemporary; a snapshot has kRole, kManifest and so on.
inline constexpr const char* kTemporary = "ingot-temporary";
inline constexpr const char* kRun = "ingot-run";
inline constexpr const char* kRole = "ingot-role";
inline constexpr const char* kSuite = "ingot-suite";
inline constexpr const char* kVersion = "ingot-version";
inline constexpr const char* kManifest = "ingot-manifest";

/// "x86" or "arm" for Debian's name; refused if the provider has no such machines.
Result<std::string> architecture_of(std::string_view debian);

/// Of a snapshot: who it is.
Labels labels_of(const artefacts::Manifest& manifest, std::string_view digest);
/// A text as the value of a label: at most 63 letters, digits, and - _ . between them.
std::string label_value(std::string_view text);
/// "key=value,key=value" as people give them; invalid_input, naming the label, if the provider would not take one or
/// if it is one of ours.
Result<Labels> parse_labels(std::string_view text);

struct Wishes {
    std::vector<std::string> types{};     ///< empty: any that fits
    std::vector<std::string> locations{}; ///< empty: any
};
struct Candidate {
    std::string type;
    std::string location;
    std::uint64_t disk_gb = 0;
    bool operator==(const Candidate&) const = default;
};
/// In which order to try: the smallest disk first (it is what every later server needs at least), then what is said
/// to be available, then the price. What a person names comes in the order they named it. not_found, with what there
/// is, if nothing fits.
Result<std::vector<Candidate>> candidates(const std::vector<ServerType>& types, std::string_view architecture,
                                          std::uint64_t image_bytes, const Wishes& wishes);

/// The system image to create a server with. It is never booted. not_found if there is none.
Result<Snapshot> base_image(const std::vector<Snapshot>& images, std::string_view architecture);

/// Which snapshots of ours to delete so that the newest `keep` of each role and architecture stay. Never a protected
/// one, never one that is not whole, and none without our labels.
std::vector<Snapshot> superseded(std::vector<Snapshot> snapshots, std::size_t keep);

/// True if something temporary may be removed: made by `run`, or, without one, older than `age`.
bool is_left_over(const Labels& labels, clock::WallTime created, clock::WallTime now, std::string_view run,
                  std::chrono::minutes age);

} // namespace ingot::builder::publish::hetzner
