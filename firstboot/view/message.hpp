// What goes over the wire between a proxy and the agent of an etcd node, port 2383, with certificates both ways.
//
//   POST /v1/list      {"prefix":…}                                   →
//   {"revision":…,"entries":[{"key":…,"value":base64}]} POST /v1/wait      {"prefix":…,"revision":…,"milliseconds":…}
//   → {"changed":…} POST /v1/members   {}                                             →
//   {"members":[{"name":…,"client_urls":[…],…}]} POST /v1/announce  {"key":…,"value":…}                            →
//   {} POST /v1/withdraw  {"key":…}                                      → {}
//              400, 403, 404, 503                                       {"reason":…}
//
// All of them may be repeated. There is no lease in it: the agent finds the key's own.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "firstboot/coordination/etcd_view.hpp"

namespace ingot::firstboot::view {

inline constexpr std::uint16_t kPort = 2383;
/// A question waits no longer, so that a thread is free again, and an agent that ends does so soon.
inline constexpr std::chrono::seconds kLongestWait{2};

struct List {
    std::string prefix;
    bool operator==(const List&) const = default;
};
struct Wait {
    std::string prefix;
    std::int64_t revision = 0;
    std::chrono::milliseconds patience{};
    bool operator==(const Wait&) const = default;
};
struct Members {
    bool operator==(const Members&) const = default;
};
struct Announce {
    std::string key;
    std::string value;
    bool operator==(const Announce&) const = default;
};
struct Withdraw {
    std::string key;
    bool operator==(const Withdraw&) const = default;
};
using Question = std::variant<List, Wait, Members, Announce, Withdraw>;

std::string path_of(const Question& question);
std::string to_json_line(const Question& question);
/// not_found if nothing is at the path; invalid_input if it is no such question. Keys are of printable ASCII,
/// everything has a longest size, and who wants to wait longer than kLongestWait waits that long.
Result<Question> question_from(std::string_view path, std::string_view body);

std::string to_json_line(const Listing& listing);
Result<Listing> listing_from_json(std::string_view text);
std::string changed_to_json(bool changed);
Result<bool> changed_from_json(std::string_view text);
std::string to_json_line(const std::vector<EtcdMember>& members);
Result<std::vector<EtcdMember>> members_from_json(std::string_view text);

} // namespace ingot::firstboot::view
