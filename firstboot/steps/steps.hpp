// Work as a list of named steps, each check → apply → record, and the engine that runs them.
//
// A step that is done is recorded durably; after a power cut the next boot asks `check` of the step
// that was under way and goes on. Running a list twice changes nothing.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "common/result/result.hpp"

namespace ingot::firstboot {

enum class Frequency {
    per_instance, ///< once per instance-id; skipped when the journal has it
    every_boot,   ///< checked at each boot
};

struct Step {
    std::string name;        ///< "etcd.start": stable, stands in the journal and in status
    std::string description; ///< "starting etcd": what a person is told while it runs
    Frequency frequency = Frequency::every_boot;
    /// True if there is nothing to do. May be empty: then apply always runs (and must be idempotent).
    std::function<Result<bool>()> check{};
    /// Does it. transient and tool_failed are retried with backoff for as long as it takes;
    /// the message is shown as what is waited for. invalid_input, refused and bug stop the role.
    std::function<Status()> apply;
};

/// Something that has to be done for as long as the machine runs. Each duty has its own thread.
struct Duty {
    std::string name;
    std::chrono::milliseconds interval;
    /// A failure is shown in status and logged when it changes; the duty goes on.
    std::function<Status()> run;
    /// What status shows while all is well; asked in the duty's thread after each run. May be empty: then nothing.
    std::function<std::string()> words{};
};

/// What a role consists of.
struct Role {
    std::vector<Step> steps;
    std::vector<Duty> duties;
    /// Figures for Prometheus, in its text format, asked for at each scrape. What does not answer is left out.
    std::vector<std::function<std::string()>> figures{};
};

} // namespace ingot::firstboot
