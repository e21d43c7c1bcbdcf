// Addresses, as far as a downloader needs to understand them. Pure.
#pragma once

#include <string>
#include <string_view>

#include "common/result/result.hpp"

namespace ingot::installer {

struct Url {
    bool tls = false;
    std::string host{}; ///< without the brackets of IPv6
    std::string port{};
    std::string target{}; ///< path and query: "/images/db/disk.raw.zst"

    [[nodiscard]] std::string to_string() const;
    /// What the header Host says.
    [[nodiscard]] std::string authority() const;
    bool operator==(const Url&) const = default;
};

/// http:// or https://; invalid_input otherwise, also for one with a user name in it or a space.
Result<Url> parse_url(std::string_view text);

/// The address of `name` in the folder of `base`: what comes after its last slash does not count.
Result<Url> beside(std::string_view base, std::string_view name);

/// Where a redirection leads: absolute, or another path on the same server.
Result<Url> redirected(const Url& from, std::string_view location);

} // namespace ingot::installer
