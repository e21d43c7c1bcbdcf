// Where packages come from: the Debian archive as this machine's own apt is configured for it.
//
// Of everything that stands in /etc/apt, only the entries of the Debian archive itself are taken over (mirror and
// key), with the suite exchanged. Other repositories of the build machine have no business in an image.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/result/result.hpp"

namespace ingot::builder::packages {

/// One entry of an apt configuration, whatever syntax it was written in.
struct SourceEntry {
    std::vector<std::string> uris{};
    std::vector<std::string> suites{};
    std::vector<std::string> components{};
    std::string signed_by{}; ///< key file; empty: whatever the machine trusts
    std::string name{};      ///< by which a lock knows it: debian, debian-security, or as the spec calls it

    bool operator==(const SourceEntry&) const = default;
};

/// The binary-package entries of a sources.list ("deb [signed-by=…] URI suite component…"). Lines that make no
/// sense are skipped: they are apt's to complain about.
std::vector<SourceEntry> parse_one_line_sources(std::string_view text);
/// The enabled binary-package stanzas of a *.sources file (deb822).
std::vector<SourceEntry> parse_deb822_sources(std::string_view text);
/// Deb822 text for apt.
std::string render_sources(const std::vector<SourceEntry>& entries);

/// The Debian archive of this machine.
struct Mirrors {
    std::string main{};      ///< URI of the archive; empty: the machine knows none
    std::string security{};  ///< URI of the security archive
    std::string signed_by{}; ///< key file
};

/// Picks the Debian archive out of all entries of a machine. An entry counts if it has component main, its suite is
/// a Debian suite, and it is signed by the Debian keyring or, when it names no key, lies where Debian lies
/// (*.debian.org, or a path that ends in /debian). Without an entry for security updates, the sibling
/// …/debian-security of the archive is assumed.
Mirrors debian_mirrors(const std::vector<SourceEntry>& entries);

/// The mirror a person gave instead: URI of the archive; its security archive is the sibling as above.
Mirrors given_mirror(std::string_view uri);

/// Entries for one suite: itself, its updates, its security updates (sid has neither).
std::vector<SourceEntry> sources_for(std::string_view suite, const Mirrors& mirrors,
                                     const std::vector<std::string>& components = {"main"});

} // namespace ingot::builder::packages
