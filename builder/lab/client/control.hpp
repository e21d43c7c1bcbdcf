// Speaks to the supervisor of a lab.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <sys/types.h>

#include "builder/lab/model/state.hpp"
#include "builder/lab/model/table.hpp"
#include "common/json/json.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::lab {

/// True if the lab's supervisor runs.
bool is_running(const Paths& paths);
/// Asks for something. not_found with what to do about it if there is no supervisor.
Result<json::Json> ask(const Paths& paths, const json::Json& request,
                       std::chrono::milliseconds patience = std::chrono::minutes(3));
/// {"op": op, "members": […]}, or "all": true.
json::Json request_for(const std::string& op, const std::vector<std::string>& members, bool all = false);

/// The lab's members and how they are. A deep look asks the daemons too.
struct Look {
    LabReport report;
    bool pool_open = false;
};
Result<Look> look(const Paths& paths, bool deep);

/// The supervisor's process as the host numbers it.
Result<pid_t> supervisor_pid(const Paths& paths);

/// The lab's state on disk; not_found if there is no such lab.
Result<LabState> read_state(const Paths& paths);

} // namespace ingot::builder::lab
