#include "firstboot/status/board.hpp"

#include <algorithm>

#include "common/files/files.hpp"

namespace ingot::firstboot {

StatusBoard::StatusBoard(std::filesystem::path file, const clock::Clock& clock,
                         std::function<void(const std::string&)> on_change)
    : file_(std::move(file)), clock_(clock), on_change_(std::move(on_change)) {
    status_.since = clock::to_rfc3339(clock_.now());
    publish(); // what an earlier run left there is not true any more
}

void StatusBoard::set_identity(std::string_view node, std::string_view role, std::string_view cluster) {
    const std::scoped_lock lock(mutex_);
    status_.node = node;
    status_.role = role;
    status_.cluster = cluster;
    publish();
}

void StatusBoard::plan_step(std::string_view name, std::string_view description) {
    const std::scoped_lock lock(mutex_);
    put({.name = std::string(name),
         .description = std::string(description),
         .state = "pending",
         .since = clock::to_rfc3339(clock_.now())});
}

void StatusBoard::put(StatusItem step) {
    const auto present = std::ranges::find(status_.steps, step.name, &StatusItem::name);
    if (present == status_.steps.end()) {
        status_.steps.push_back(std::move(step));
    } else {
        *present = std::move(step);
    }
}

void StatusBoard::adopt(const NodeStatus& other) {
    const std::scoped_lock lock(mutex_);
    for (const auto& step : other.steps) { put(step); }
    const auto take = [](std::string& own, const std::string& theirs) {
        if (!theirs.empty()) { own = theirs; }
    };
    take(status_.node, other.node);
    take(status_.role, other.role);
    take(status_.cluster, other.cluster);
    take(status_.datasource, other.datasource);
    const auto state = other.state == NodeState::ready ? NodeState::starting : other.state;
    if (status_.state != state) { status_.since = other.since; }
    status_.state = state;
    status_.messages = other.messages;
    publish();
}

void StatusBoard::plan_duty(std::string_view name) {
    const std::scoped_lock lock(mutex_);
    status_.duties.push_back({.name = std::string(name), .state = "idle", .since = clock::to_rfc3339(clock_.now())});
}

void StatusBoard::step(std::string_view name, std::string_view state, std::string_view message) {
    const std::scoped_lock lock(mutex_);
    update(status_.steps, name, state, message);
}

void StatusBoard::set_datasource(std::string_view name) {
    const std::scoped_lock lock(mutex_);
    status_.datasource = name;
    publish();
}

void StatusBoard::duty(std::string_view name, std::string_view state, std::string_view message) {
    const std::scoped_lock lock(mutex_);
    update(status_.duties, name, state, message);
}

void StatusBoard::update(std::vector<StatusItem>& items, std::string_view name, std::string_view state,
                         std::string_view message) {
    const auto item = std::ranges::find(items, name, &StatusItem::name);
    if (item == items.end() || (item->state == state && item->message == message)) { return; }
    if (item->state != state) { item->since = clock::to_rfc3339(clock_.now()); }
    item->state = state;
    item->message = message;
    publish();
}

void StatusBoard::state(NodeState state, std::vector<std::string> messages) {
    const std::scoped_lock lock(mutex_);
    if (status_.state == state && status_.messages == messages) { return; }
    if (status_.state != state) { status_.since = clock::to_rfc3339(clock_.now()); }
    status_.state = state;
    status_.messages = std::move(messages);
    publish();
}

NodeStatus StatusBoard::snapshot() const {
    const std::scoped_lock lock(mutex_);
    return status_;
}

void StatusBoard::publish() {
    // The status is a convenience: if /run cannot be written, the log still has everything.
    static_cast<void>(files::write(file_, to_json_text(status_)).has_value());
    if (!on_change_) { return; }
    auto line = to_line(status_);
    if (line != line_) {
        line_ = std::move(line);
        on_change_(line_);
    }
}

} // namespace ingot::firstboot
