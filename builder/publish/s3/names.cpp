#include "builder/publish/s3/names.hpp"

#include <algorithm>
#include <cctype>

#include "builder/publish/disk_image.hpp"
#include "builder/trust/keys.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::publish::s3 {

namespace {

bool is_plain(std::string_view text, std::string_view more) {
    return std::ranges::all_of(text, [&](char character) {
        return std::isalnum(static_cast<unsigned char>(character)) != 0 ||
               more.find(character) != std::string_view::npos;
    });
}

/// Of tests, and of those who run a gateway on their own machine.
bool is_local(std::string_view endpoint) {
    return endpoint.starts_with("http://127.0.0.1:") || endpoint.starts_with("http://[::1]:");
}

} // namespace

Status check(const Place& place) {
    Faults faults;
    const auto fault = [&](std::string text) { faults.add({}, std::move(text)); };
    const bool https = place.endpoint.starts_with("https://");
    if (!https && !is_local(place.endpoint)) {
        fault(text::format("--endpoint: '{}' is not https://HOST[:PORT]", place.endpoint));
    } else if (!is_plain(place.endpoint.substr(place.endpoint.find("//") + 2), ".-:[]")) {
        fault(text::format("--endpoint: '{}' has more in it than a host and a port", place.endpoint));
    }
    constexpr std::size_t kShortest = 3;
    constexpr std::size_t kLongest = 63;
    if (place.bucket.size() < kShortest || place.bucket.size() > kLongest || !is_plain(place.bucket, ".-")) {
        fault(text::format("--bucket: '{}' is not the name of a bucket", place.bucket));
    }
    if (!is_plain(place.prefix, "/._-") || place.prefix.starts_with('/') || place.prefix.ends_with('/') ||
        place.prefix.find("//") != std::string::npos || place.prefix.find("..") != std::string::npos) {
        fault(text::format("--prefix: '{}' is not one: letters, digits, and / . _ - between them", place.prefix));
    }
    if (place.region.empty() || !is_plain(place.region, "-")) {
        fault(text::format("--region: '{}' is not the name of a region", place.region));
    }
    if (faults.empty()) { return {}; }
    return faults.to_error();
}

std::string folder_of(const Place& place, const Image& image) {
    constexpr std::size_t kDigits = 16;
    const auto name =
        is_plain(image.manifest.role, "._-") && !image.manifest.role.empty() ? image.manifest.role : "image";
    return text::format("{}{}{}/{}", place.prefix, place.prefix.empty() ? "" : "/", name,
                        image.digest.substr(0, kDigits));
}

std::string url_of(const Place& place, std::string_view key) {
    return text::format("{}/{}/{}", place.endpoint, place.bucket, key);
}

std::vector<std::string> files_of(const Image& image) {
    std::vector<std::string> files = {kDiskFile};
    const auto is_bill = [](const artefacts::ManifestFile& file) { return file.name == "sbom.spdx.json"; };
    if (std::ranges::any_of(image.manifest.files, is_bill)) { files.emplace_back("sbom.spdx.json"); }
    if (image.has_signature) { files.emplace_back(trust::kSignatureFile); }
    files.emplace_back("manifest.json");
    return files;
}

std::optional<std::string> element(std::string_view xml, std::string_view name) {
    const auto opening = text::format("<{}>", name);
    const auto begin = xml.find(opening);
    if (begin == std::string_view::npos) { return std::nullopt; }
    const auto end = xml.find(text::format("</{}>", name), begin);
    if (end == std::string_view::npos) { return std::nullopt; }
    auto content = std::string(xml.substr(begin + opening.size(), end - begin - opening.size()));
    content = text::replace_all(std::move(content), "&quot;", "\"");
    return text::replace_all(std::move(content), "&amp;", "&");
}

std::string render_parts(const std::vector<std::string>& etags) {
    std::string xml = "<CompleteMultipartUpload>";
    int number = 1;
    for (const auto& etag : etags) {
        xml += text::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", number++,
                            text::replace_all(etag, "\"", "&quot;"));
    }
    return xml + "</CompleteMultipartUpload>";
}

} // namespace ingot::builder::publish::s3
