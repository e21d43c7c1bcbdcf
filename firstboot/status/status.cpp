#include "firstboot/status/status.hpp"

#include <algorithm>
#include <array>

#include "common/json/json.hpp"
#include "common/text/text.hpp"

namespace ingot::firstboot {

namespace {

using json::Json;

constexpr std::array kStates{NodeState::starting, NodeState::waiting, NodeState::ready, NodeState::failed};

Json items_to_json(const std::vector<StatusItem>& items) {
    Json list = Json::array();
    for (const auto& item : items) {
        Json entry{
            {"name", item.name}, {"description", item.description}, {"state", item.state}, {"since", item.since}};
        entry["message"] = item.message;
        list.push_back(std::move(entry));
    }
    return list;
}

std::vector<StatusItem> items_from_json(const Json& list) {
    std::vector<StatusItem> items;
    if (!list.is_array()) { return items; }
    for (const auto& entry : list) {
        const auto text_at = [&entry](std::string_view key) { return json::string_at(entry, key).value_or(""); };
        items.push_back({.name = text_at("name"),
                         .description = text_at("description"),
                         .state = text_at("state"),
                         .since = text_at("since"),
                         .message = text_at("message")});
    }
    return items;
}

void append_items(std::string& screen, std::string_view title, const std::vector<StatusItem>& items) {
    if (items.empty()) { return; }
    std::size_t width = 0;
    for (const auto& item : items) { width = std::max(width, item.name.size()); }
    screen += text::format("\n{}\n", title);
    for (const auto& item : items) {
        screen += text::format("  {:<{}}  {:<8}  ", item.name, width, item.state);
        screen += item.message.empty() ? item.description : item.message;
        screen += '\n';
    }
}

} // namespace

std::string_view to_string(NodeState state) {
    switch (state) {
    case NodeState::starting: return "starting";
    case NodeState::waiting: return "waiting";
    case NodeState::ready: return "ready";
    case NodeState::failed: return "failed";
    }
    return "failed";
}

std::string to_json_text(const NodeStatus& status) {
    Json document{{"version", 1},
                  {"node", status.node},
                  {"role", status.role},
                  {"cluster", status.cluster},
                  {"state", std::string(to_string(status.state))},
                  {"since", status.since},
                  {"datasource", status.datasource}};
    document["messages"] = status.messages;
    document["steps"] = items_to_json(status.steps);
    document["duties"] = items_to_json(status.duties);
    return json::to_text(document);
}

Result<NodeStatus> status_from_json(std::string_view text) {
    INGOT_ASSIGN(const auto document, json::parse(text), "reading the agent's status");
    const auto word = json::string_at(document, "state").value_or("");
    const auto state = std::ranges::find(kStates, word, [](NodeState candidate) { return to_string(candidate); });
    if (state == kStates.end()) {
        return fail(ErrorKind::invalid_input, text::format("the agent's status has the unknown state \"{}\"", word));
    }
    NodeStatus status{.node = json::string_at(document, "node").value_or(""),
                      .role = json::string_at(document, "role").value_or(""),
                      .cluster = json::string_at(document, "cluster").value_or(""),
                      .state = *state,
                      .since = json::string_at(document, "since").value_or(""),
                      .steps = items_from_json(json::member(document, "steps")),
                      .duties = items_from_json(json::member(document, "duties")),
                      .datasource = json::string_at(document, "datasource").value_or("")};
    const auto& messages = json::member(document, "messages");
    if (messages.is_array()) {
        for (const auto& message : messages) {
            if (message.is_string()) { status.messages.push_back(message.get<std::string>()); }
        }
    }
    return status;
}

std::string to_line(const NodeStatus& status) {
    auto line = std::string(to_string(status.state));
    if (!status.messages.empty()) { line += ": " + text::join(status.messages, "; "); }
    return line;
}

std::string to_screen_text(const NodeStatus& status) {
    auto screen = text::format("{}  {}  {}\n", status.node.empty() ? "this machine" : status.node,
                               status.role.empty() ? "role unknown" : status.role, to_string(status.state));
    for (const auto& message : status.messages) { screen += text::format("  {}\n", message); }
    append_items(screen, "steps", status.steps);
    append_items(screen, "duties", status.duties);
    return screen;
}

int exit_code_of(NodeState state) {
    switch (state) {
    case NodeState::ready: return 0;
    case NodeState::failed: return exit_code(ErrorKind::tool_failed);
    case NodeState::starting:
    case NodeState::waiting: return exit_code(ErrorKind::transient);
    }
    return exit_code(ErrorKind::bug);
}

} // namespace ingot::firstboot
