// What ingot-setup.service hands to ingot-agent.service when the machine is set up, until the next boot.
//
// The agent's sandbox has no disks, no devices and no list of the machine's addresses, so it cannot read a
// datasource. And an agent that is started again, because it was killed, goes on although no datasource answers.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "common/result/result.hpp"
#include "firstboot/node/node.hpp"

namespace ingot::firstboot {

struct Handover {
    /// Without keys and network, which are applied. User-data and vendor-data as they count: signed where they have
    /// to be.
    Metadata metadata;
    Facts facts;
    std::string data_instance;                     ///< see Journal::data_instance()
    std::map<std::string, std::string> included{}; ///< what the user-data includes, by its address
};

/// Holds all secrets of the user-data: for root alone.
inline constexpr std::string_view kHandoverFile = "/run/ingot/handover.json";
/// Left by the agent when the role serves: then the setup does what comes last.
inline constexpr std::string_view kServesMark = "/run/ingot/serves";

std::string to_json_text(const Handover& handover);
Result<Handover> handover_from_json(std::string_view text);

} // namespace ingot::firstboot
