// ingot build: from the names of roles to their images.
//
//   specs ─ resolve (apt) ─ keys ─ fetch what missing layers need ─ layers ─ image layer ─ artefacts
//
// Every role is a chain of package layers (base, db) and one image layer on top. A layer is made once, by whichever
// role comes first; the others wait for it. What has the same key is never made again.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "builder/artefacts/manifest.hpp"
#include "builder/lock/lock.hpp"
#include "builder/progress/progress.hpp"
#include "builder/spec/spec.hpp"
#include "common/crypto/crypto.hpp"
#include "common/process/process.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::pipeline {

struct BuildRequest {
    std::vector<std::string> roles;
    std::filesystem::path output;
    std::filesystem::path specs;    ///< roles/
    std::filesystem::path overlays; ///< overlays/
    std::filesystem::path cache;
    std::filesystem::path scratch{}; ///< where layers are made and kept instead of in the cache, if not empty
    std::optional<std::filesystem::path> agent_deb{}; ///< nothing: an image without agent, for experiments
    std::filesystem::path installer{};                ///< for netboot that can install; empty: it cannot
    std::string public_key{};                         ///< PEM; the installer in those images wants them signed by it
    std::string suite{};                              ///< instead of the spec's, if not empty
    std::vector<spec::Format> formats{};              ///< instead of the spec's, if not empty
    std::string mirror{};                             ///< instead of the machine's, if not empty
    std::string security_mirror{};                    ///< beside `mirror`, if it is not where one would look
    std::filesystem::path keyring{};                  ///< that has to have signed it; Debian's if empty
    unsigned jobs = 0;                                ///< roles at once; 0: as many as processors
    std::optional<crypto::Secret> signing_key{};      ///< that signs the manifests
    bool use_layer_cache = true;
    bool locked = false;                       ///< packages as roles/<role>.lock.yaml names them, and no others
    std::map<std::string, lock::Lock> locks{}; ///< by role: instead of those files
    std::chrono::seconds maximum_index_age = std::chrono::hours(1);
    std::optional<std::int64_t> source_date_epoch{};
};

struct BuiltRole {
    artefacts::Manifest manifest;
    std::filesystem::path folder;
    bool unchanged = false;
};

/// Needs root, or subordinate ids for a user namespace. Moves the process into private namespaces, so it has to be
/// called before threads are started.
Result<std::vector<BuiltRole>> build(const BuildRequest& request, process::Processes& processes,
                                     progress::Progress& progress);

} // namespace ingot::builder::pipeline
