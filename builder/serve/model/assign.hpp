// Who is this, and what is it to become? Pure; the rules are in assign.cpp.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "builder/serve/model/config.hpp"
#include "builder/serve/model/state.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::serve {

/// Of what the machine said; fillers count as nothing.
Identity identity_of(std::string_view mac, std::string_view serial, std::string_view uuid);

struct Assignment {
    Purpose purpose{};
    std::string name{};
    std::optional<std::size_t> known{}; ///< its place in the state; nothing: it is new
};

/// refused, with the reason, if it is to become nothing.
Result<Assignment> assign(const Config& config, const State& state, const Identity& identity, bool strict);

enum class Order { install, ram, disk };
/// What it is told to boot.
Order order_for(const Purpose& purpose, const Assigned& machine);

/// How a phase goes on with what the installer said; a word that is none changes nothing.
Phase next_phase(Phase phase, std::string_view reported);

/// User-data is there for the one who becomes the machine, not for whoever asks later.
bool may_have_seed(const Purpose& purpose, const Assigned& machine);

} // namespace ingot::builder::serve
