// ingot key new, ingot sign IMAGE or USER-DATA, ingot verify IMAGE...: who built this, and is it still that?
#include "builder/cli/commands.hpp"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "builder/trust/keys.hpp"
#include "builder/trust/verify.hpp"
#include "cloud-init/parts/parts.hpp"
#include "cloud-init/signature/signature.hpp"
#include "common/files/files.hpp"
#include "common/gzip/gzip.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::cli {

namespace {

namespace fs = std::filesystem;

constexpr int kNotAsBuilt = 3;

struct Options {
    std::string file{};
    std::vector<std::string> images{};
};

Result<int> make_key(const Options& options) {
    INGOT_ASSIGN(const auto fingerprint, trust::write_new_key(options.file), "");
    std::printf("%s (keep it secret)\n%s.pub\nfingerprint %s\n", options.file.c_str(), options.file.c_str(),
                fingerprint.c_str());
    return 0;
}

/// The signature becomes the last line of the file; a mode that kept its secrets stays.
Status sign_file(const fs::path& file, const crypto::Secret& key) {
    INGOT_ASSIGN(const auto text, files::read(file), "");
    if (!cloud_init::looks_like_user_data(text)) {
        return fail(
            ErrorKind::invalid_input,
            text::format("{} is neither an image nor user-data: its first line does not say so", file.string()));
    }
    if (gzip::is_gzip(text)) {
        return fail(ErrorKind::invalid_input,
                    text::format("{} is compressed: sign it first, then compress it", file.string()));
    }
    INGOT_ASSIGN(const auto with_signature, cloud_init::sign_user_data(text, key), "");
    std::error_code error;
    const auto mode = fs::status(file, error).permissions();
    return files::write(file, with_signature, {.mode = error ? mode_t{0600} : static_cast<mode_t>(mode)});
}

Result<int> sign(const Options& options) {
    INGOT_ASSIGN(const auto key, trust::read_private_key(options.file), "");
    for (const auto& image : options.images) {
        if (fs::is_regular_file(image)) {
            INGOT_TRY(sign_file(image, key), "");
            std::printf("%s: signed\n", image.c_str());
            continue;
        }
        // A signature says "this is what I built": not over something that is broken already.
        INGOT_ASSIGN(const auto seen, trust::verify_image(image, std::nullopt), "");
        if (!seen.faults.empty()) {
            return fail(ErrorKind::refused,
                        image + " is not signed, because it is not as it was built: " + seen.faults.front());
        }
        INGOT_ASSIGN(const auto fingerprint, trust::sign_image(image, key), "");
        std::printf("%s: signed by %s\n", image.c_str(), fingerprint.c_str());
    }
    return 0;
}

/// Prints what was found; true if all is well.
bool print(const std::string& image, const trust::Verification& seen) {
    for (const auto& fault : seen.faults) { std::printf("%s: %s\n", image.c_str(), fault.c_str()); }
    if (!seen.faults.empty()) { return false; }
    std::printf("%s: %zu files are as they were built", image.c_str(), seen.manifest.files.size());
    if (seen.signed_by) {
        std::printf("; signed by %s\n", seen.signed_by->c_str());
    } else if (seen.has_signature) {
        std::printf("; its signature was not checked: --key FILE.pub names the key\n");
    } else {
        std::printf("; not signed\n");
    }
    return true;
}

Result<int> verify(const Options& options) {
    const auto key = options.file.empty() ? std::nullopt : std::optional<fs::path>(options.file);
    bool good = true;
    for (const auto& image : options.images) {
        INGOT_ASSIGN(const auto seen, trust::verify_image(image, key), "");
        good = print(image, seen) && good;
    }
    return good ? 0 : kNotAsBuilt;
}

} // namespace

void add_trust(CLI::App& app, Action& action) {
    auto options = std::make_shared<Options>();
    auto* key = app.add_subcommand("key", "Keys that sign images and user-data");
    key->require_subcommand(1);
    auto* fresh = key->add_subcommand("new", "Make a key pair (Ed25519): FILE, for you alone, and FILE.pub");
    fresh->add_option("--out", options->file, "File for the private key")->required();
    fresh->callback([options, &action] { action = [options] { return make_key(*options); }; });

    auto* signing = app.add_subcommand("sign", "Sign images that were built before, or files of user-data");
    signing->add_option("IMAGE", options->images, "Folders of images (build/images/db), or files of user-data")
        ->required();
    signing->add_option("--key", options->file, "File of the private key")->required();
    signing->callback([options, &action] { action = [options] { return sign(*options); }; });

    auto* verifying = app.add_subcommand("verify", "Check every file of images, and who signed them");
    verifying->add_option("IMAGE", options->images, "Folders of images: build/images/db")->required();
    verifying->add_option("--key", options->file, "File of the public key that has to have signed them");
    verifying->callback([options, &action] { action = [options] { return verify(*options); }; });
}

} // namespace ingot::builder::cli
