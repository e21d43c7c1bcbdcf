// Where metadata and user-data come from.
//
// A network datasource is asked only where the machine is known to be at that provider (by DMI, or
// because the command line says so): a metadata address probed blindly can be answered by anybody on
// the local network. Nothing here changes the machine.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/result/result.hpp"
#include "firstboot/node/node.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot {

/// What the command line says about datasources: "ds=nocloud;s=/seed/".
struct DatasourceChoice {
    std::string name;                  ///< "nocloud", "hetzner"; empty: look
    std::optional<std::string> seed{}; ///< s= or seedfrom=: a folder or an http(s) URL, with a final slash
};
/// invalid_input for a datasource that this agent does not know.
Result<DatasourceChoice> datasource_choice(const std::vector<std::string>& command_line);

/// Finds the datasource and reads it, once: explicit choice, then the NoCloud seed folder, then a
/// filesystem labelled cidata, then Hetzner if DMI says so. transient if there is nothing (yet) or it does
/// not answer, with what was looked at; no single call takes longer than some seconds.
Result<Metadata> read_datasource(Environment& environment);

// ---- each datasource by itself --------------------------------------------------------------------

/// The NoCloud seed folder; nothing if it is not there.
Result<std::optional<Metadata>> read_seed_folder(const files::Root& root, std::string_view folder);
/// A filesystem with the label cidata or CIDATA; nothing if there is none.
Result<std::optional<Metadata>> read_seed_device(Environment& environment);
/// A seed behind http(s).
Result<Metadata> read_seed_url(Environment& environment, const std::string& url);
/// Hetzner's metadata service.
Result<Metadata> read_hetzner(Environment& environment);

// ---- their documents, pure ------------------------------------------------------------------------

/// NoCloud's meta-data (YAML): instance-id, local-hostname or hostname, public-keys in any of its forms.
Result<Metadata> parse_nocloud(std::string_view meta_data, std::string user_data);
/// Hetzner's metadata (YAML).
Result<Metadata> parse_hetzner(std::string_view metadata, std::string user_data);
/// User-data as text: one unbroken base64 text is decoded if the result is recognisable, all else is as it is.
std::string decode_user_data(std::string user_data);

} // namespace ingot::firstboot
