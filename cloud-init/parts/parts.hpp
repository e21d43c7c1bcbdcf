// User-data as it arrives: gzip, MIME multi-part, archive, #include, or one text. Taken apart into the parts that
// mean something by themselves, each with its kind, as cloud-init tells them apart.
//
// Everything is bounded: 16 MiB for what a gzip grows into, 256 parts, 8 levels, 32 addresses included. What cannot
// be done here (Python part-handlers, jinja, JSON patches) is a fault: a node that ran without a part that somebody
// wrote for it would be worse than one that says so.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result/result.hpp"

namespace ingot::cloud_init {

enum class PartKind {
    cloud_config,
    script,              ///< #!: once per instance, after everything else
    boothook,            ///< every boot, early
    script_per_boot,     ///< every boot, late
    script_per_instance, ///< once per instance, late
    script_per_once,     ///< once on this disk
};

struct Part {
    PartKind kind = PartKind::cloud_config;
    std::string name;         ///< file name: "part-001", or what the part says
    std::string content;      ///< decoded, decompressed
    std::string merge_header; ///< Merge-Type of the part's headers
};

/// Reads what an #include names. Without one (on a workstation) includes are left out, with a warning.
using Fetch = std::function<Result<std::string>(const std::string& url)>;

struct Parts {
    std::vector<Part> parts{};
    std::vector<std::string> warnings{};
    /// Set if an include could not be fetched: time may heal it.
    std::optional<Error> unfetched{};
};

/// The parts of a text, in order. Faults name `file`, and the part where there are several. An empty text has none.
Parts take_apart(std::string_view text, const std::string& file, const Fetch& fetch, Faults& faults);

/// True if a text could be user-data by its first bytes; what `ingot check` tells kinds of files apart by.
bool looks_like_user_data(std::string_view text);

} // namespace ingot::cloud_init
