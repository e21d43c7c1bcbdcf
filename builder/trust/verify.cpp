#include "builder/trust/verify.hpp"

#include <algorithm>
#include <system_error>

#include "builder/trust/keys.hpp"
#include "common/crypto/crypto.hpp"
#include "common/crypto/signature.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::trust {

namespace {

namespace fs = std::filesystem;

constexpr auto kManifest = "manifest.json";

/// A name in a manifest is a plain file's in the same folder; anything else would lead verify astray.
bool is_plain_name(std::string_view name) {
    return !name.empty() && name != "." && name != ".." && name.find('/') == std::string_view::npos;
}

/// What is wrong with one file; nothing if it is as the manifest says.
std::optional<std::string> fault_of(const fs::path& folder, const artefacts::ManifestFile& file) {
    if (!is_plain_name(file.name)) { return text::format("'{}' is not the name of a file of an image", file.name); }
    std::error_code problem;
    const auto status = fs::symlink_status(folder / file.name, problem);
    if (!fs::exists(status)) { return file.name + " is missing"; }
    if (!fs::is_regular_file(status)) { return file.name + " is not a file"; }
    const auto size = fs::file_size(folder / file.name, problem);
    if (problem) { return text::format("{}: {}", file.name, problem.message()); }
    if (size != file.size) {
        return text::format("{} has {} bytes, not {}: it was {}", file.name, size, file.size,
                            size < file.size ? "cut off" : "added to");
    }
    const auto digest = crypto::sha256_file(folder / file.name);
    if (!digest) { return digest.error().to_string(); }
    if (*digest == file.sha256) { return std::nullopt; }
    return text::format("{} was changed: its SHA-256 is {}, not {}", file.name, *digest, file.sha256);
}

Status check_signature(const fs::path& folder, std::string_view manifest, std::string_view public_pem,
                       Verification& result) {
    INGOT_ASSIGN(auto fingerprint, crypto::key_fingerprint(public_pem), "");
    if (!result.has_signature) {
        result.faults.push_back(text::format("there is no signature ({}), but a key was given", kSignatureFile));
        return {};
    }
    INGOT_ASSIGN(const auto signature, files::read(folder / kSignatureFile), "");
    const auto good = crypto::verify_signature(public_pem, manifest, signature);
    if (good) {
        result.signed_by = std::move(fingerprint);
    } else if (good.error().kind == ErrorKind::refused) {
        result.faults.push_back(text::format("{} does not fit: the manifest was changed after it was signed, or "
                                             "another key than {} signed it",
                                             kSignatureFile, fingerprint.substr(0, 16)));
    } else {
        return good.error();
    }
    return {};
}

} // namespace

Result<Verification> verify_image(const fs::path& folder, const std::optional<fs::path>& public_key) {
    std::string public_pem;
    if (public_key) { INGOT_ASSIGN(public_pem, files::read(*public_key), "reading the key " + public_key->string()); }
    INGOT_ASSIGN(const auto text, files::read(folder / kManifest), "looking for an image in " + folder.string());
    Verification result;
    result.has_signature = files::exists(folder / kSignatureFile);
    if (public_key) {
        INGOT_TRY(check_signature(folder, text, public_pem, result), "reading the key " + public_key->string());
    }
    auto manifest = artefacts::parse_manifest(text);
    if (!manifest) {
        result.faults.push_back("manifest.json cannot be read: " + manifest.error().to_string());
        return result;
    }
    result.manifest = *std::move(manifest);
    if (result.manifest.files.empty()) { result.faults.emplace_back("the manifest names no files"); }
    for (const auto& file : result.manifest.files) {
        if (auto fault = fault_of(folder, file)) { result.faults.push_back(*std::move(fault)); }
    }
    INGOT_ASSIGN(const auto names, files::list(folder), "");
    for (const auto& name : names) {
        const bool known = name == kManifest || name == kSignatureFile ||
                           std::ranges::find(result.manifest.files, name, &artefacts::ManifestFile::name) !=
                               result.manifest.files.end();
        if (!known) { result.faults.push_back(name + " is not a file of this image"); }
    }
    return result;
}

} // namespace ingot::builder::trust
