// The rules, in this order; a row of the test for each.
//
//  1. A machine that tells nothing by which it could be told from others is refused.
//  2. A machine that was here before is what it was: roles are given once. It was here if its MAC is the same, or,
//  for
//     one without, serial number or UUID.
//  3. If one identifier says that it was here and another says that it was not (another card in a known chassis, or
//  two
//     boards with one serial number), nobody can tell: refused. A machine that is taken for another gets its secrets.
//  4. A machine that serve.yaml lists is that one. All identifiers that stand there have to fit; two entries that
//  fit, or
//     an entry that another machine has taken, are refused.
//  5. With --strict, all others are refused.
//  6. The first role that has a place left gets it, under the first free name.
//  7. No place left: refused.
#include "builder/serve/model/assign.hpp"

#include <algorithm>
#include <vector>

#include "common/identity/identity.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::serve {

namespace {

bool differ(const std::optional<std::string>& left, const std::optional<std::string>& right) {
    return left && right && *left != *right;
}
bool agree(const std::optional<std::string>& left, const std::optional<std::string>& right) {
    return left && right && *left == *right;
}

std::string describe(const Identity& identity) {
    std::vector<std::string> parts;
    if (identity.mac) { parts.push_back("MAC " + *identity.mac); }
    if (identity.serial) { parts.push_back("serial " + *identity.serial); }
    if (identity.uuid) { parts.push_back("UUID " + *identity.uuid); }
    return text::join(parts, ", ");
}

bool fits(const std::optional<std::string>& wanted, const std::optional<std::string>& has) {
    return !wanted || (has && *wanted == *has);
}

const KnownMachine* entry_named(const Config& config, std::string_view name) {
    const auto found = std::ranges::find(config.machines, name, &KnownMachine::name);
    return found == config.machines.end() ? nullptr : &*found;
}

/// The name's number in "db-{}"; the configuration may have changed since it was given.
bool is_name_of(const RolePlaces& places, std::string_view name) {
    const auto hole = places.names.find("{}");
    const auto before = std::string_view(places.names).substr(0, hole);
    const auto after = std::string_view(places.names).substr(hole + 2);
    if (!name.starts_with(before) || !name.ends_with(after) || name.size() <= before.size() + after.size()) {
        return false;
    }
    return text::to_number(name.substr(before.size(), name.size() - before.size() - after.size())).has_value();
}

Result<std::optional<std::size_t>> find_again(const State& state, const Identity& identity) {
    std::optional<std::size_t> found;
    for (std::size_t index = 0; index < state.machines.size(); ++index) {
        const auto& known = state.machines[index].identity;
        const bool one_agrees = agree(known.mac, identity.mac) || agree(known.serial, identity.serial) ||
                                agree(known.uuid, identity.uuid);
        if (!one_agrees) { continue; }
        const bool one_differs = differ(known.mac, identity.mac) || differ(known.serial, identity.serial) ||
                                 differ(known.uuid, identity.uuid);
        if (one_differs || found) {
            return fail(
                ErrorKind::refused,
                text::format("{} looks like {} ({}), but not in everything. If it is that machine with another "
                             "part, or another machine with the same number: stop the server, remove the one "
                             "that is wrong from its state file, and list the machines in serve.yaml by what "
                             "differs",
                             describe(identity), state.machines[index].name, describe(known)));
        }
        found = index;
    }
    return found;
}

Result<Assignment> as_before(const Config& config, const Assigned& machine, std::size_t index) {
    Assignment assignment{.name = machine.name, .known = index};
    if (const auto* const entry = entry_named(config, machine.name)) {
        assignment.purpose = entry->purpose;
        return assignment;
    }
    for (const auto& places : config.roles) {
        if (places.purpose.role == machine.role && is_name_of(places, machine.name)) {
            assignment.purpose = places.purpose;
            return assignment;
        }
    }
    return fail(ErrorKind::refused,
                text::format("{} was a machine of role {}, but serve.yaml has no such machine any "
                             "more",
                             machine.name, machine.role));
}

bool is_taken(const Config& config, const State& state, std::string_view name) {
    return entry_named(config, name) != nullptr ||
           std::ranges::find(state.machines, name, &Assigned::name) != state.machines.end();
}

} // namespace

Identity identity_of(std::string_view mac, std::string_view serial, std::string_view uuid) {
    return {.mac = identity::mac_of(mac), .serial = identity::serial_of(serial), .uuid = identity::uuid_of(uuid)};
}

Result<Assignment> assign(const Config& config, const State& state, const Identity& identity, bool strict) {
    if (!identity.mac && !identity.serial && !identity.uuid) {
        return fail(ErrorKind::refused, "it says nothing by which it could be told from others (mac, serial, uuid)");
    }
    INGOT_ASSIGN(const auto known, find_again(state, identity), "");
    if (known) { return as_before(config, state.machines[*known], *known); }

    const KnownMachine* listed = nullptr;
    for (const auto& entry : config.machines) {
        if (!fits(entry.mac, identity.mac) || !fits(entry.serial, identity.serial) ||
            !fits(entry.uuid, identity.uuid)) {
            continue;
        }
        if (listed != nullptr) {
            return fail(ErrorKind::refused, text::format("{} is both {} and {} in serve.yaml", describe(identity),
                                                         listed->name, entry.name));
        }
        listed = &entry;
    }
    if (listed != nullptr) {
        const auto taken = std::ranges::find(state.machines, listed->name, &Assigned::name);
        if (taken != state.machines.end()) {
            return fail(ErrorKind::refused,
                        text::format("{} is {} in serve.yaml, but that is {} already", describe(identity),
                                     listed->name, describe(taken->identity)));
        }
        return Assignment{.purpose = listed->purpose, .name = listed->name};
    }
    if (strict) { return fail(ErrorKind::refused, text::format("{} is not in serve.yaml", describe(identity))); }
    for (const auto& places : config.roles) {
        for (int number = 1; number <= places.count; ++number) {
            auto name = text::replace_all(places.names, "{}", text::format("{}", number));
            if (!is_taken(config, state, name)) {
                return Assignment{.purpose = places.purpose, .name = std::move(name)};
            }
        }
    }
    return fail(ErrorKind::refused, text::format("no role has a place left for {}", describe(identity)));
}

Order order_for(const Purpose& purpose, const Assigned& machine) {
    if (purpose.mode == Mode::ram) { return Order::ram; }
    const bool done = machine.phase == Phase::installed && machine.again == purpose.again;
    return done ? Order::disk : Order::install;
}

Phase next_phase(Phase phase, std::string_view reported) {
    if (reported == "installed" || reported == "present") { return Phase::installed; }
    // What comes late from a run that is over does not open the door again.
    if (phase == Phase::installed) { return phase; }
    if (reported == "installing") { return Phase::installing; }
    return reported == "failed" ? Phase::failed : phase;
}

bool may_have_seed(const Purpose& purpose, const Assigned& machine) {
    return order_for(purpose, machine) != Order::disk;
}

} // namespace ingot::builder::serve
