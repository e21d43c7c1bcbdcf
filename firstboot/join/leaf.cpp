#include "firstboot/join/leaf.hpp"

#include <vector>

#include "common/crypto/request.hpp"
#include "common/text/text.hpp"

namespace ingot::firstboot {

using cloud_init::Role;

crypto::LeafRequest leaf_of(std::string_view cluster, Role role, const std::string& name,
                            const std::string& address) {
    const auto domain = cloud_init::domain_of(std::string(cluster));
    crypto::LeafRequest request{.cluster = std::string(cluster),
                                .role = std::string(to_string(role)),
                                .common_name = name,
                                .dns_names = {"localhost", text::format("{}.{}", name, domain)},
                                .ip_addresses = {address, "127.0.0.1"}};
    std::vector<std::string> services;
    switch (role) {
    case Role::etcd: services = {"etcd"}; break;
    case Role::db: services = {"db", "primary", "replica"}; break;
    // The proxy presents its certificate to clients that ask for the primary by name.
    case Role::proxy: services = {"proxy", "primary", "replica"}; break;
    case Role::backup: services = {"backup"}; break;
    }
    for (const auto& service : services) { request.dns_names.push_back(text::format("{}.{}", service, domain)); }
    return request;
}

Result<std::string> signing_ca(std::string_view bundle_pem) {
    INGOT_ASSIGN(auto certificates, crypto::split_certificates(bundle_pem), "reading the CA certificates");
    return std::move(certificates.front());
}

} // namespace ingot::firstboot
