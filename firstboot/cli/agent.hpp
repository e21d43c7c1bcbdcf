// What ingot-agent.service does: begins the setup of the machine (setup.hpp), which is another unit with other
// rights, and shows how it goes; takes over from it; then identity → role → duties, for as long as the machine runs.
//
// A stop that is asked for is a stop of all that: the next start begins with the user-data. An agent that was
// killed goes on where it was.
#pragma once

#include <functional>
#include <optional>

#include "cloud-init/userdata/access.hpp"
#include "firstboot/cli/commands.hpp"
#include "firstboot/cli/runner.hpp"
#include "firstboot/node/node.hpp"

namespace ingot::firstboot::cli {

class Agent final {
  public:
    Agent(Environment& environment, StatusBoard& board, Stop& stop)
        : environment_(environment), board_(board), stop_(stop), runner_(environment, board, stop, kTimelineFile) {}

    /// Returns when the program is to end, or when nothing is left to do because of a failure that time cannot heal.
    void work();

  private:
    bool begin_setup();
    bool await_setup(const std::function<bool(const NodeStatus&)>& is_done);
    Step take_over_step();
    [[nodiscard]] Step identity_step() const;
    [[nodiscard]] Step serves_step() const;
    [[nodiscard]] Duty identity_duty() const;

    Environment& environment_;
    StatusBoard& board_;
    Stop& stop_;
    Runner runner_;
    cloud_init::AccessConfig access_{};
    std::optional<NodeSpec> node_{};
};

} // namespace ingot::firstboot::cli
