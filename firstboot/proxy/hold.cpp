#include "firstboot/proxy/hold.hpp"

#include <algorithm>
#include <future>

#include "common/log/log.hpp"
#include "common/text/text.hpp"
#include "firstboot/proxy/console.hpp"

namespace ingot::firstboot::proxy {

namespace {

using namespace std::chrono_literals;

constexpr auto kTransactionsEnd = 6s; ///< how long transactions may take to end
constexpr auto kReadsEnd = 2s;        ///< queries on replicas: those that take longer are not waited for
constexpr auto kLook = 50ms;
constexpr auto kLookAtEtcd = 500ms;

std::set<Endpoint> leading(const Proxy& proxy) {
    std::set<Endpoint> found;
    const auto slots = observe_slots(proxy);
    if (!slots) { return found; }
    for (const auto& slot : *slots) {
        if (slot.backend == kBackends[0] && slot.open && slot.up && slot.endpoint) { found.insert(*slot.endpoint); }
    }
    return found;
}

} // namespace

HoldStep decide_hold(const HoldView& view) {
    if (!view.held) {
        const bool news = view.etcd_answers && view.requested && *view.requested != view.over;
        return news ? HoldStep::hold : HoldStep::none;
    }
    if (view.held_for >= kPauseTtl) { return HoldStep::release; }
    const bool withdrawn = view.etcd_answers && view.requested != view.held;
    if (withdrawn && !view.leading_now.empty()) { return HoldStep::release; }
    const bool same = std::ranges::any_of(view.leading_now,
                                          [&view](const Endpoint& each) { return view.led_before.contains(each); });
    return !view.leading_now.empty() && !same ? HoldStep::release : HoldStep::none;
}

void PoolHold::release() const {
    // "Not paused" is an answer, too: it is asked for more often than needed.
    for (const auto pool : {Pool::write, Pool::read}) {
        static_cast<void>(ask_pool(proxy_, pool, "RESUME", kReadsEnd));
    }
}

Status PoolHold::hold(const PauseRequest& request) {
    HoldView view{.held = request.id, .led_before = leading(proxy_)};
    const auto since = proxy_.environment.clock.monotonic();
    // Reads are held back as well, where that is quick: the replica that becomes the leader takes none any more.
    auto reads = std::async(std::launch::async, [this] { return ask_pool(proxy_, Pool::read, "PAUSE", kReadsEnd); });
    const auto writes = ask_pool(proxy_, Pool::write, "PAUSE", kTransactionsEnd);
    if (const auto paused = reads.get(); !paused) {
        static_cast<void>(ask_pool(proxy_, Pool::read, "RESUME", kReadsEnd));
    }
    over_ = request.id;
    if (!writes) { release(); }
    log::info(writes ? text::format("clients wait for a switchover by {}", request.by)
                     : text::format("a switchover by {}: transactions did not end within {} s, nobody is held back",
                                    request.by, kTransactionsEnd.count()));
    INGOT_TRY(answer_pause(*etcd_, proxy_.node.config.cluster,
                           {.proxy = proxy_.node.name, .id = request.id, .paused = writes.has_value()}),
              "answering");
    if (!writes) { return {}; }
    view.held_for =
        std::chrono::duration_cast<std::chrono::milliseconds>(proxy_.environment.clock.monotonic() - since);
    return wait_for_release(std::move(view));
}

Status PoolHold::wait_for_release(HoldView view) {
    auto& clock = proxy_.environment.clock;
    const auto begin = clock.monotonic() - view.held_for;
    auto looked = clock.monotonic();
    view.etcd_answers = true;
    view.requested = view.held;
    for (;;) {
        const auto now = clock.monotonic();
        view.held_for = std::chrono::duration_cast<std::chrono::milliseconds>(now - begin);
        view.leading_now = leading(proxy_);
        if (now - looked >= kLookAtEtcd) {
            looked = now;
            const auto board = read_pause_board(*etcd_, proxy_.node.config.cluster);
            view.etcd_answers = board.has_value();
            view.requested = board && board->request ? std::optional(board->request->id) : std::nullopt;
        }
        if (decide_hold(view) == HoldStep::release) { break; }
        clock.sleep(kLook);
    }
    release();
    log::info(text::format("clients go on after {} ms", view.held_for.count()));
    return withdraw_pause_answer(*etcd_, proxy_.node.config.cluster, proxy_.node.name);
}

Result<std::int64_t> PoolHold::look() {
    INGOT_ASSIGN(const auto board, read_pause_board(*etcd_, proxy_.node.config.cluster), "looking for a switchover");
    const HoldView view{.etcd_answers = true,
                        .requested = board.request ? std::optional(board.request->id) : std::nullopt,
                        .over = over_};
    if (decide_hold(view) == HoldStep::hold) {
        if (auto held = hold(*board.request); !held) {
            release();
            return std::move(held).error();
        }
    }
    return board.revision;
}

Status PoolHold::operator()() {
    if (!released_once_) {
        release(); // what an earlier run of the agent left paused
        released_once_ = true;
    }
    if (!etcd_) { etcd_ = proxy_.etcd(); }
    INGOT_ASSIGN(const auto revision, look(), "");
    INGOT_ASSIGN(const bool changed,
                 etcd_->wait_for_change(switchover_prefix(proxy_.node.config.cluster), revision, 5s),
                 "waiting for a switchover");
    if (changed) { INGOT_TRY(look(), ""); } // now, not when the duty's turn comes
    return {};
}

} // namespace ingot::firstboot::proxy
