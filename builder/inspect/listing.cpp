#include "builder/inspect/listing.hpp"

#include <algorithm>

namespace ingot::builder::inspect {

std::string_view to_string(Kind kind) {
    switch (kind) {
    case Kind::file: return "file";
    case Kind::directory: return "directory";
    case Kind::link: return "link";
    case Kind::device: return "device";
    case Kind::other: return "other";
    }
    return "other";
}

const Entry* Listing::find(std::string_view path) const {
    const auto at = std::ranges::lower_bound(entries, path, {}, &Entry::path);
    return at != entries.end() && at->path == path ? &*at : nullptr;
}

std::string_view Listing::content(std::string_view path) const {
    const auto at = contents.find(path);
    return at == contents.end() ? std::string_view() : std::string_view(at->second);
}

} // namespace ingot::builder::inspect
