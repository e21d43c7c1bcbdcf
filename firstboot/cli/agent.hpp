// The course of a boot: datasource → user-data → machine → node → identity → role → duties.
//
// Two rules about failure. User-data with a fault in it changes nothing: the agent says what is wrong, line by
// line, and stays up so that it can be asked. And what a person needs to look at a broken node comes before anything
// that can be refused or waited for: the network and the ssh keys that the datasource names before the user-data
// is even read, host name, keys and users of the user-data before files, disks, packages and the role.
#pragma once

#include <optional>
#include <string>

#include "cloud-init/userdata/access.hpp"
#include "firstboot/cli/commands.hpp"
#include "firstboot/journal/journal.hpp"
#include "firstboot/node/node.hpp"
#include "firstboot/node/signed.hpp"
#include "firstboot/status/board.hpp"
#include "firstboot/steps/engine.hpp"
#include "firstboot/system/environment.hpp"
#include "firstboot/timeline/timeline.hpp"
#include "firstboot/watch/stop.hpp"

namespace ingot::firstboot::cli {

class Agent final : public StepObserver {
  public:
    Agent(Environment& environment, StatusBoard& board, Stop& stop)
        : environment_(environment), board_(board), stop_(stop), recorder_(environment.root.at(kTimelineFile)) {}

    /// From the datasource to the duties; returns when the program is to end, or when nothing is left to do
    /// because of a failure that time cannot heal.
    void work();

    void started(const Step& step) override;
    void waiting(const Step& step, const Error& reason) override;
    void done(const Step& step) override;
    void failed(const Step& step, const Error& reason) override;

  private:
    bool run(std::vector<Step> steps);
    bool open_journal();
    bool set_up_access();
    bool set_up_machine();
    std::optional<Role> set_up_node();
    Step read_datasource_step();
    Step read_user_data_step();
    Step find_address_step();
    Step clone_step();
    [[nodiscard]] Step identity_step() const;
    [[nodiscard]] Duty identity_duty() const;

    Environment& environment_;
    StatusBoard& board_;
    Stop& stop_;
    timeline::Recorder recorder_;
    std::optional<PublicKeys> user_data_keys_{}; ///< of the image: only what they signed counts
    std::optional<Metadata> metadata_{};
    std::optional<cloud_init::UserData> user_data_{};
    cloud_init::AccessConfig access_{};
    std::optional<Journal> journal_{};
    std::optional<NodeSpec> node_{};
    std::string last_reason_{}; ///< without numbers
};

} // namespace ingot::firstboot::cli
