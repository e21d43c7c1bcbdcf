#include "firstboot/view/pace.hpp"

#include <algorithm>
#include <chrono>

namespace ingot::firstboot::view {

bool Pace::allows(const std::string& who, clock::Monotonic now) {
    const auto [entry, fresh] = accounts_.try_emplace(who, Account{.left = at_once_, .at = now});
    auto& account = entry->second;
    const std::chrono::duration<double> passed = now - account.at;
    account = {.left = std::min(at_once_, account.left + passed.count() * per_second_), .at = now};
    if (account.left < 1) { return false; }
    account.left -= 1;
    return true;
}

} // namespace ingot::firstboot::view
