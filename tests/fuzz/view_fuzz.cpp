// What a proxy, which may be stolen, sends to the agents of the etcd nodes, and what an agent sends back. The first
// line is the path.
#include <variant>

#include "firstboot/view/decide.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

using namespace ingot::firstboot::view;

/// Whatever was asked: what gets through stays in its bounds.
void check(const Question& judged) {
    using ingot::fuzz::require;
    const auto readable = [](const std::string& prefix) {
        return prefix.starts_with("/service/orders/") || prefix.starts_with("/ingot/orders/proxies/") ||
               prefix.starts_with("/ingot/orders/switchover/") || prefix == "/ingot/orders/backup/state";
    };
    const auto own = [](const std::string& key) {
        return key == "/ingot/orders/proxies/proxy-1" || key == "/ingot/orders/switchover/paused/proxy-1";
    };
    if (const auto* const list = std::get_if<List>(&judged)) { require(readable(list->prefix)); }
    if (const auto* const wait = std::get_if<Wait>(&judged)) {
        require(readable(wait->prefix) && wait->revision >= 0 && wait->patience <= kLongestWait);
    }
    if (const auto* const announce = std::get_if<Announce>(&judged)) {
        require(own(announce->key) && announce->value.size() <= 256);
    }
    if (const auto* const withdraw = std::get_if<Withdraw>(&judged)) { require(own(withdraw->key)); }
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ingot;
    const auto text = fuzz::text_of(data, size);
    const auto end = text.find('\n');
    const auto body = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (const auto question = question_from(text.substr(0, end), body)) {
        fuzz::require(question_from(path_of(*question), to_json_line(*question)) == *question);
        const Caller caller{.name = "proxy-1", .key_sha256 = "k", .addresses = {"10.0.0.31"}};
        if (const auto judged = judge("orders", caller, *question)) { check(*judged); }
    }
    if (const auto listing = listing_from_json(body)) {
        fuzz::require(listing_from_json(to_json_line(*listing)).has_value());
    }
    if (const auto members = members_from_json(body)) {
        fuzz::require(members_from_json(to_json_line(*members))->size() == members->size());
    }
    static_cast<void>(changed_from_json(body));
    return 0;
}
