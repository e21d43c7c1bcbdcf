// A disk that wakes up under another instance-id: a snapshot of a booted node, a disk that was moved, a provider that
// gave the server another id. Only a person knows which of them it is, and for data it is the whole difference.
//
// SAFETY, in the order in which decide_clone() tries them. Nothing is ever deleted:
// A. The data on this disk, if there is any, was written as this instance: go on.
// B. There is none: go on as this instance.
// C. There is, and the user-data says nothing about it (or refuse): refuse, name both instances and the choices.
// D. rejoin: the data stays and the role's records go on to count, as the node that wrote them.
// E. renew: the data and the agent's records move aside, and the node begins as a new one.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cloud-init/userdata/userdata.hpp"
#include "common/files/files.hpp"
#include "common/result/result.hpp"

namespace ingot::firstboot {

struct CloneSituation {
    std::string instance_id;         ///< as the datasource says now
    std::string data_instance;       ///< as which this disk was written (Journal)
    std::vector<std::string> data{}; ///< folders of the role that hold something
    cloud_init::OnClone choice = cloud_init::OnClone::refuse;
};

struct BeginAnew {};    ///< A without data, B
struct KeepIdentity {}; ///< A, D
struct RefuseClone {    ///< C
    std::string reason;
};
struct MoveAside { ///< E
    std::vector<std::string> data;
};
using CloneDecision = std::variant<BeginAnew, KeepIdentity, RefuseClone, MoveAside>;

CloneDecision decide_clone(const CloneSituation& situation);

/// Those of the folders that hold something.
std::vector<std::string> folders_with_data(const files::Root& root, const std::vector<std::string>& folders);

/// Renames each folder to "<folder>.of-<instance>", and the agent's records into /var/lib/ingot/of-<instance>. What
/// was moved before a power cut stays moved. refused for a mount point, which cannot be renamed.
Status move_aside(const files::Root& root, const std::vector<std::string>& folders, std::string_view instance);

} // namespace ingot::firstboot
