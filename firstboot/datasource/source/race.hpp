// Asking one service at several addresses (IPv4, IPv6, each interface) and taking the first answer.
//
// The first address is asked at once; the others when it has failed, or after a moment without an answer. So the
// usual case costs one request, and a machine without IPv4 does not wait for IPv4's timeout.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "common/http/http.hpp"
#include "common/result/result.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot {

struct Answer {
    std::size_t index = 0; ///< of the request that was answered
    http::Response response{};
};

/// Any HTTP answer counts, of whatever status. If there is none: the error of the first request, with how many
/// addresses were asked. Bounded by the requests' own timeouts, twice at most.
Result<Answer> first_answer(const Environment& environment, const std::vector<http::Request>& requests,
                            std::chrono::milliseconds patience = std::chrono::milliseconds(250));

/// One question to one address. Every failure is transient, whatever the client calls it: who answers too much, or
/// with a certificate that is not valid yet (the clock may be wrong so early), may answer well later.
Result<http::Response> ask(http::HttpClient& http, const http::Request& request);

/// Names of the interfaces that are up and have a hardware address of ethernet, sorted; without "lo".
std::vector<std::string> ethernet_interfaces(const files::Root& root);

/// "HTTP 500", or with where a redirect leads.
std::string describe_status(const http::Response& response);
/// The sentence for an answer that is neither content nor "there is none".
std::string describe_answer(const std::string& url, const http::Response& response);

} // namespace ingot::firstboot
