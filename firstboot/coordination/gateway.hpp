// The gateway's wire forms, as pure functions: what is sent, what comes back, what an error means.
//
// HTTP statuses differ between etcd releases (412 or 400 for the same refusal), so errors are told
// apart by the gRPC code and the message in the body, never by the status.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/http/http.hpp"
#include "common/json/json.hpp"
#include "common/result/result.hpp"

namespace ingot::firstboot::gateway {

/// {"key": K, "range_end": E}: exactly this prefix. An empty prefix is every key.
json::Json prefix_range(std::string_view prefix);
/// The first key after all keys that start with `prefix`: its last byte plus one, carried over 0xff.
std::string prefix_end(std::string_view prefix);

/// The body of a good answer, or what a bad one says, as an Error that names `where`.
Result<json::Json> interpret(const http::Response& response, std::string_view where);

/// The texts in the list `key` of `object`; what is none is left out.
std::vector<std::string> texts_at(const json::Json& object, std::string_view key);

/// Cuts a stream of JSON objects into objects. HTTP chunks do not align with them.
class ObjectSplitter {
  public:
    /// Feeds bytes; calls `take` with each complete object. Stops early, and returns false, if `take` does.
    bool feed(std::string_view bytes, const std::function<bool(std::string_view)>& take);

  private:
    std::string object_;
    int depth_ = 0;
    bool in_string_ = false;
    bool escaped_ = false;
};

/// What one message of a watch means for somebody who waits for a change.
enum class WatchNews {
    nothing, ///< created, progress
    change,  ///< events, or the revision was compacted away
    lost,    ///< cancelled by the server, or an error: ask again
};
WatchNews read_watch(std::string_view object);

} // namespace ingot::firstboot::gateway
