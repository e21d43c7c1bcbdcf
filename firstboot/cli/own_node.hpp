// For commands beside the running agent: what that one makes of metadata and user-data.
#pragma once

#include <optional>

#include "firstboot/node/node.hpp"
#include "firstboot/node/signed.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot::cli {

/// What an #include of the user-data names. Where user-data has to be signed, so has this. `keys` has to outlive it.
cloud_init::Fetch fetch_with(const Environment& environment, const std::optional<PublicKeys>& keys);

/// As the running agent reads it: where the image demands signed user-data, unsigned is refused here, too.
Result<NodeSpec> own_node(Environment& environment);

} // namespace ingot::firstboot::cli
