// The program that becomes a lab's supervisor: `ingot lab supervise NAME`, started by `ingot lab up`.
#pragma once

#include <string>

#include "builder/lab/model/plan.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::lab {

/// Reads the lab's state folder, takes the host's ports, leaves the host's namespaces and serves in the background.
/// Returns once the lab is ready for requests, or with the reason why it is not.
Status supervise(const std::string& name);

/// Random ids for a new machine.
MemberSeed draw_seed();

} // namespace ingot::builder::lab
