// Where metadata and user-data come from.
//
// A network datasource is asked only where the machine is known to be at that provider (by DMI, or
// because the command line says so): a metadata address probed blindly can be answered by anybody on
// the local network. The image names the datasources that may be used at all. Nothing here changes the machine.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/result/result.hpp"
#include "firstboot/datasource/source/machine.hpp"
#include "firstboot/node/node.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot {

/// The datasource that the command line or the SMBIOS serial number names ("ds=nocloud;…"); empty: look.
/// invalid_input for one that this agent does not know.
Result<std::string> chosen_datasource(const Machine& machine);

/// The image's allow-list, /usr/lib/ingot/datasources: names with white space between them, '#' for comments.
/// All of them if there is no such file.
std::vector<std::string> allowed_datasources(const files::Root& root);

/// Finds the datasource and reads it, once: what is chosen; else a NoCloud seed, a config drive, and then the
/// provider that the firmware names. transient if there is nothing (yet) or it does not answer, with what was looked
/// at; refused if the choice is not allowed here or belongs to another machine. Takes some seconds at most.
Result<Metadata> read_datasource(Environment& environment);

} // namespace ingot::firstboot
