// How often somebody may do something: a few times at once, and then as often as time gives it back.
#pragma once

#include <map>
#include <string>

#include "common/clock/clock.hpp"

namespace ingot::firstboot::view {

class Pace {
  public:
    /// `at_once`: how often in a row; `per_second`: how often in the long run.
    Pace(double at_once, double per_second) : at_once_(at_once), per_second_(per_second) {}

    /// True if `who` may now; then it counts.
    bool allows(const std::string& who, clock::Monotonic now);

  private:
    struct Account {
        double left = 0;
        clock::Monotonic at{};
    };
    double at_once_;
    double per_second_;
    std::map<std::string, Account> accounts_{};
};

} // namespace ingot::firstboot::view
