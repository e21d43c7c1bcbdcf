// Hetzner: http://169.254.169.254/hetzner/v1/ and, for machines without IPv4, the same at fe80::a9fe:a9fe.
#pragma once

#include <string>
#include <string_view>

#include "common/result/result.hpp"
#include "firstboot/datasource/source/machine.hpp"
#include "firstboot/node/node.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot::hetzner {

/// True if the firmware says so.
bool detect(const Machine& machine);

/// One bounded try, seven seconds at most. transient while nobody answers; refused if the answer is for another
/// machine than this one (the serial number is the instance-id).
Result<Metadata> read(const Environment& environment, const Machine& machine);

/// The answers of the service: `metadata`, `userdata`, `metadata/private-networks`. All YAML.
Result<Metadata> parse(std::string_view metadata, std::string user_data, std::string_view private_networks);

} // namespace ingot::firstboot::hetzner
