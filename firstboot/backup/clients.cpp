#include "firstboot/backup/clients.hpp"

#include "common/text/text.hpp"
#include "firstboot/backup/render.hpp"

namespace ingot::firstboot::backup {

namespace {

std::string clients_prefix(const NodeSpec& node) { return ingot_key(node.config.cluster, "backup/clients/"); }

} // namespace

Status announce(const NodeSpec& node, EtcdClient& etcd) {
    const auto key = clients_prefix(node) + node.name;
    INGOT_ASSIGN(const auto present, etcd.get(key), "");
    if (present && present->value == node.address) { return {}; }
    return etcd.put(key, node.address);
}

Status keep_server(const NodeSpec& node, Environment& environment, EtcdClient& etcd) {
    const auto prefix = clients_prefix(node);
    INGOT_ASSIGN(const auto listing, etcd.list(prefix), "reading which db nodes there are");
    std::vector<std::string> names;
    for (const auto& entry : listing.entries) { names.push_back(entry.key.substr(prefix.size())); }
    if (names.empty()) { names.push_back(node.name); } // pgBackRest wants one; this is nobody else
    const auto file = environment.root.at(kClientsFile);
    INGOT_TRY(files::make_directory(file.parent_path()), "");
    INGOT_ASSIGN(const bool changed, files::write_if_different(file, render_clients(node, std::move(names))), "");
    const std::string unit(kServerUnit);
    INGOT_ASSIGN(const auto state, environment.services.state(unit), "");
    if (state == "active") { return changed ? environment.services.reload(unit) : Status(); }
    if (state == "activating" || state == "reloading") { return {}; }
    INGOT_TRY(environment.services.start(unit), "starting pgBackRest's server");
    return {};
}

Status ServerCertificate::operator()(Environment& environment) {
    INGOT_ASSIGN(auto present, files::read(environment.root.at(text::format("{}/node.crt", paths::kPki))), "");
    if (present == loaded_) { return {}; }
    INGOT_TRY(environment.services.reload(std::string(kServerUnit)),
              "making pgBackRest's server read the certificate");
    loaded_ = std::move(present);
    return {};
}

} // namespace ingot::firstboot::backup
