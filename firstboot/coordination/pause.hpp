// The agreement between a node that makes a planned switchover and the proxies: clients wait, none fails.
//
//   /ingot/<cluster>/switchover/pause           {"id","by"}           under the initiator's lease
//   /ingot/<cluster>/switchover/paused/<proxy>  {"id","state"}        under the proxy's lease
//   /ingot/<cluster>/proxies/<proxy>            the proxy's address   under the proxy's lease
//
// The initiator creates the first key, which only one can do at a time. Each proxy lets transactions end, holds new
// ones back and writes "paused", or "busy" if transactions did not end in time (then it holds nothing back any more).
// When all registered proxies have answered, the initiator switches over.
//
// SAFETY: clients are never held back for long, whoever dies.
//   - The initiator's lease is never renewed: the first key is gone after kPauseTtl at the latest.
//   - A proxy goes on when the key is gone, when another server leads, or after kPauseTtl by its own clock, be etcd
//   there
//     or not; and its agent, when it starts, lets a pool go on that an earlier run left paused.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "firstboot/coordination/session.hpp"

namespace ingot::firstboot {

inline constexpr std::chrono::seconds kPauseTtl{15};

std::string proxies_prefix(std::string_view cluster);
std::string switchover_prefix(std::string_view cluster);

struct PauseRequest {
    std::string id;
    std::string by; ///< node
};

struct PauseAnswer {
    std::string proxy;
    std::string id;
    bool paused = false; ///< else busy
};

/// All that stands under switchover_prefix().
struct PauseBoard {
    std::optional<PauseRequest> request{};
    std::vector<PauseAnswer> answers{};
    std::int64_t revision = 0;
};
Result<PauseBoard> read_pause_board(EtcdView& etcd, std::string_view cluster);
/// The parsing of read_pause_board(): what cannot be understood is left out.
PauseBoard pause_board_from(std::string_view cluster, const Listing& listing);

/// Where a proxy's answer stands, and what stands there.
std::string pause_answer_key(std::string_view cluster, std::string_view proxy);
std::string to_json_line(const PauseAnswer& answer);
/// invalid_input if it is not what to_json_line() writes.
Result<PauseAnswer> pause_answer_from_json(std::string_view proxy, std::string_view text);

/// A proxy's answer, under a lease of its own.
Status answer_pause(EtcdView& etcd, std::string_view cluster, const PauseAnswer& answer);
Status withdraw_pause_answer(EtcdView& etcd, std::string_view cluster, std::string_view proxy);

/// Where the proxies stand.
struct PauseTally {
    std::vector<std::string> silent{}; ///< have not answered yet
    std::vector<std::string> busy{};   ///< have transactions that did not end
    [[nodiscard]] bool complete() const { return silent.empty() && busy.empty(); }
};
/// `proxies`: the registered ones.
PauseTally tally(const PauseBoard& board, const std::string& id, const std::vector<std::string>& proxies);

/// The initiator's side. While the object lives, and kPauseTtl at most, the proxies hold clients back.
class ClientPause {
  public:
    /// Asks all proxies and waits until each has answered, `patience` at most. transient if another switchover is
    /// under way. Whether all are paused, the caller sees in `tally`.
    static Result<ClientPause> begin(EtcdSession& etcd, std::string_view cluster, std::string_view node,
                                     std::chrono::milliseconds patience);

    PauseTally tally{};

  private:
    explicit ClientPause(LeaseLock lock) : lock_(std::move(lock)) {}
    LeaseLock lock_;
};

} // namespace ingot::firstboot
