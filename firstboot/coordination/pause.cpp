#include "firstboot/coordination/pause.hpp"

#include <algorithm>

#include "common/crypto/crypto.hpp"
#include "common/json/json.hpp"
#include "common/text/text.hpp"

namespace ingot::firstboot {

namespace {

constexpr std::string_view kPauseKey = "pause";
constexpr std::string_view kPausedPrefix = "paused/";
constexpr std::string_view kPaused = "paused";
constexpr std::string_view kBusy = "busy";

Result<std::vector<std::string>> registered_proxies(EtcdSession& etcd, std::string_view cluster) {
    const auto prefix = proxies_prefix(cluster);
    INGOT_ASSIGN(const auto listing, etcd->list(prefix), "listing the proxies");
    std::vector<std::string> names;
    for (const auto& entry : listing.entries) { names.push_back(entry.key.substr(prefix.size())); }
    return names;
}

} // namespace

std::string proxies_prefix(std::string_view cluster) { return ingot_key(cluster, "proxies/"); }
std::string switchover_prefix(std::string_view cluster) { return ingot_key(cluster, "switchover/"); }

PauseBoard pause_board_from(std::string_view cluster, const Listing& listing) {
    PauseBoard board{.revision = listing.revision};
    const auto prefix = switchover_prefix(cluster);
    for (const auto& entry : listing.entries) {
        if (!entry.key.starts_with(prefix)) { continue; }
        const auto name = std::string_view(entry.key).substr(prefix.size());
        const auto value = json::parse(entry.value);
        const auto id = value ? json::string_at(*value, "id") : std::nullopt;
        if (!id || id->empty()) { continue; }
        if (name == kPauseKey) {
            board.request = {.id = *id, .by = json::string_at(*value, "by").value_or("")};
        } else if (name.starts_with(kPausedPrefix)) {
            board.answers.push_back({.proxy = std::string(name.substr(kPausedPrefix.size())),
                                     .id = *id,
                                     .paused = json::string_at(*value, "state") == kPaused});
        }
    }
    return board;
}

Result<PauseBoard> read_pause_board(EtcdView& etcd, std::string_view cluster) {
    INGOT_ASSIGN(const auto listing, etcd.list(switchover_prefix(cluster)), "");
    return pause_board_from(cluster, listing);
}

std::string pause_answer_key(std::string_view cluster, std::string_view proxy) {
    return text::format("{}{}{}", switchover_prefix(cluster), kPausedPrefix, proxy);
}

std::string to_json_line(const PauseAnswer& answer) {
    return json::to_line({{"id", answer.id}, {"state", answer.paused ? kPaused : kBusy}});
}

Result<PauseAnswer> pause_answer_from_json(std::string_view proxy, std::string_view text) {
    constexpr std::size_t kLongestId = 64;
    INGOT_ASSIGN(const auto object, json::parse(text), "reading a proxy's answer");
    const auto id = json::string_at(object, "id").value_or("");
    const auto state = json::string_at(object, "state").value_or("");
    if (id.empty() || id.size() > kLongestId || (state != kPaused && state != kBusy)) {
        return fail(ErrorKind::invalid_input, "this is no answer to a switchover");
    }
    return PauseAnswer{.proxy = std::string(proxy), .id = id, .paused = state == kPaused};
}

Status answer_pause(EtcdView& etcd, std::string_view cluster, const PauseAnswer& answer) {
    return etcd.announce(pause_answer_key(cluster, answer.proxy), to_json_line(answer));
}

Status withdraw_pause_answer(EtcdView& etcd, std::string_view cluster, std::string_view proxy) {
    return etcd.withdraw(pause_answer_key(cluster, proxy));
}

PauseTally tally(const PauseBoard& board, const std::string& id, const std::vector<std::string>& proxies) {
    PauseTally result;
    for (const auto& proxy : proxies) {
        const auto answer = std::ranges::find_if(
            board.answers, [&](const PauseAnswer& each) { return each.proxy == proxy && each.id == id; });
        if (answer == board.answers.end()) {
            result.silent.push_back(proxy);
        } else if (!answer->paused) {
            result.busy.push_back(proxy);
        }
    }
    return result;
}

Result<ClientPause> ClientPause::begin(EtcdSession& etcd, std::string_view cluster, std::string_view node,
                                       std::chrono::milliseconds patience) {
    using Clock = std::chrono::steady_clock;
    constexpr std::size_t kIdBytes = 8;
    const auto id = crypto::hex_encode(crypto::random_bytes(kIdBytes));
    INGOT_ASSIGN(const auto proxies, registered_proxies(etcd, cluster), "");
    INGOT_ASSIGN(auto lock,
                 LeaseLock::acquire(*etcd, switchover_prefix(cluster) + std::string(kPauseKey),
                                    json::to_line({{"id", id}, {"by", node}}), kPauseTtl),
                 "asking the proxies to hold clients back");
    ClientPause pause(std::move(lock));
    const auto deadline = Clock::now() + patience;
    for (;;) {
        INGOT_ASSIGN(const auto board, read_pause_board(*etcd, cluster), "");
        pause.tally = firstboot::tally(board, id, proxies);
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
        if (pause.tally.silent.empty() || left.count() <= 0) { return pause; }
        INGOT_TRY(etcd->wait_for_change(switchover_prefix(cluster), board.revision, left), "waiting for the proxies");
    }
}

} // namespace ingot::firstboot
