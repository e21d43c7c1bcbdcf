#include "firstboot/cli/runner.hpp"

#include <algorithm>

#include "common/log/log.hpp"
#include "common/text/text.hpp"

namespace ingot::firstboot::cli {

namespace {

/// A reason without its numbers: how many milliseconds a connection took is no news.
std::string gist(std::string reason) {
    std::erase_if(reason, [](char letter) { return letter >= '0' && letter <= '9'; });
    return reason;
}

} // namespace

void Runner::started(const Step& step) {
    last_reason_.clear();
    recorder_.begin(step.name);
    log::info(text::format("{}: {}", step.name, step.description));
    board_.step(step.name, "running");
    board_.state(NodeState::starting);
}

void Runner::waiting(const Step& step, const Error& reason) {
    const auto shown = reason.to_string();
    board_.step(step.name, "waiting", shown);
    board_.state(NodeState::waiting, {text::format("{}: {}", step.description, shown)});
    if (auto now = gist(shown); now != last_reason_) {
        log::info(text::format("{}: {}", step.name, shown));
        last_reason_ = std::move(now);
    }
}

void Runner::done(const Step& step) {
    recorder_.end(step.name);
    board_.step(step.name, "done");
}

void Runner::failed(const Step& step, const Error& reason) {
    // Faults of the user-data are one line each, exactly as `ingot check` prints them.
    auto lines = text::lines(step.name == kUserDataStep ? reason.message : reason.to_string());
    for (const auto& line : lines) { log::error(line); }
    board_.step(step.name, "failed", lines.size() == 1 ? lines.front() : text::format("{} faults", lines.size()));
    board_.state(NodeState::failed, std::move(lines));
}

bool Runner::run(const std::vector<Step>& steps, Journal* journal) {
    for (const auto& step : steps) { board_.plan_step(step.name, step.description); }
    const Engine engine{.clock = environment_.clock,
                        .observer = *this,
                        .pause = [this](std::chrono::milliseconds duration) { return stop_.pause(duration); },
                        .journal = journal};
    return run_steps(engine, steps) == Outcome::done;
}

} // namespace ingot::firstboot::cli
