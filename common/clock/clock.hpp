// Time, passed in so that decisions about it can be tested.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace ingot::clock {

using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;
using Monotonic = std::chrono::steady_clock::time_point;

/// What a program may ask of time.
class Clock {
  public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual WallTime now() const = 0;
    [[nodiscard]] virtual Monotonic monotonic() const = 0;
    virtual void sleep(std::chrono::milliseconds duration) = 0;
};

/// The machine's clock.
class SystemClock final : public Clock {
  public:
    [[nodiscard]] WallTime now() const override;
    [[nodiscard]] Monotonic monotonic() const override;
    void sleep(std::chrono::milliseconds duration) override;
};

/// A clock that moves only when it is told to, or slept on. For tests.
class FakeClock final : public Clock {
  public:
    explicit FakeClock(WallTime start = {}) : now_(start) {}
    [[nodiscard]] WallTime now() const override { return now_; }
    [[nodiscard]] Monotonic monotonic() const override { return Monotonic(now_.time_since_epoch()); }
    void sleep(std::chrono::milliseconds duration) override { advance(duration); }
    void advance(std::chrono::milliseconds duration) { now_ += duration; }

  private:
    WallTime now_;
};

/// Whole seconds since 1970, rounded down.
std::int64_t to_unix(WallTime time);
/// RFC 3339 in UTC with seconds: "2026-11-23T12:00:00Z".
std::string to_rfc3339(WallTime time);

} // namespace ingot::clock
