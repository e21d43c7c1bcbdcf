// MIME messages, as far as user-data uses them: headers, multipart, transfer encodings.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/result/result.hpp"

namespace ingot::cloud_init {

/// One leaf of a message: what is no multipart, decoded.
struct MimePart {
    std::string type = "text/plain"; ///< lower case, without parameters
    std::string filename{};          ///< of Content-Disposition (or Content-Type's name); empty if there is none
    std::string content{};
    std::map<std::string, std::string> headers{}; ///< names in lower case, unfolded
};

/// True if a text says "MIME-Version:" near its beginning, which is how cloud-init tells.
bool is_mime(std::string_view text);

/// The leaves of a message in order. invalid_input for a multipart without its boundary, an encoding that is not
/// known or does not decode; refused beyond 8 levels or 256 parts.
Result<std::vector<MimePart>> parse_mime(std::string_view message);

} // namespace ingot::cloud_init
