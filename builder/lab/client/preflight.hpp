// Does this machine have what a lab needs? Asked before anything is made, all answers at once.
#pragma once

#include <string>
#include <vector>

#include "common/process/process.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::lab {

/// refused with one sentence per thing that is missing. A limit of the kernel's that would stop the lab is raised.
Status check_host(process::Processes& processes);
/// not_found with one sentence per role whose image is missing in `images`.
Status check_images(const std::string& images);
/// refused if the caller is not root.
Status check_root(const std::string& command);

} // namespace ingot::builder::lab
