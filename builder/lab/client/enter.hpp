// Goes into the lab's namespaces with a command: into a machine, or beside the machines with an image's psql.
#pragma once

#include <string>
#include <vector>

#include "builder/lab/model/state.hpp"
#include "builder/lab/model/table.hpp"
#include "common/process/process.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::lab {

/// Runs a command inside a machine with this process's standard streams; returns its exit code.
Result<int> run_inside(const Paths& paths, const std::string& member, const std::vector<std::string>& argv);

/// Like run_inside(), from the db image in the lab's network, for hosts without psql. `door` says whom to connect to.
Result<int> run_psql(const Paths& paths, const ConnectInfo& info, const HostPorts& host_ports, Door door,
                     const std::vector<std::string>& arguments);

/// True if this host has a psql of its own.
bool host_has_psql();

} // namespace ingot::builder::lab
