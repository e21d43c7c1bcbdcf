// The API as calls that wait, repeat and look, so that those who use it see only success or a reason.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "builder/publish/hetzner/answer.hpp"
#include "builder/publish/hetzner/wire.hpp"
#include "builder/publish/stop.hpp"
#include "common/clock/clock.hpp"
#include "common/crypto/crypto.hpp"
#include "common/http/signed.hpp"
#include "common/json/json.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::publish::hetzner {

inline constexpr const char* kEndpoint = "https://api.hetzner.cloud/v1";

/// How patient to be. Tests are less so.
struct Pace {
    std::chrono::milliseconds request = std::chrono::seconds(30); ///< for one answer
    std::chrono::milliseconds backoff = std::chrono::seconds(1);
    std::chrono::milliseconds backoff_most = std::chrono::seconds(30);
    std::chrono::milliseconds call = std::chrono::minutes(5); ///< for one call with all its repetitions
    std::chrono::milliseconds poll = std::chrono::seconds(1);
    std::chrono::milliseconds poll_most = std::chrono::seconds(5);
    std::chrono::milliseconds action = std::chrono::minutes(10);
    std::chrono::milliseconds snapshot = std::chrono::minutes(60);
    std::chrono::milliseconds stock = std::chrono::seconds(30); ///< between rounds when everything is sold out
    std::chrono::milliseconds ssh = std::chrono::minutes(5);    ///< from power-on to the first login
    std::chrono::milliseconds ssh_retry = std::chrono::seconds(2);
    std::chrono::milliseconds power_off = std::chrono::minutes(1);
};

/// Where the API is and who asks.
struct Account {
    std::string endpoint = kEndpoint;
    crypto::Secret token;
};

/// refused if a token would go over a line that others can read: http to anywhere but this machine.
Status check_endpoint(std::string_view endpoint);

/// What all threads of a run know about the rate limit: once it is reached, all hold back.
class RateLimit {
  public:
    void hold_until(std::chrono::steady_clock::time_point time);
    [[nodiscard]] std::chrono::milliseconds to_wait() const;

  private:
    mutable std::mutex mutex_;
    std::chrono::steady_clock::time_point until_{};
};

/// One object per thread.
class Api {
  public:
    Api(const Account& account, const Pace& pace, RateLimit& limit, clock::Clock& clock, const Stop& stop)
        : account_(account), pace_(pace), limit_(limit), clock_(clock), stop_(&stop) {}

    /// From now on another one decides whether to go on: the clean-up goes on although an end was asked for.
    void obey(const Stop& stop) { stop_ = &stop; }

    /// What may be sent as often as one likes: GET and DELETE. Repeats until the answer is good or hopeless.
    Result<json::Json> ask(std::string_view method, const std::string& path);

    /// All pages of a list: the members of `key`.
    Result<std::vector<json::Json>> list(const std::string& path, std::string_view key);

    /// What must not happen twice: repeats only what was not carried out; when that is not clear, looks first, with
    /// `look`, whether it was. Returns the answer, or what `look` found. Taken is returned as an answer, and so is
    /// sold out if the caller has something else to try; otherwise it is waited for.
    using Look = std::function<Result<std::optional<json::Json>>()>;
    enum class SoldOut { wait, tell };
    Result<Answer> make(const std::string& path, const json::Json& body, const Look& look,
                        SoldOut sold_out = SoldOut::wait);

    /// Waits for the end of an action; its failure is an error with its code, transient.
    Result<Action> wait_for(Action action, std::chrono::milliseconds patience,
                            const std::function<void(int percent)>& tell = {});
    /// The same for the "action" of an answer, if it has one.
    Status wait_for_action_in(const json::Json& answer);

    /// The server; nothing if it does not exist (any more).
    Result<std::optional<Server>> server(Id id);

    [[nodiscard]] const Pace& pace() const { return pace_; }
    [[nodiscard]] const Stop& stop() const { return *stop_; }
    [[nodiscard]] clock::WallTime now() const { return clock_.now(); }
    /// Sleeps; refused if an end is asked for meanwhile.
    Status pause(std::chrono::milliseconds duration) const;

  private:
    Answer send(std::string_view method, const std::string& path, const std::string& body);
    Status wait_before(int attempt, const Answer& last, std::chrono::steady_clock::time_point deadline);

    const Account& account_;
    const Pace& pace_;
    RateLimit& limit_;
    clock::Clock& clock_;
    const Stop* stop_;
    http::InternetClient http_;
};

} // namespace ingot::builder::publish::hetzner
