// ingot upload hetzner --cleanup: what runs that ended badly left behind.
#pragma once

#include <chrono>
#include <string_view>
#include <vector>

#include "builder/publish/hetzner/server.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::publish::hetzner {

struct CleanUp {
    std::vector<Leftover> removed{};
    std::vector<Leftover> spared{}; ///< of a run that may still be at work
    std::vector<std::string> faults{};
};

/// Removes servers and keys of `run`, or of all runs that are older than `age`. One that cannot be removed does not
/// keep the others.
Result<CleanUp> clean_up(Api& api, std::string_view run, std::chrono::minutes age);

} // namespace ingot::builder::publish::hetzner
