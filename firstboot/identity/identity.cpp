#include "firstboot/identity/identity.hpp"

#include <algorithm>

#include "common/text/text.hpp"

namespace ingot::firstboot {

namespace {

using cloud_init::Role;

std::string in_pki(std::string_view file) { return text::format("{}/{}", paths::kPki, file); }

const std::string& ca_of(const cloud_init::Pki& pki, Role role) {
    switch (role) {
    case Role::etcd: return pki.etcd_ca;
    case Role::db:
    case Role::backup: return pki.db_ca;
    case Role::proxy: break;
    }
    return pki.proxy_ca;
}

std::string with_line_end(std::string pem) {
    if (!pem.ends_with('\n')) { pem += '\n'; }
    return pem;
}

Status write_trust(const cloud_init::Pki& pki, const files::Root& root) {
    const auto etcd = with_line_end(pki.etcd_ca);
    const auto db = with_line_end(pki.db_ca);
    const auto proxy = with_line_end(pki.proxy_ca);
    const auto all = text::format("{}{}{}", etcd, db, proxy);
    for (const auto& [file, content] : {std::pair{"ca-etcd.crt", etcd}, std::pair{"ca-db.crt", db},
                                        std::pair{"ca-proxy.crt", proxy}, std::pair{"ca-all.crt", all}}) {
        INGOT_TRY(files::write_if_different(root.at(in_pki(file)), content), "writing whom this node trusts");
    }
    return {};
}

/// The services that present the certificate read the key as members of group ingot.
files::Ownership key_ownership(const files::Root& root) {
    files::Ownership ownership{.mode = 0640};
    if (root.is_system()) {
        ownership.user = "root";
        ownership.group = "ingot";
    }
    return ownership;
}

} // namespace

crypto::LeafRequest leaf_request(const NodeSpec& node) {
    const auto& cluster = node.config.cluster;
    const auto domain = cloud_init::domain_of(cluster);
    crypto::LeafRequest request{.cluster = cluster,
                                .role = std::string(to_string(node.config.role)),
                                .common_name = node.name,
                                .dns_names = {"localhost", text::format("{}.{}", node.name, domain)},
                                .ip_addresses = {node.address, "127.0.0.1"}};
    std::vector<std::string> services;
    switch (node.config.role) {
    case Role::etcd: services = {"etcd"}; break;
    case Role::db: services = {"db", "primary", "replica"}; break;
    // The proxy presents its certificate to clients that ask for the primary by name.
    case Role::proxy: services = {"proxy", "primary", "replica"}; break;
    case Role::backup: services = {"backup"}; break;
    }
    for (const auto& service : services) { request.dns_names.push_back(text::format("{}.{}", service, domain)); }
    return request;
}

bool is_good_leaf(std::string_view certificate_pem, const crypto::Secret& key, std::string_view ca_pem,
                  const NodeSpec& node, clock::WallTime now) {
    constexpr int kThird = 3;
    const auto leaf = crypto::inspect_certificate(certificate_pem);
    if (!leaf || !crypto::verify_identity(certificate_pem, key, ca_pem, now)) { return false; }
    const auto wanted = leaf_request(node);
    const auto has_all = [](const auto& present, const auto& names) {
        return std::ranges::all_of(
            names, [&present](const auto& name) { return std::ranges::find(present, name) != present.end(); });
    };
    return leaf->common_name == wanted.common_name && has_all(leaf->ip_addresses, wanted.ip_addresses) &&
           has_all(leaf->dns_names, wanted.dns_names) &&
           leaf->not_after - now > (leaf->not_after - leaf->not_before) / kThird;
}

Result<bool> obtain_identity(const NodeSpec& node, Environment& environment) {
    const auto& root = environment.root;
    const auto& pki = node.config.pki;
    const auto role = node.config.role;
    const auto doing = text::format("obtaining the certificate of {}", node.name);
    const auto certificate_file = root.at(in_pki("node.crt"));
    const auto key_file = root.at(in_pki("node.key"));

    INGOT_TRY(files::make_directory(root.at(paths::kPki)), doing);
    INGOT_TRY(write_trust(pki, root), doing);
    INGOT_ASSIGN(const auto certificate, files::read_if_exists(certificate_file), doing);
    INGOT_ASSIGN(const auto key, files::read_if_exists(key_file), doing);
    const auto now = environment.clock.now();
    if (certificate && key && is_good_leaf(*certificate, crypto::Secret(*key), ca_of(pki, role), node, now)) {
        INGOT_TRY(files::set_ownership(key_file, key_ownership(root)), doing);
        return false;
    }
    const auto ca_key = pki.keys.find(cloud_init::authority_of(role));
    if (ca_key == pki.keys.end()) {
        return fail(ErrorKind::refused,
                    text::format("the user-data holds no CA key of role {}, and this node has no valid certificate",
                                 to_string(role)))
            .with_context(doing);
    }
    const crypto::Identity ca{.certificate_pem = ca_of(pki, role), .key_pem = ca_key->second};
    INGOT_ASSIGN(const auto leaf, crypto::issue_leaf(ca, leaf_request(node), now), doing);
    // The key first: if the power goes between the two, they do not fit together and are made anew.
    INGOT_TRY(files::write(key_file, leaf.key_pem.reveal(), key_ownership(root)), doing);
    INGOT_TRY(files::write(certificate_file, leaf.certificate_pem), doing);
    return true;
}

http::Tls tls_for(const files::Root& root, std::string_view ca) {
    return {.ca_file = root.at(in_pki(text::format("ca-{}.crt", ca))),
            .cert_file = root.at(in_pki("node.crt")),
            .key_file = root.at(in_pki("node.key"))};
}

} // namespace ingot::firstboot
