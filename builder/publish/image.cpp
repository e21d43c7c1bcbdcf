#include "builder/publish/image.hpp"

#include <algorithm>

#include "builder/trust/keys.hpp"
#include "common/crypto/crypto.hpp"
#include "common/crypto/signature.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::publish {

namespace {

namespace fs = std::filesystem;

Result<std::string> check_signature(const Image& image, std::string_view manifest, const fs::path& public_key) {
    INGOT_ASSIGN(const auto pem, files::read(public_key), "reading the key " + public_key.string());
    INGOT_ASSIGN(auto fingerprint, crypto::key_fingerprint(pem), "reading the key " + public_key.string());
    if (!image.has_signature) {
        return fail(ErrorKind::refused, text::format("{} is not signed (there is no {}), but a key was given",
                                                     image.folder.string(), trust::kSignatureFile));
    }
    INGOT_ASSIGN(const auto signature, files::read(image.folder / trust::kSignatureFile), "");
    INGOT_TRY(crypto::verify_signature(pem, manifest, signature),
              text::format("{}: the manifest was changed after it was signed, or another key than {} signed it",
                           image.folder.string(), fingerprint.substr(0, 16)));
    return fingerprint;
}

} // namespace

Result<Image> open_image(const fs::path& place, const std::optional<fs::path>& public_key) {
    std::error_code problem;
    const auto absolute = fs::absolute(place, problem).lexically_normal();
    auto folder = fs::is_regular_file(absolute, problem) ? absolute.parent_path() : absolute;
    if (folder.filename().empty()) { folder = folder.parent_path(); } // "build/images/db/"
    Image image{.name = folder.filename().string(), .folder = folder};
    INGOT_ASSIGN(const auto text, files::read(folder / "manifest.json"), "looking for an image in " + place.string());
    image.digest = crypto::sha256_hex(text);
    image.has_signature = files::exists(folder / trust::kSignatureFile);
    if (public_key) { INGOT_ASSIGN(image.signer, check_signature(image, text, *public_key), ""); }
    INGOT_ASSIGN(image.manifest, artefacts::parse_manifest(text), "reading " + (folder / "manifest.json").string());
    return image;
}

Result<artefacts::ManifestFile> file_of(const Image& image, std::string_view name) {
    const auto& files = image.manifest.files;
    const auto found = std::ranges::find(files, name, &artefacts::ManifestFile::name);
    if (found != files.end()) { return *found; }
    return fail(ErrorKind::not_found, text::format("{} has no {}: build it with `ingot build {} --format raw.zst`",
                                                   image.folder.string(), name, image.manifest.role));
}

} // namespace ingot::builder::publish
