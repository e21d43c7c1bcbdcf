#include "firstboot/proxy/slots.hpp"

#include <algorithm>
#include <set>

#include "common/text/text.hpp"

namespace ingot::firstboot::proxy {

namespace {

constexpr std::string_view kPrefix = "db";
// srv_admin_state of haproxy: bits that keep a server from traffic. 4 only says that the file had `disabled`.
constexpr long long kMaintenanceBits = 0x01 | 0x02 | 0x20 | 0x40;
constexpr long long kDrainBits = 0x08 | 0x10;
constexpr long long kRunning = 2; // srv_op_state

std::string server_name(std::string_view backend, int number) {
    return text::format("{}/{}{}", backend, kPrefix, number);
}

/// Positions of the columns that are read, from the "# be_id be_name …" line.
struct Columns {
    std::size_t backend = 0;
    std::size_t server = 0;
    std::size_t address = 0;
    std::size_t port = 0;
    std::size_t operational = 0;
    std::size_t administrative = 0;
};

std::optional<Columns> columns_from(std::string_view header) {
    auto names = text::split(header, ' ');
    if (names.empty() || names.front() != "#") { return std::nullopt; }
    names.erase(names.begin());
    bool complete = true;
    const auto position = [&names, &complete](std::string_view name) {
        const auto found = std::ranges::find(names, name);
        complete = complete && found != names.end();
        return static_cast<std::size_t>(found - names.begin());
    };
    const Columns columns{.backend = position("be_name"),
                          .server = position("srv_name"),
                          .address = position("srv_addr"),
                          .port = position("srv_port"),
                          .operational = position("srv_op_state"),
                          .administrative = position("srv_admin_state")};
    if (!complete) { return std::nullopt; }
    return columns;
}

std::optional<Slot> slot_from(const std::vector<std::string>& fields, const Columns& columns) {
    const auto last = std::max({columns.backend, columns.server, columns.address, columns.port, columns.operational,
                                columns.administrative});
    if (fields.size() <= last) { return std::nullopt; }
    const std::string_view server = fields[columns.server];
    if (!server.starts_with(kPrefix)) { return std::nullopt; }
    const auto number = text::to_number(server.substr(kPrefix.size()));
    const auto admin = text::to_number(fields[columns.administrative]);
    const auto port = text::to_number(fields[columns.port]);
    if (!number || !admin || !port || *number < 1 || *number > kSlots) { return std::nullopt; }
    Slot slot{.backend = fields[columns.backend], .number = static_cast<int>(*number)};
    if (std::ranges::find(kBackends, slot.backend) == kBackends.end()) { return std::nullopt; }
    const bool empty = *port <= 1 || fields[columns.address] == "-";
    if (!empty) { slot.endpoint = Endpoint{.address = fields[columns.address], .port = static_cast<int>(*port)}; }
    slot.in_maintenance = (*admin & kMaintenanceBits) != 0;
    slot.open = (*admin & (kMaintenanceBits | kDrainBits)) == 0;
    slot.up = text::to_number(fields[columns.operational]) == kRunning;
    return slot;
}

/// Who is in which slot now. Where the two backends disagree (an agent died between two commands) the first
/// one counts, and the second one is put right.
Layout present_layout(const std::vector<Slot>& slots) {
    Layout layout;
    for (const auto backend : kBackends) {
        for (const auto& slot : slots) {
            if (slot.backend == backend && slot.endpoint) { layout.try_emplace(slot.number, *slot.endpoint); }
        }
    }
    return layout;
}

bool is_healthy_anywhere(int number, const Endpoint& endpoint, const std::vector<Slot>& slots) {
    return std::ranges::any_of(slots, [&](const Slot& slot) {
        return slot.number == number && slot.endpoint == endpoint && slot.open && slot.up;
    });
}

/// The layout wanted: members stay where they are, the gone go when they are down, the new take the lowest slots.
void place(SlotPlan& plan, const std::vector<Endpoint>& members, const std::vector<Slot>& slots) {
    std::set<Endpoint> placed;
    for (const auto& [number, endpoint] : present_layout(slots)) {
        const bool wanted = std::ranges::find(members, endpoint) != members.end();
        const bool keep = wanted || is_healthy_anywhere(number, endpoint, slots);
        if (keep && placed.insert(endpoint).second) { plan.layout.emplace(number, endpoint); }
    }
    for (const auto& member : members) {
        if (placed.contains(member)) { continue; }
        int number = 1;
        while (plan.layout.contains(number)) { ++number; }
        if (number > kSlots) {
            plan.without_slot.push_back(member);
            continue;
        }
        plan.layout.emplace(number, member);
        placed.insert(member);
    }
}

/// Commands that bring one slot from what it is to what the layout says.
void bring(std::vector<std::string>& commands, const Slot& slot, const Layout& layout) {
    const auto name = server_name(slot.backend, slot.number);
    const auto wanted = layout.find(slot.number);
    const bool used = wanted != layout.end();
    const bool moves = used ? slot.endpoint != wanted->second : slot.endpoint.has_value();
    if (!moves && (used ? slot.open : slot.in_maintenance)) { return; }
    if (!slot.in_maintenance && (moves || !used)) {
        commands.push_back(text::format("set server {} state maint", name));
    }
    if (moves) {
        const auto endpoint = used ? wanted->second : Endpoint{.address = "127.0.0.1", .port = 1};
        commands.push_back(text::format("set server {} addr {} port {}", name, endpoint.address, endpoint.port));
    }
    if (!used) { return; }
    commands.push_back(text::format("set server {} state drain", name));
    commands.push_back(text::format("set server {} health down", name));
    commands.push_back(text::format("set server {} state ready", name));
}

} // namespace

Result<std::vector<Slot>> slots_from_state(std::string_view text) {
    std::optional<Columns> columns;
    std::vector<Slot> slots;
    for (const auto& line : text::lines(text)) {
        if (line.starts_with('#')) {
            columns = columns_from(line);
            continue;
        }
        if (!columns) { continue; } // the version line
        if (auto slot = slot_from(text::split(line, ' '), *columns)) { slots.push_back(*std::move(slot)); }
    }
    if (!columns) { return fail(ErrorKind::tool_failed, "HAProxy's list of servers cannot be understood"); }
    if (slots.size() != kSlots * kBackends.size()) {
        return fail(ErrorKind::tool_failed, text::format("HAProxy has {} slots where {} are expected", slots.size(),
                                                         kSlots * kBackends.size()));
    }
    return slots;
}

std::vector<std::string> plan_new_leader(const Endpoint& leader, const std::vector<Slot>& slots) {
    std::vector<std::string> commands;
    for (const auto& slot : slots) {
        const bool stale = slot.backend == kBackends[0] && slot.open && slot.up && slot.endpoint != leader;
        if (stale) {
            commands.push_back(text::format("set server {} health down", server_name(slot.backend, slot.number)));
        }
    }
    return commands;
}

SlotPlan plan_slots(const std::optional<std::vector<Endpoint>>& members, const std::vector<Slot>& slots) {
    SlotPlan plan;
    if (members) {
        place(plan, *members, slots);
    } else {
        plan.layout = present_layout(slots);
    }
    for (const auto& slot : slots) { bring(plan.commands, slot, plan.layout); }
    return plan;
}

} // namespace ingot::firstboot::proxy
