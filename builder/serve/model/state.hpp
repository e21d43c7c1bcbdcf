// What was given to whom, and how far they are. Kept in a file, so that a restart of the server changes nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result/result.hpp"

namespace ingot::builder::serve {

/// What a machine says it is; what says nothing is left out.
struct Identity {
    std::optional<std::string> mac{};
    std::optional<std::string> serial{};
    std::optional<std::string> uuid{};
    bool operator==(const Identity&) const = default;
};

enum class Phase { assigned, installing, installed, failed };
std::string_view to_string(Phase phase);

struct Assigned {
    Identity identity{};
    std::string name{};
    std::string role{};
    std::string token{}; ///< 32 hex digits; whoever has it gets the machine's user-data
    Phase phase = Phase::assigned;
    std::string again{};  ///< the word it was installed with
    std::string detail{}; ///< what it said last
    bool operator==(const Assigned&) const = default;
};

struct State {
    std::vector<Assigned> machines{};
    bool operator==(const State&) const = default;
};

std::string render_state(const State& state);
/// invalid_input if it is no state: a server that forgot what it gave would give it again, to others.
Result<State> parse_state(std::string_view text);

/// The machine with this token, or nullptr. Takes the same time for every wrong one.
Assigned* find_token(State& state, std::string_view token);

} // namespace ingot::builder::serve
