// What ingot-setup.service does at each boot: datasource → user-data → machine → node; then it hands over to the
// agent, does what comes last when the role serves, and ends. It has all rights, for programs of the user-data need
// them, and listens to nobody.
//
// Two rules about failure. User-data with a fault in it changes nothing: it is said what is wrong, line by line,
// and the program stays up so that systemd and the status say the same. And what a person needs to look at a broken
// node comes before anything that can be refused or waited for: the network and the ssh keys that the datasource
// names before the user-data is even read, host name, keys and users of the user-data before files, disks, packages
// and the role.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "cloud-init/userdata/access.hpp"
#include "firstboot/cli/commands.hpp"
#include "firstboot/cli/runner.hpp"
#include "firstboot/node/handover.hpp"
#include "firstboot/node/signed.hpp"
#include "firstboot/system/console.hpp"

namespace ingot::firstboot::cli {

class Setup final {
  public:
    Setup(Environment& environment, StatusBoard& board, Stop& stop, Console& console)
        : environment_(environment), board_(board), stop_(stop), console_(console),
          runner_(environment, board, stop, kSetupTimelineFile) {}

    /// True when all is done and the program may end; false when it was asked to, or when nothing is left to do
    /// because of a failure that time cannot heal.
    bool work();

  private:
    [[nodiscard]] Journal* journal() { return journal_ ? &*journal_ : nullptr; }
    bool open_journal();
    bool set_up_access();
    bool set_up_machine();
    bool set_up_node();
    bool await_service();
    Step read_datasource_step();
    Step read_user_data_step();
    Step find_address_step();
    Step clone_step();
    [[nodiscard]] Step pki_step() const;
    Step hand_over_step();

    Environment& environment_;
    StatusBoard& board_;
    Stop& stop_;
    Console& console_;
    Runner runner_;
    std::optional<PublicKeys> user_data_keys_{}; ///< of the image: only what they signed counts
    std::optional<Metadata> metadata_{};
    std::string counting_{}; ///< the user-data that counts
    std::map<std::string, std::string> included_{};
    std::optional<cloud_init::UserData> user_data_{};
    cloud_init::FirewallConfig firewall_{};
    std::optional<Journal> journal_{};
    Facts facts_{};
    std::optional<NodeSpec> node_{};
};

} // namespace ingot::firstboot::cli
