#include <functional>
#include <memory>

#include "firstboot/backuphost/backuphost.hpp"
#include "firstboot/cli/commands.hpp"
#include "firstboot/coordination/endpoints.hpp"
#include "firstboot/db/db.hpp"
#include "firstboot/db/render.hpp"
#include "firstboot/etcd/etcd.hpp"
#include "firstboot/firewall/firewall.hpp"
#include "firstboot/identity/identity.hpp"
#include "firstboot/join/restart.hpp"
#include "firstboot/join/shut_out.hpp"
#include "firstboot/join/signer.hpp"
#include "firstboot/proxy/proxy.hpp"
#include "firstboot/view/server.hpp"

namespace ingot::firstboot::cli {

namespace {

/// An etcd node signs for the other roles as soon as it runs; as long as etcd has no quorum it says so to those who
/// ask.
Step join_service_step(const NodeSpec& node, const cloud_init::AccessConfig& access, Environment& environment,
                       const std::function<EtcdSession()>& open) {
    // The step lives as long as the role does, and by that the server.
    const auto server = std::make_shared<std::unique_ptr<tls::Server>>();
    return {.name = "join.serve",
            .description = "signing the certificates of other nodes",
            .check = [server]() -> Result<bool> { return *server != nullptr; },
            .apply = [server, node, access, &environment, open]() -> Status {
                INGOT_ASSIGN(*server, join::serve(node, access, environment, open), "");
                return {};
            }};
}

/// An etcd node answers the proxies, which etcd does not let in, by what its own member says.
Step view_step(const NodeSpec& node, Environment& environment) {
    const auto server = std::make_shared<std::unique_ptr<tls::Server>>();
    return {.name = "view.serve",
            .description = "answering the proxies",
            .check = [server]() -> Result<bool> { return *server != nullptr; },
            .apply = [server, node, &environment]() -> Status {
                const auto own = [node, &environment] {
                    return EtcdSession(environment.make_http(), {{node.name, node.address}},
                                       tls_for(environment.root, "etcd"));
                };
                INGOT_ASSIGN(*server, view::serve(node, environment, own), "");
                return {};
            }};
}

/// The signers hear from the other nodes which generation of the CAs they have; of an etcd node it says itself.
Duty sighting_duty(const NodeSpec& node, Environment& environment, std::function<EtcdSession()> open) {
    constexpr auto kInterval = std::chrono::seconds(20);
    return {
        .name = "trust.seen", .interval = kInterval, .run = [node, &environment, open = std::move(open)]() -> Status {
            auto etcd = open();
            return record_generation(node, environment, etcd);
        }};
}

/// The other nodes are told by the signers who was revoked; an etcd node asks etcd.
Duty revocation_duty(const NodeSpec& node, Environment& environment, std::function<EtcdSession()> open) {
    constexpr auto kInterval = std::chrono::seconds(20);
    return {.name = "trust.revoked",
            .interval = kInterval,
            .run = [node, &environment, open = std::move(open)]() -> Status {
                auto etcd = open();
                join::Claims claims(*etcd, node.config.cluster);
                INGOT_ASSIGN(const auto books, join::read_books(claims), "asking etcd who was revoked");
                return shut_out_revoked(node, join::addresses_shut_out(books), environment);
            }};
}

} // namespace

Status shut_out_revoked(const NodeSpec& node, const std::vector<std::string>& addresses, Environment& environment) {
    std::vector<std::string> members;
    for (const auto& [name, address] : known_members(environment.root, node.config.etcd.founders)) {
        members.push_back(address);
    }
    return shut_out(node, may_be_shut_out(node, addresses, members), environment);
}

std::vector<std::string> role_data(const NodeSpec& node) {
    switch (node.config.role) {
    case cloud_init::Role::db: return {db::data_directory(node)};
    case cloud_init::Role::etcd: return {std::string(paths::kEtcdData)};
    case cloud_init::Role::proxy: return {};
    // A repository is the cluster's, not the machine's: pgBackRest itself looks whose it is.
    case cloud_init::Role::backup: return {};
    }
    return {};
}

std::vector<Step> role_machine_steps(const NodeSpec& node, Environment& environment) {
    switch (node.config.role) {
    case cloud_init::Role::db: return db_machine_steps(node, environment);
    case cloud_init::Role::backup: return backup_machine_steps(node, environment);
    case cloud_init::Role::etcd:
    case cloud_init::Role::proxy: return {};
    }
    return {};
}

Role make_role(const NodeSpec& node, Environment& environment) {
    switch (node.config.role) {
    case cloud_init::Role::db: return make_db_role(node, environment);
    case cloud_init::Role::etcd: return make_etcd_role(node, environment);
    case cloud_init::Role::proxy: return make_proxy_role(node, environment);
    case cloud_init::Role::backup: return make_backup_role(node, environment);
    }
    return {};
}

void add_join_service(Role& role, const NodeSpec& node, const cloud_init::AccessConfig& access,
                      Environment& environment) {
    const auto open = [node, &environment] {
        return EtcdSession(environment.make_http(), node.config.etcd.founders, tls_for(environment.root, "etcd"));
    };
    role.steps.insert(role.steps.begin(),
                      {join_service_step(node, access, environment, open), view_step(node, environment)});
    role.duties.push_back(join::restart_for_new_cas(node, environment, open));
    role.duties.push_back(sighting_duty(node, environment, open));
    role.duties.push_back(revocation_duty(node, environment, open));
}

} // namespace ingot::firstboot::cli
