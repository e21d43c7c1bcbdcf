#include "builder/publish/s3/upload.hpp"

#include <algorithm>

#include "common/crypto/crypto.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::publish::s3 {

namespace {

using Clock = std::chrono::steady_clock;

/// What the manifest says; of the manifest and its signature, what they are.
Result<std::string> expected_digest(const Image& image, const std::string& name) {
    const auto entry = std::ranges::find(image.manifest.files, name, &artefacts::ManifestFile::name);
    INGOT_ASSIGN(auto digest, crypto::sha256_file(image.folder / name), "");
    const auto& expected =
        entry != image.manifest.files.end() ? entry->sha256 : (name == "manifest.json" ? image.digest : digest);
    if (digest == expected) { return digest; }
    return fail(ErrorKind::refused, text::format("{} was changed after it was built: its SHA-256 is {}, not {}",
                                                 (image.folder / name).string(), digest, expected));
}

} // namespace

Published S3::published(const Image& image) const {
    const auto folder = folder_of(place_, image);
    Published result{.text = url_of(place_, folder + "/" + files_of(image).front())};
    auto urls = json::Json::object();
    for (const auto& name : files_of(image)) { urls[name] = url_of(place_, folder + "/" + name); }
    result.fields = {{"bucket", place_.bucket}, {"folder", folder}, {"urls", urls}};
    return result;
}

Status S3::put_all(Store& store, const Image& image, Report& report, std::vector<std::string>& made) {
    for (const auto& name : files_of(image)) {
        INGOT_ASSIGN(const auto digest, expected_digest(image, name), "");
        const auto key = folder_of(place_, image) + "/" + name;
        std::error_code ignored;
        Amount amount{.total = std::filesystem::file_size(image.folder / name, ignored)};
        const auto during = [&](const std::string& phase) {
            report.phase(image.name, phase);
            return [&report, &image, &amount, phase, began = Clock::now()](std::uint64_t done) {
                amount.done = done;
                amount.elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began);
                report.amount(image.name, phase, amount);
            };
        };
        made.push_back(key); // also what is only half there
        INGOT_TRY(store.put(key, image.folder / name, digest, during("uploading " + name)), "");
        INGOT_ASSIGN(const auto back, store.read_back(key, during("reading back " + name)), "reading back " + key);
        if (back != digest) {
            return fail(ErrorKind::refused,
                        text::format("{} is not what was uploaded: its SHA-256 is {}, not {}", key, back, digest));
        }
    }
    return {};
}

Result<Published> S3::publish(const Image& image, Report& report, const Stop& stop) {
    INGOT_TRY(file_of(image, files_of(image).front()), "");
    Store store(place_, credentials_, tls_, patience_, stop);
    report.phase(image.name, "asking what is there");
    INGOT_ASSIGN(const auto there, store.digest_of(folder_of(place_, image) + "/manifest.json"), "");
    auto result = published(image);
    if (there == image.digest) { // it is uploaded last: then all is there
        result.was_there = true;
        return result;
    }
    std::vector<std::string> made;
    auto status = put_all(store, image, report, made);
    if (status) { return result; }
    report.phase(image.name, "cleaning up");
    const Stop never;
    store.obey(never);
    auto error = std::move(status).error();
    for (const auto& key : made) {
        const auto removed = store.remove(key);
        if (!removed) {
            error.message += text::format("\n{} is left in the bucket: {}", key, removed.error().to_string());
        }
    }
    return error;
}

} // namespace ingot::builder::publish::s3
