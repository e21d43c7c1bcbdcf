// The text forms that datasources share. Pure.
#pragma once

#include <string>
#include <string_view>

#include "common/document/document.hpp"
#include "common/result/result.hpp"
#include "firstboot/node/node.hpp"

namespace ingot::firstboot {

/// Metadata in YAML: instance-id, local-hostname or hostname, public-keys in any of its forms. `document` is what
/// was read, for the keys that only one datasource has. `what` names it in messages.
struct MetadataDocument {
    Metadata metadata;
    document::Value document;
};
Result<MetadataDocument> parse_metadata(std::string_view text, std::string_view what);

/// Adds the keys of a text (one a line), a list or a mapping of them.
void add_public_keys(const document::Value& value, std::vector<std::string>& keys);

/// User-data as it was meant: one base64 text is decoded if the result is recognisable (gzip, MIME, a known first
/// line), with or without line ends in it; all else is as it is. "test" is base64, too, and not meant as such.
std::string decode_user_data(std::string user_data);

} // namespace ingot::firstboot
