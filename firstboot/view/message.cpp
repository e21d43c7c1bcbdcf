#include "firstboot/view/message.hpp"

#include <algorithm>

#include "common/crypto/crypto.hpp"
#include "common/json/json.hpp"
#include "common/text/text.hpp"
#include "firstboot/coordination/gateway.hpp"

namespace ingot::firstboot::view {

namespace {

using json::Json;

/// "…, in which case?" for a variant.
template <typename... Cases>
struct Overloaded : Cases... {
    using Cases::operator()...;
};

Result<std::string> key_at(const Json& object, std::string_view name) {
    constexpr std::size_t kLongest = 256;
    auto key = json::string_at(object, name).value_or("");
    const bool printable = std::ranges::all_of(key, [](char letter) { return letter > ' ' && letter <= '~'; });
    if (key.empty() || key.size() > kLongest || !printable) {
        return fail(ErrorKind::invalid_input, text::format("'{}' is no key", name));
    }
    return key;
}

Result<Question> wait_from(const Json& object) {
    INGOT_ASSIGN(auto prefix, key_at(object, "prefix"), "");
    const auto revision = json::number_at(object, "revision");
    const auto patience = json::number_at(object, "milliseconds");
    if (!revision || *revision < 0 || !patience || *patience < 0) {
        return fail(ErrorKind::invalid_input, "since which revision, and how long?");
    }
    const auto longest = std::chrono::duration_cast<std::chrono::milliseconds>(kLongestWait).count();
    return Wait{.prefix = std::move(prefix),
                .revision = *revision,
                .patience = std::chrono::milliseconds(std::min<std::int64_t>(*patience, longest))};
}

Result<Question> announce_from(const Json& object) {
    constexpr std::size_t kLongest = 256;
    INGOT_ASSIGN(auto key, key_at(object, "key"), "");
    auto value = json::string_at(object, "value").value_or("");
    if (value.empty() || value.size() > kLongest) {
        return fail(ErrorKind::invalid_input, "a value of 1 to 256 bytes is wanted");
    }
    return Announce{.key = std::move(key), .value = std::move(value)};
}

Result<Json> list_in(std::string_view text, std::string_view name) {
    INGOT_ASSIGN(const auto object, json::parse(text), "reading an answer");
    auto list = json::member(object, name);
    if (!list.is_array()) { return fail(ErrorKind::invalid_input, text::format("an answer without '{}'", name)); }
    return list;
}

} // namespace

std::string path_of(const Question& question) {
    return std::visit(Overloaded{[](const List&) { return "/v1/list"; }, [](const Wait&) { return "/v1/wait"; },
                                 [](const Members&) { return "/v1/members"; },
                                 [](const Announce&) { return "/v1/announce"; },
                                 [](const Withdraw&) { return "/v1/withdraw"; }},
                      question);
}

std::string to_json_line(const Question& question) {
    const auto object = std::visit(
        Overloaded{[](const List& list) { return Json{{"prefix", list.prefix}}; },
                   [](const Wait& wait) {
                       return Json{{"prefix", wait.prefix},
                                   {"revision", wait.revision},
                                   {"milliseconds", wait.patience.count()}};
                   },
                   [](const Members&) { return Json::object(); },
                   [](const Announce& announce) { return Json{{"key", announce.key}, {"value", announce.value}}; },
                   [](const Withdraw& withdraw) { return Json{{"key", withdraw.key}}; }},
        question);
    return json::to_line(object);
}

Result<Question> question_from(std::string_view path, std::string_view body) {
    const auto object = json::parse(body);
    if (!object || !object->is_object()) { return fail(ErrorKind::invalid_input, "a JSON object is wanted"); }
    if (path == path_of(List{})) {
        INGOT_ASSIGN(auto prefix, key_at(*object, "prefix"), "");
        return List{.prefix = std::move(prefix)};
    }
    if (path == path_of(Wait{})) { return wait_from(*object); }
    if (path == path_of(Members{})) { return Members{}; }
    if (path == path_of(Announce{})) { return announce_from(*object); }
    if (path == path_of(Withdraw{})) {
        INGOT_ASSIGN(auto key, key_at(*object, "key"), "");
        return Withdraw{.key = std::move(key)};
    }
    return fail(ErrorKind::not_found, "there is nothing here");
}

std::string to_json_line(const Listing& listing) {
    Json entries = Json::array();
    for (const auto& entry : listing.entries) {
        // As base64: what a database says of itself need not be UTF-8.
        entries.push_back({{"key", entry.key}, {"value", crypto::base64_encode(entry.value)}});
    }
    return json::to_line({{"revision", listing.revision}, {"entries", std::move(entries)}});
}

Result<Listing> listing_from_json(std::string_view text) {
    INGOT_ASSIGN(const auto object, json::parse(text), "reading an answer");
    INGOT_ASSIGN(const auto entries, list_in(text, "entries"), "");
    Listing listing{.entries = {}, .revision = json::number_at(object, "revision").value_or(0)};
    if (listing.revision <= 0) { return fail(ErrorKind::invalid_input, "an answer without a revision"); }
    for (const auto& entry : entries) {
        INGOT_ASSIGN(auto value, crypto::base64_decode(json::string_at(entry, "value").value_or("")), "");
        listing.entries.push_back({.key = json::string_at(entry, "key").value_or(""), .value = std::move(value)});
    }
    return listing;
}

std::string changed_to_json(bool changed) { return json::to_line({{"changed", changed}}); }

Result<bool> changed_from_json(std::string_view text) {
    INGOT_ASSIGN(const auto object, json::parse(text), "reading an answer");
    if (!json::member(object, "changed").is_boolean()) {
        return fail(ErrorKind::invalid_input, "an answer without 'changed'");
    }
    return json::flag_at(object, "changed");
}

std::string to_json_line(const std::vector<EtcdMember>& members) {
    Json list = Json::array();
    for (const auto& member : members) {
        list.push_back({{"id", std::to_string(member.id)},
                        {"name", member.name},
                        {"peer_urls", member.peer_urls},
                        {"client_urls", member.client_urls},
                        {"learner", member.learner}});
    }
    return json::to_line({{"members", std::move(list)}});
}

Result<std::vector<EtcdMember>> members_from_json(std::string_view text) {
    INGOT_ASSIGN(const auto list, list_in(text, "members"), "");
    std::vector<EtcdMember> members;
    for (const auto& entry : list) {
        members.push_back({.id = json::unsigned_at(entry, "id").value_or(0),
                           .name = json::string_at(entry, "name").value_or(""),
                           .peer_urls = gateway::texts_at(entry, "peer_urls"),
                           .client_urls = gateway::texts_at(entry, "client_urls"),
                           .learner = json::flag_at(entry, "learner")});
    }
    return members;
}

} // namespace ingot::firstboot::view
