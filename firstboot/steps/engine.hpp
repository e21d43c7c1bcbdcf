// The engine that runs a list of steps.
//
// A step whose failure time can heal is tried again for as long as it takes, with a pause that grows
// with the time already waited (a twentieth of it, from 100 ms to 5 s): what becomes possible after four
// seconds is noticed 0.2 s later, what takes an hour costs nothing. What time cannot heal ends the run.
#pragma once

#include <chrono>
#include <functional>
#include <span>

#include "common/clock/clock.hpp"
#include "common/result/result.hpp"
#include "firstboot/journal/journal.hpp"
#include "firstboot/steps/steps.hpp"

namespace ingot::firstboot {

/// What happens to the steps, for status and log.
class StepObserver {
  public:
    virtual ~StepObserver() = default;
    virtual void started(const Step& step) = 0;
    /// It failed and will be tried again; called at each failure.
    virtual void waiting(const Step& step, const Error& reason) = 0;
    virtual void done(const Step& step) = 0;
    /// It failed for good; nothing after it will run.
    virtual void failed(const Step& step, const Error& reason) = 0;
};

/// What the engine works with.
struct Engine {
    clock::Clock& clock;
    StepObserver& observer;
    /// Waits; false if the program is to end meanwhile.
    std::function<bool(std::chrono::milliseconds)> pause;
    Journal* journal = nullptr; ///< none before the instance is known: then every step runs
};

enum class Outcome { done, failed, stopped };

/// Runs all steps in order.
Outcome run_steps(const Engine& engine, std::span<const Step> steps);

/// The pause before the next try, after `waited` since the first.
std::chrono::milliseconds backoff(std::chrono::milliseconds waited);

/// True if time may heal it.
bool is_retried(ErrorKind kind);

} // namespace ingot::firstboot
