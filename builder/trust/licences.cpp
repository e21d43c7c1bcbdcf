#include "builder/trust/licences.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <system_error>

#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::trust {

namespace {

namespace fs = std::filesystem;

struct Known {
    std::string_view debian;
    std::string_view spdx;
};

/// Debian's short names (copyright-format 1.0) that mean one SPDX licence exactly. Not here on purpose: "BSD", "GPL",
/// "public-domain", "other" and whatever a maintainer coined.
constexpr std::array kNames = {
    Known{"apache-2.0", "Apache-2.0"},
    Known{"artistic-2.0", "Artistic-2.0"},
    Known{"bsd-2-clause", "BSD-2-Clause"},
    Known{"bsd-3-clause", "BSD-3-Clause"},
    Known{"bsd-4-clause", "BSD-4-Clause"},
    Known{"bsl-1.0", "BSL-1.0"},
    Known{"cc0-1.0", "CC0-1.0"},
    Known{"curl", "curl"},
    Known{"expat", "MIT"},
    Known{"gpl-1", "GPL-1.0-only"},
    Known{"gpl-1+", "GPL-1.0-or-later"},
    Known{"gpl-2", "GPL-2.0-only"},
    Known{"gpl-2+", "GPL-2.0-or-later"},
    Known{"gpl-3", "GPL-3.0-only"},
    Known{"gpl-3+", "GPL-3.0-or-later"},
    Known{"agpl-3", "AGPL-3.0-only"},
    Known{"agpl-3+", "AGPL-3.0-or-later"},
    Known{"gfdl-1.3", "GFDL-1.3-only"},
    Known{"gfdl-1.3+", "GFDL-1.3-or-later"},
    Known{"isc", "ISC"},
    Known{"lgpl-2", "LGPL-2.0-only"},
    Known{"lgpl-2+", "LGPL-2.0-or-later"},
    Known{"lgpl-2.1", "LGPL-2.1-only"},
    Known{"lgpl-2.1+", "LGPL-2.1-or-later"},
    Known{"lgpl-3", "LGPL-3.0-only"},
    Known{"lgpl-3+", "LGPL-3.0-or-later"},
    Known{"mpl-1.1", "MPL-1.1"},
    Known{"mpl-2.0", "MPL-2.0"},
    Known{"openssl", "OpenSSL"},
    Known{"postgresql", "PostgreSQL"},
    Known{"psf-2", "PSF-2.0"},
    Known{"python-2.0", "Python-2.0"},
    Known{"unicode", "Unicode-DFS-2016"},
    Known{"zlib", "Zlib"},
};

std::string_view spdx_of(std::string_view debian) {
    auto name = text::lower(debian);
    // "GPL-2.0+" and "GPL-2+" are the same.
    if (const auto zero = name.find(".0"); zero != std::string::npos && name.find("gpl-") != std::string::npos) {
        name.erase(zero, 2);
    }
    const auto found = std::ranges::find(kNames, std::string_view(name), &Known::debian);
    return found == kNames.end() ? std::string_view() : found->spdx;
}

/// "GPL-2+ or Artistic-2.0, and Expat" → "(GPL-2.0-or-later OR Artistic-2.0)" and "MIT". Nothing if one name is
/// unknown.
std::optional<std::vector<std::string>> terms_of(std::string_view line) {
    const bool mixed = line.find(" or ") != std::string_view::npos && line.find(" and ") != std::string_view::npos;
    if (mixed && line.find(", and ") == std::string_view::npos) { return std::nullopt; } // "and" would bind tighter
    std::vector<std::string> all;
    for (const auto& group : text::split(text::replace_all(std::string(line), " and ", ","), ',')) {
        if (text::trim(group).empty()) { continue; }
        std::vector<std::string> any;
        for (const auto& name : text::split(text::replace_all(group, " or ", "|"), '|')) {
            const auto spdx = spdx_of(text::trim(name));
            if (spdx.empty()) { return std::nullopt; }
            any.emplace_back(spdx);
        }
        all.push_back(any.size() == 1 ? any.front() : "(" + text::join(any, " OR ") + ")");
    }
    if (all.empty()) { return std::nullopt; }
    return all;
}

} // namespace

Licence licence_of(std::string_view copyright) {
    Licence licence;
    std::set<std::string> expressions;
    std::set<std::string> named;
    bool readable = true;
    bool format = false;
    bool files_stanza = false;
    for (const auto& line : text::lines(copyright)) {
        const auto lowered = text::lower(line);
        if (text::trim(line).empty()) {
            files_stanza = false;
        } else if (lowered.starts_with("format:")) {
            format =
                lowered.find("copyright-format") != std::string::npos || lowered.find("dep5") != std::string::npos;
        } else if (lowered.starts_with("files:")) {
            files_stanza = true;
        } else if (lowered.starts_with("license:") && files_stanza) {
            const auto name = std::string(text::trim(std::string_view(line).substr(8)));
            if (name.empty()) { continue; }
            named.insert(name);
            if (const auto terms = terms_of(name)) {
                expressions.insert(terms->begin(), terms->end());
            } else {
                readable = false;
            }
        }
    }
    if (!format) { return licence; }
    licence.named.assign(named.begin(), named.end());
    if (!readable || expressions.empty()) { return licence; }
    const std::vector<std::string> list(expressions.begin(), expressions.end());
    licence.expression = text::join(list, " AND ");
    return licence;
}

std::string copyright_of(const fs::path& root, std::string_view package) {
    const auto documents = root / "usr/share/doc";
    auto folder = documents / package;
    std::error_code problem;
    if (fs::is_symlink(folder, problem)) {
        const auto target = fs::read_symlink(folder, problem).string();
        if (problem || target.find('/') != std::string::npos || target.starts_with('.')) { return {}; }
        folder = documents / target;
        if (fs::is_symlink(folder, problem)) { return {}; }
    }
    const auto file = folder / "copyright";
    if (!fs::is_regular_file(fs::symlink_status(file, problem))) { return {}; }
    return files::read(file).value_or("");
}

} // namespace ingot::builder::trust
