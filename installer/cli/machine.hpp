// Who this machine is, for the mark on its disk and for reports.
#pragma once

#include <string>

#include "common/files/files.hpp"

namespace ingot::installer {

/// "uuid:…", else "serial:…", else "mac:…" of the first card; "unknown" for a machine that has none of them.
std::string name_machine(const files::Root& root);

} // namespace ingot::installer
