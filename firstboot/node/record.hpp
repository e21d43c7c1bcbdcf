// What commands on a node have to know of it (`ingot-agent switchover`, …): the running agent leaves it in
// /run/ingot/node.json. No secrets: those stay in the agent.
#pragma once

#include <string>
#include <string_view>

#include "common/files/files.hpp"
#include "firstboot/node/node.hpp"

namespace ingot::firstboot {

inline constexpr std::string_view kNodeFile = "/run/ingot/node.json";

/// Name, address, role, cluster, etcd's founders, PostgreSQL's version and the proxy's ports; nothing else.
std::string to_json_text(const NodeSpec& node);
Result<NodeSpec> node_from_json(std::string_view text);

/// Reads kNodeFile. transient, with a sentence for people, if the agent has not come that far.
Result<NodeSpec> read_node(const files::Root& root);

} // namespace ingot::firstboot
