// A Hetzner Cloud that is stricter than the real one: it knows only what its documentation names, and everything that
// a client should not do (an unknown field, a server that boots its own disk, a snapshot of a running server) is
// noted.
//
// Objects live through their states as there: what is asked for becomes an action, which takes its time and locks the
// server meanwhile. A fault can be put in the way of every call.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "common/json/json.hpp"
#include "tests/component/upload/fake_http.hpp"

namespace ingot::tests {

/// What the fake's servers are made of.
class Machines {
  public:
    virtual ~Machines() = default;
    /// The server begins to run the rescue system, which lets these keys in. Returns nothing until it is off again.
    virtual void boot_rescue(std::int64_t server, const std::vector<std::string>& public_keys) = 0;
    virtual void power_cut(std::int64_t server) = 0;
    /// True if the system inside has turned the machine off.
    virtual bool is_off(std::int64_t server) = 0;
    virtual std::string address(std::int64_t server) = 0;
    /// SHA-256 of the disk's first bytes, as a snapshot would have them.
    virtual std::string disk_digest() = 0;
};

enum class Mischief {
    refuse,       ///< the connection is closed, nothing is done
    lose_answer,  ///< it is done, and the connection closed
    server_error, ///< 500 in JSON, nothing is done
    bad_gateway,  ///< it is done, and the answer is a proxy's 502 in HTML
    hang,         ///< it is done, and no answer comes
    garbage,      ///< it is done, and the answer is no JSON
    locked,
    conflict,
    rate_limited,
    sold_out,
    forbidden,
    failing_action, ///< it is accepted, and its action fails
};

class FakeHetzner {
  public:
    explicit FakeHetzner(Machines& machines);
    ~FakeHetzner();
    FakeHetzner(const FakeHetzner&) = delete;
    FakeHetzner& operator=(const FakeHetzner&) = delete;
    FakeHetzner(FakeHetzner&&) = delete;
    FakeHetzner& operator=(FakeHetzner&&) = delete;

    [[nodiscard]] std::string endpoint() const;
    /// The operation ("POST /servers", numbers left out) when it comes for the `nth` time goes wrong, `times` times.
    void disturb(const std::string& operation, int nth, Mischief mischief, int times = 1);
    /// Like disturb(), from there on for every operation and for ever.
    void break_down_at(const std::string& operation, int nth);
    void repair();
    /// No server type is available, although listed so; of `locations` only, if any are named.
    void sell_out(std::set<std::string> locations);
    void use_ipv6_only_loopback() { ipv6_loopback_ = true; }

    [[nodiscard]] std::vector<std::string> operations() const; ///< in order, numbers left out
    [[nodiscard]] std::vector<std::string> faults() const;     ///< what a client must not do
    [[nodiscard]] std::size_t servers() const;
    [[nodiscard]] std::size_t keys() const;
    [[nodiscard]] std::vector<json::Json> snapshots() const;
    [[nodiscard]] std::string digest_of_snapshot() const;        ///< of the newest
    [[nodiscard]] std::vector<std::string> places_tried() const; ///< "cx23@fsn1"
    [[nodiscard]] std::size_t servers_at_once() const { return most_servers_; }
    /// A snapshot that was there before: role, age in days.
    void add_snapshot(const std::string& role, int days, bool is_protected = false, bool ours = true);
    static constexpr const char* kToken = "not-a-real-token-0123456789";

  private:
    struct Server {
        std::int64_t id = 0;
        std::string name, status, type, location;
        json::Json labels;
        bool rescue = false;
        std::vector<std::int64_t> keys;
        bool deleted = false;
    };
    struct Action {
        std::int64_t id = 0;
        std::string command;
        std::int64_t server = 0;
        std::chrono::steady_clock::time_point end;
        bool over = false, fails = false;
        std::function<void()> then;
    };
    struct Reply {
        int status = 200;
        json::Json body = json::Json::object();
    };
    struct Disturbance {
        std::string operation;
        int nth = 0;
        Mischief mischief{};
        int times = 1;
    };

    FakeAnswer answer(const FakeRequest& asked);
    Reply handle(const FakeRequest& request, std::optional<Mischief> mischief);
    Reply create_key(const json::Json& body);
    Reply create_server(const json::Json& body, bool action_fails);
    Reply act(std::int64_t id, const std::string& what, const json::Json& body, bool action_fails);
    Reply create_image(Server& server, const json::Json& body, bool action_fails);
    Reply get(const FakeRequest& request, const std::vector<std::string>& parts);
    Reply remove(const std::vector<std::string>& parts, bool action_fails);
    Reply page(const FakeRequest& request, const std::string& key, std::vector<json::Json> values);
    json::Json begin(const std::string& command, std::int64_t server, bool fails, std::function<void()> then);
    void advance();
    std::optional<Mischief> mischief_for(const std::string& operation);
    json::Json show(const Server& server) const;
    json::Json show(const Action& action) const;
    Server* server(std::int64_t id);
    bool is_locked(std::int64_t id) const;
    void fault(const std::string& text) { faults_.push_back(text); }

    Machines& machines_;
    std::atomic<bool> ipv6_loopback_ = false;
    mutable std::recursive_mutex mutex_;
    std::map<std::int64_t, Server> servers_;
    std::map<std::int64_t, Action> actions_;
    std::map<std::int64_t, json::Json> keys_;
    std::map<std::int64_t, json::Json> images_;
    std::string snapshot_digest_;
    std::int64_t next_id_ = 1000;
    std::vector<std::string> operations_, faults_, places_tried_;
    std::map<std::string, int> counts_;
    std::vector<Disturbance> disturbances_;
    std::optional<Disturbance> break_down_;
    bool broken_ = false;
    std::optional<std::set<std::string>> sold_out_;
    std::size_t most_servers_ = 0;
    std::jthread time_;            ///< actions end whether anybody asks or not
    std::optional<FakeHttp> http_; ///< the last to come and the first to go: its threads use all the others
};

/// Pure checks of fake_checks.cpp: what is wrong with a request; empty if nothing.
std::string fault_of_body(const json::Json& body, const std::map<std::string, std::string>& known,
                          const std::set<std::string>& required);
std::string fault_of_labels(const json::Json& labels);
bool selects(const std::string& selector, const json::Json& labels);
/// The body of an answer that refuses.
json::Json api_error(const std::string& code, const std::string& message);
std::string time_text(int days_ago = 0);
std::vector<json::Json> server_types();
std::vector<json::Json> system_images();

} // namespace ingot::tests
