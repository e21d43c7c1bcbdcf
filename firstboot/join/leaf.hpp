// What the certificate of a node says: the same, whether the node makes it from its CA's key or asks for it.
#pragma once

#include <string>
#include <string_view>

#include "cloud-init/userdata/userdata.hpp"
#include "common/crypto/crypto.hpp"

namespace ingot::firstboot {

/// Subject, names and addresses of a node's certificate.
crypto::LeafRequest leaf_of(std::string_view cluster, cloud_init::Role role, const std::string& name,
                            const std::string& address);

/// The certificate of a bundle that signs: the first one.
Result<std::string> signing_ca(std::string_view bundle_pem);

} // namespace ingot::firstboot
