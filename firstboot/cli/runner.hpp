// Runs the steps of a program and tells board, log and timeline how they go.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "firstboot/journal/journal.hpp"
#include "firstboot/status/board.hpp"
#include "firstboot/steps/engine.hpp"
#include "firstboot/system/environment.hpp"
#include "firstboot/timeline/timeline.hpp"
#include "firstboot/watch/stop.hpp"

namespace ingot::firstboot::cli {

/// The step whose failure is said as `ingot check` says it.
inline constexpr std::string_view kUserDataStep = "user-data";

class Runner final : public StepObserver {
  public:
    Runner(Environment& environment, StatusBoard& board, Stop& stop, std::string_view timeline)
        : environment_(environment), board_(board), stop_(stop), recorder_(environment.root.at(timeline)) {}

    /// True if all are done. Without a journal every one is done again.
    bool run(const std::vector<Step>& steps, Journal* journal = nullptr);

    void started(const Step& step) override;
    void waiting(const Step& step, const Error& reason) override;
    void done(const Step& step) override;
    void failed(const Step& step, const Error& reason) override;

  private:
    Environment& environment_;
    StatusBoard& board_;
    Stop& stop_;
    timeline::Recorder recorder_;
    std::string last_reason_{}; ///< without numbers
};

} // namespace ingot::firstboot::cli
