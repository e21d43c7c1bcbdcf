// Names of objects and what is read off answers. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "builder/publish/image.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::publish::s3 {

/// Where objects go.
struct Place {
    std::string endpoint{}; ///< "https://fsn1.your-objectstorage.com"
    std::string region = "us-east-1";
    std::string bucket{};
    std::string prefix{}; ///< "images"; empty: none
};

/// Everything that is wrong with it, at once: names are put into URLs and signatures, so nothing that would need
/// escaping.
Status check(const Place& place);

/// "images/db/0123456789abcdef": the manifest's hash is in it, so an image never changes under its address.
std::string folder_of(const Place& place, const Image& image);

/// "https://…/bucket/key"
std::string url_of(const Place& place, std::string_view key);

/// What is uploaded, in this order: who finds the manifest finds all that it names.
std::vector<std::string> files_of(const Image& image);

/// The text of the first element of that name in an XML answer.
std::optional<std::string> element(std::string_view xml, std::string_view name);

/// The body of CompleteMultipartUpload for parts 1, 2, … with these ETags.
std::string render_parts(const std::vector<std::string>& etags);

} // namespace ingot::builder::publish::s3
