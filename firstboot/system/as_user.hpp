// Programs that have to run as somebody else.
//
// The agent's own unit may not change users, and what it starts itself is in its sandbox. So such a program gets a
// transient unit of its own from systemd.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "common/process/process.hpp"

namespace ingot::firstboot {

/// A command that runs as this user. Input, both outputs and the exit code are the program's; it is ended after
/// `timeout` also when nobody waits for it any more.
process::Command as_user(const std::string& user, std::vector<std::string> argv, std::chrono::milliseconds timeout);

} // namespace ingot::firstboot
