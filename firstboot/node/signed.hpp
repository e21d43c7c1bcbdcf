// An image with a key takes only signed user-data (cloud-init/signature says how and why).
//
// RULES, where /usr/lib/ingot/user-data.pub exists:
// A. User-data counts only if one of the file's keys signed it; what it includes from an address, the same.
// B. What the provider says without a signature and what would make somebody root is left out: vendor-data and the
//    ssh keys of the metadata. Host name and network stay: a machine needs them to be one.
// C. A file that is no key refuses everything. It must not be the way around.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/files/files.hpp"
#include "firstboot/node/node.hpp"

namespace ingot::firstboot {

using PublicKeys = std::vector<std::string>;

/// The keys of the image; nothing if it has none. refused for a file that holds something else.
Result<std::optional<PublicKeys>> user_data_keys(const files::Root& root);

/// Rule B. Returns what was left out, as sentences.
std::vector<std::string> leave_out_unsigned(Metadata& metadata);

/// Rule A: the text that was signed, decompressed. refused if it was not signed by one of the keys.
Result<std::string> signed_text(std::string_view text, const PublicKeys& keys, std::string_view beside = {});

} // namespace ingot::firstboot
