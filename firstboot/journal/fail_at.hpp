// Power cuts for tests: ends the agent behind a chosen point at which something has become durable (common/files), or
// behind a command that it ran. Nothing on a node asks for it.
//
// INGOT_FAIL_AT=n        SIGKILL behind the n-th point of this process
// INGOT_FAIL_AT=each:F   SIGKILL behind every point once: what was killed at is noted in the file F first, durably.
//                        Each start gets one point further, so that one boot goes through all of them
// INGOT_FAIL_AT=cut:F    as each, at a quarter of the points (chosen by their digests), and every fifth time the
//                        machine itself is reset, unsynced: RB_AUTOBOOT. In a container that ends its PID 1
//
// A point is what became durable: the path and a digest of what is there. A file that is written again and again with
// other contents counts ten times at most, so that duties end. /run is not durable.
#pragma once

#include "common/process/process.hpp"

namespace ingot::firstboot {

/// Reads INGOT_FAIL_AT and prepares for it. Does nothing without. Once per process, before threads are started.
void install_fail_at();

/// Runs commands as `real` does, with a point behind each; not behind programs of the user-data (INSTANCE_ID in their
/// environment): the agent cannot know how far one of those came, and runs it again.
class FailingProcesses final : public process::Processes {
  public:
    explicit FailingProcesses(process::Processes& real) : real_(real) {}
    Result<process::Output> run(const process::Command& command) override;

  private:
    process::Processes& real_;
};

} // namespace ingot::firstboot
