// ^C, in two steps: the first asks for an orderly end (whatever was made elsewhere is removed), the second ends at
// once.
#pragma once

#include <atomic>
#include <chrono>

#include "common/result/result.hpp"

namespace ingot::builder::publish {

/// Asked for by one thread or a signal, looked at by many.
class Stop {
  public:
    void request() { requested_ = true; }
    [[nodiscard]] bool requested() const { return requested_; }
    /// Sleeps, but not beyond a request. False if there was one.
    [[nodiscard]] bool sleep(std::chrono::milliseconds duration) const;
    /// refused if an end was asked for.
    [[nodiscard]] Status check() const;

    /// The one that SIGINT, SIGTERM and SIGHUP ask; from the first call on.
    static Stop& of_signals();

  private:
    std::atomic<bool> requested_ = false;
};

} // namespace ingot::builder::publish
