#include "builder/pipeline/cache.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "common/text/text.hpp"

namespace ingot::builder::pipeline {

namespace {

constexpr std::string_view kTagName = "CACHEDIR.TAG";
constexpr std::string_view kTag =
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# Packages and layers of `ingot build`. Everything here can be made again, but for\n"
    "# packages/: versions that the mirrors have dropped.\n";
/// What a cache that is not marked yet may hold.
constexpr std::array<std::string_view, 8> kOurs = {"apt",    "building", "digests",  "flat",
                                                   "layers", "lock",     "packages", "without-root"};

Status claim(const std::filesystem::path& folder) {
    INGOT_TRY(files::make_directory(folder), "making the cache folder");
    if (files::exists(folder / kTagName)) { return {}; }
    INGOT_ASSIGN(const auto names, files::list(folder), "looking into the cache folder");
    for (const auto& name : names) {
        if (std::ranges::find(kOurs, name) != kOurs.end()) { continue; }
        return fail(ErrorKind::refused,
                    text::format("{} is not a cache of ingot: it holds '{}'. Builds clean up their cache; choose a "
                                 "folder of its own with --cache",
                                 folder.string(), name));
    }
    return files::write(folder / kTagName, kTag);
}

} // namespace

Result<files::Lock> open_cache(const std::filesystem::path& folder, progress::Progress& progress) {
    INGOT_TRY(claim(folder), "");
    const auto file = folder / "lock";
    auto lock = files::Lock::try_acquire(file);
    if (lock || lock.error().kind != ErrorKind::transient) { return lock; }
    progress.phase("packages", text::format("waiting for another build that uses {}", folder.string()));
    return files::Lock::acquire(file);
}

} // namespace ingot::builder::pipeline
