#include "builder/pipeline/reproduce_image.hpp"

#include <algorithm>

#include <unistd.h>

#include "builder/artefacts/artefacts.hpp"
#include "builder/packages/locations.hpp"
#include "builder/packages/store.hpp"
#include "builder/pipeline/resolve.hpp"
#include "builder/reproduce/compare.hpp"
#include "builder/trust/verify.hpp"
#include "common/crypto/crypto.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::pipeline {

namespace {

namespace fs = std::filesystem;

/// The very agent of the image: the one at hand, if it is that, else the copy that its build left in the store.
Result<std::optional<fs::path>> agent_of(const artefacts::Manifest& manifest, const BuildRequest& request) {
    if (manifest.agent_sha256.empty()) { return std::optional<fs::path>{}; }
    if (request.agent_deb) {
        INGOT_ASSIGN(const auto digest, crypto::sha256_file(*request.agent_deb), "");
        if (digest == manifest.agent_sha256) { return request.agent_deb; }
    }
    const packages::Store store(request.cache / "packages");
    auto kept = store.path_of({.sha256 = manifest.agent_sha256});
    if (files::exists(kept)) { return std::optional(std::move(kept)); }
    return fail(ErrorKind::not_found,
                text::format("the agent {} of this image (SHA-256 {}) is neither in the package store nor given by "
                             "--agent-deb",
                             manifest.agent_version, manifest.agent_sha256));
}

/// The formats whose files the image has.
std::vector<spec::Format> formats_of(const artefacts::Manifest& manifest) {
    std::vector<spec::Format> formats;
    for (const auto& word : spec::format_names()) {
        const auto format = spec::format_of(word);
        if (!format) { continue; }
        const auto names = artefacts::file_names(*format);
        const bool all = std::ranges::all_of(names, [&](const std::string& name) {
            return std::ranges::find(manifest.files, name, &artefacts::ManifestFile::name) != manifest.files.end();
        });
        if (all) { formats.push_back(*format); }
    }
    return formats;
}

std::vector<std::string> hints_of(const artefacts::Manifest& manifest, std::string_view revision) {
    std::vector<std::string> hints;
    if (!manifest.git_revision.empty() && manifest.git_revision != revision) {
        hints.push_back(text::format("the image was built from the specs of commit {}, these are of {}",
                                     manifest.git_revision, revision.empty() ? "none" : revision));
    }
    return hints;
}

} // namespace

Result<lock::Lock> lock_of_manifest(const artefacts::Manifest& manifest, const fs::path& file) {
    if (manifest.layers.empty()) {
        return fail(ErrorKind::invalid_input,
                    file.string() + " does not say which layer a package belongs to: an older ingot wrote it");
    }
    lock::Lock lock{
        .file = file.string(), .role = manifest.role, .suite = manifest.suite, .architecture = manifest.architecture};
    for (const auto& given : manifest.layers) {
        lock::LockedLayer layer{.name = given.name, .position = {.file = file.string()}};
        for (const auto& name : given.packages) {
            const auto package = std::ranges::find(manifest.packages, name, &packages::Package::name);
            if (package == manifest.packages.end()) {
                return fail(ErrorKind::invalid_input, text::format("{}: '{}' stands in a layer, but not in the list "
                                                                   "of packages",
                                                                   file.string(), name));
            }
            auto location = packages::location_of(package->uri, manifest.sources);
            layer.packages.push_back({.package = *package,
                                      .repository = std::move(location.repository),
                                      .file = std::move(location.file),
                                      .essential = std::ranges::find(given.essential, name) != given.essential.end(),
                                      .position = {.file = file.string()}});
        }
        lock.layers.push_back(std::move(layer));
    }
    for (const auto& source : manifest.sources) { lock.repositories.push_back({.name = source.name}); }
    return lock;
}

Result<Reproduction> reproduce_image(const fs::path& image, const BuildRequest& given, process::Processes& processes,
                                     progress::Progress& progress) {
    INGOT_ASSIGN(const auto seen, trust::verify_image(image, std::nullopt), "");
    if (!seen.faults.empty()) {
        return fail(ErrorKind::refused, text::format("{} is not as it was built, there is nothing to reproduce: {}",
                                                     image.string(), seen.faults.front()));
    }
    const auto& manifest = seen.manifest;
    auto request = given;
    request.roles = {manifest.role};
    request.suite = manifest.suite;
    request.formats = formats_of(manifest);
    if (manifest.date_was_given) { request.source_date_epoch = manifest.date; }
    if (!request.locked) {
        INGOT_ASSIGN(auto lock, lock_of_manifest(manifest, image / "manifest.json"), "");
        request.locks.emplace(manifest.role, std::move(lock));
        request.locked = true;
    }
    for (const auto& source : manifest.sources) {
        if (source.uris.empty() || !given.mirror.empty()) { continue; }
        if (source.name == "debian") { request.mirror = source.uris.front(); }
        if (source.name == "debian-security") { request.security_mirror = source.uris.front(); }
    }
    INGOT_ASSIGN(request.agent_deb, agent_of(manifest, given), "");
    INGOT_ASSIGN(const auto output, files::TempDir::create("ingot-reproduce-"), "");
    request.output = output.path();
    // Below building/, so that whatever a killed run leaves there goes with the next build.
    request.scratch = given.cache / "building" / text::format("reproduce-{}", ::getpid());
    request.use_layer_cache = false;
    request.signing_key.reset();
    request.public_key = manifest.public_key;

    INGOT_ASSIGN(const auto built, build(request, processes, progress), "building " + manifest.role + " again");
    Reproduction result{.hints = hints_of(manifest, built.front().manifest.git_revision)};
    const auto& now = built.front();
    for (const auto& file : manifest.files) {
        const auto made = std::ranges::find(now.manifest.files, file.name, &artefacts::ManifestFile::name);
        if (made == now.manifest.files.end()) {
            result.differences.push_back(text::format("{}: the spec does not make it any more", file.name));
        } else if (*made == file) {
            result.same.push_back(file.name);
        } else {
            progress.phase(manifest.role, "comparing " + file.name);
            INGOT_ASSIGN(const auto why, reproduce::explain(processes, image / file.name, now.folder / file.name),
                         "comparing " + file.name);
            result.differences.push_back(text::format("{}: {}", file.name, why));
        }
    }
    INGOT_TRY(files::remove_tree(request.scratch), "");
    return result;
}

} // namespace ingot::builder::pipeline
