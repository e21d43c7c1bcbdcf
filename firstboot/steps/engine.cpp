#include "firstboot/steps/engine.hpp"

#include <algorithm>

namespace ingot::firstboot {

namespace {

/// One try: nothing to do, done, or the reason why not.
Status attempt(const Step& step) {
    if (step.check) {
        INGOT_ASSIGN(const bool nothing_to_do, step.check(), "");
        if (nothing_to_do) { return {}; }
    }
    return step.apply();
}

Status run_and_record(const Engine& engine, const Step& step) {
    Journal* const journal = engine.journal;
    // What runs once must leave a trace before it starts; the rest asks its check at the next boot anyway.
    if (journal != nullptr && step.frequency == Frequency::per_instance) { INGOT_TRY(journal->begin(step.name), ""); }
    INGOT_TRY(attempt(step), "");
    if (journal != nullptr) { INGOT_TRY(journal->finish(step.name), ""); }
    return {};
}

Outcome run_step(const Engine& engine, const Step& step) {
    if (engine.journal != nullptr && step.frequency == Frequency::per_instance &&
        engine.journal->is_done(step.name)) {
        engine.observer.done(step);
        return Outcome::done;
    }
    engine.observer.started(step);
    const auto first = engine.clock.monotonic();
    for (;;) {
        const auto result = run_and_record(engine, step);
        if (result) {
            engine.observer.done(step);
            return Outcome::done;
        }
        if (!is_retried(result.error().kind)) {
            engine.observer.failed(step, result.error());
            return Outcome::failed;
        }
        engine.observer.waiting(step, result.error());
        const auto waited = engine.clock.monotonic() - first;
        if (!engine.pause(backoff(std::chrono::duration_cast<std::chrono::milliseconds>(waited)))) {
            return Outcome::stopped;
        }
    }
}

} // namespace

std::chrono::milliseconds backoff(std::chrono::milliseconds waited) {
    using std::chrono::milliseconds;
    constexpr int kShare = 20;
    constexpr milliseconds kShortest{100};
    constexpr milliseconds kLongest{5000};
    return std::clamp(waited / kShare, kShortest, kLongest);
}

bool is_retried(ErrorKind kind) {
    switch (kind) {
    case ErrorKind::transient:
    case ErrorKind::tool_failed:
    case ErrorKind::not_found: return true;
    case ErrorKind::invalid_input:
    case ErrorKind::refused:
    case ErrorKind::bug: return false;
    }
    return false;
}

Outcome run_steps(const Engine& engine, std::span<const Step> steps) {
    for (const auto& step : steps) {
        if (!engine.pause(std::chrono::milliseconds(0))) { return Outcome::stopped; }
        if (const auto outcome = run_step(engine, step); outcome != Outcome::done) { return outcome; }
    }
    return Outcome::done;
}

} // namespace ingot::firstboot
