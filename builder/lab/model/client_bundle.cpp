#include "builder/lab/model/client_bundle.hpp"

namespace ingot::builder::lab {

std::string client_bundle(const cloud_init::Secrets& secrets) {
    std::string bundle;
    for (const auto& [role, ca] : secrets.authorities) {
        if (role != cloud_init::Role::etcd) { bundle += cloud_init::bundle_of(ca); }
    }
    return bundle;
}

} // namespace ingot::builder::lab
