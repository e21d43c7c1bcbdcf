#include "builder/lab/model/protocol.hpp"

#include <array>

namespace ingot::builder::lab {

json::Json to_answer(const Error& error) {
    return {{"ok", false}, {"kind", std::string(to_string(error.kind))}, {"message", error.to_string()}};
}

Result<json::Json> from_answer(json::Json answer) {
    if (json::flag_at(answer, "ok")) { return answer; }
    const auto kind = json::string_at(answer, "kind").value_or("");
    auto message = json::string_at(answer, "message").value_or("the lab's supervisor gave an answer without meaning");
    for (const auto known : {ErrorKind::invalid_input, ErrorKind::not_found, ErrorKind::transient, ErrorKind::refused,
                             ErrorKind::tool_failed}) {
        if (to_string(known) == kind) { return fail(known, std::move(message)); }
    }
    return fail(ErrorKind::bug, std::move(message));
}

} // namespace ingot::builder::lab
