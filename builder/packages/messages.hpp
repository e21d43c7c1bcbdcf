// What apt says and is configured with, as text in, values out.
#pragma once

#include <string>
#include <string_view>

#include "common/result/result.hpp"

namespace ingot::builder::packages {

/// How to reach the network, out of what `apt-config dump` prints: proxies, timeouts, retries, address family, and
/// how old an index may be. Settings that weaken verification (of peers or signatures) are not taken over.
std::string acquire_settings(std::string_view dump);

/// What a failed apt-get means: nobody signed it → refused; no answer → transient; no such package, or packages that
/// do not go together → invalid_input. The message is apt's own, without its prefixes and repetitions.
Error explain_failure(std::string_view doing, std::string_view said);

/// Why apt's downloader did not bring `uri`: not_found, refused (other bytes than its hash asks for) or transient.
Error fetch_failure(std::string_view said, std::string_view uri);

/// The package of "Unable to locate package X" and its kin; empty if the text speaks of none.
std::string package_in_question(std::string_view said);

} // namespace ingot::builder::packages
