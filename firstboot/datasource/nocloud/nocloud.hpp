// NoCloud: metadata and user-data that somebody put beside the machine.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/result/result.hpp"
#include "firstboot/datasource/source/machine.hpp"
#include "firstboot/node/node.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot::nocloud {

/// What "ds=nocloud;s=URL;i=ID;h=NAME" says, on the kernel's command line or in the SMBIOS serial number.
struct Line {
    std::optional<std::string> seed{}; ///< s=, seedfrom=: a folder (without file://) or a http(s) URL, as written
    std::string instance_id;           ///< i=, instance-id=
    std::string hostname;              ///< h=, local-hostname=
};

/// `words` is the value of ds=, without "ds=": "nocloud;s=…". Nothing if it names another datasource.
std::optional<Line> parse_line(std::string_view words);
/// Serial number before command line, key by key, as in cloud-init. Nothing if neither speaks of NoCloud.
std::optional<Line> find_line(const Machine& machine);

/// The address of one file of a seed: `%s` in it is replaced by the name; else the name is appended, behind a '/'
/// unless there is one or a query.
std::string seed_url(std::string_view seed, std::string_view name);

/// Reads what `line` names, or else looks: seed folder, then filesystems. Nothing if there is no seed. transient
/// while a URL does not answer or gives what is no seed; invalid_input if a folder or medium is there and wrong. What
/// the line says wins over meta-data.
Result<std::optional<Metadata>> read(Environment& environment, const Machine& machine,
                                     const std::optional<Line>& line);

/// meta-data (YAML) and the rest of a seed.
struct Seed {
    std::string meta_data;
    std::string user_data;
    std::string vendor_data{};
    std::string network_config{};
    std::string signature{}; ///< user-data.sig
    std::string place{};
};
Result<Metadata> parse(Seed seed);

} // namespace ingot::firstboot::nocloud
