// What an answer of the API means for whoever asked. Pure: the table of retries.
//
// The question behind it: may the request have been carried out? "locked" and "rate_limit_exceeded" say no, so it is
// sent again. A timeout, a broken connection or a 5xx say nothing; what was to be made may be there now, so a create
// looks before it asks again: two servers where one was meant cost money, and one of them nobody would know.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "common/clock/clock.hpp"
#include "common/http/http.hpp"
#include "common/json/json.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::publish::hetzner {

enum class Verdict {
    good,
    again,        ///< not carried out; the same request may work later
    unclear,      ///< may or may not have been carried out
    out_of_stock, ///< not here, not now: another type or location may do
    taken,        ///< something with that name is there
    gone,         ///< what it was about does not exist
    hopeless,     ///< a person has to change something
};

struct Answer {
    Verdict verdict = Verdict::hopeless;
    std::string code{};                              ///< the API's, or "http_503"
    std::string message{};                           ///< for people
    std::optional<std::chrono::milliseconds> wait{}; ///< said by the API
    json::Json body{};
    [[nodiscard]] Error to_error() const;
};

Answer judge(const Result<http::Response>& response, clock::WallTime now);

/// How long to wait before attempt `attempt` (from 1): doubles up to `most`, and up to a half less by `jitter`
/// (0..1), so that many do not come back at once. Not before the API's own word.
std::chrono::milliseconds backoff(int attempt, std::chrono::milliseconds first, std::chrono::milliseconds most,
                                  double jitter, const std::optional<std::chrono::milliseconds>& said);

} // namespace ingot::builder::publish::hetzner
