// ingot-agent trust: who belongs to the cluster, and new CAs and tokens for an etcd node.
#include <cstdio>
#include <iostream>
#include <iterator>

#include "common/clock/clock.hpp"
#include "common/http/http.hpp"
#include "common/process/process.hpp"
#include "common/text/text.hpp"
#include "firstboot/cli/commands.hpp"
#include "firstboot/coordination/session.hpp"
#include "firstboot/identity/identity.hpp"
#include "firstboot/join/claims.hpp"

namespace ingot::firstboot::cli {

namespace {

/// Connects to the own member; only etcd nodes keep the register.
Result<EtcdSession> open_register(const Whoami& self, const files::Root& root) {
    if (self.role != "etcd") {
        return fail(ErrorKind::invalid_input, text::format("this is a {} node; ask on an etcd node", self.role));
    }
    return EtcdSession(std::make_unique<http::CurlClient>(), {{self.name, self.address}}, tls_for(root, "etcd"));
}

/// What would make the node lose its cluster is refused here, where somebody sits and reads.
Status check_acceptable(const cloud_init::NodeData& data, const Whoami& self) {
    const auto& given = data.user_data;
    if (!given.ingot) { return fail(ErrorKind::invalid_input, "this is no user-data of an Ingot node"); }
    if (given.ingot->cluster_id != self.cluster_id) {
        return fail(ErrorKind::refused,
                    text::format("this is the user-data of another cluster than {}", self.cluster));
    }
    if (to_string(given.ingot->role) != self.role) {
        return fail(ErrorKind::refused, text::format("this is the user-data of role {}, the node is one of role {}",
                                                     to_string(given.ingot->role), self.role));
    }
    if (data.access.generation <= self.generation) {
        return fail(ErrorKind::refused, text::format("this is generation {}, the node has {} already",
                                                     data.access.generation, self.generation));
    }
    return {};
}

} // namespace

Result<int> trust_list() {
    const files::Root root;
    INGOT_ASSIGN(const auto self, read_identity(root), "");
    std::printf("this node: %s (%s), generation %d of the CAs, certificate until %s\n", self.name.c_str(),
                self.role.c_str(), self.generation, self.until.c_str());
    if (self.role != "etcd") { return 0; }
    INGOT_ASSIGN(auto etcd, open_register(self, root), "");
    join::Claims claims(*etcd, self.cluster);
    INGOT_ASSIGN(const auto names, claims.list(), "");
    INGOT_ASSIGN(const auto revoked, claims.revocations(), "");
    for (const auto& [name, claim] : names) {
        std::printf("%-20s %-6s %-16s key %s  since %s\n", name.c_str(), claim.role.c_str(), claim.address.c_str(),
                    claim.key_sha256.substr(0, 16).c_str(), claim.at.c_str());
    }
    for (const auto& each : revoked) {
        std::printf("%-20s revoked %s (%s)\n", each.name.c_str(), each.at.c_str(), each.address.c_str());
    }
    return 0;
}

Result<int> trust_revoke(const std::string& name) {
    const files::Root root;
    INGOT_ASSIGN(const auto self, read_identity(root), "");
    INGOT_ASSIGN(auto etcd, open_register(self, root), "");
    join::Claims claims(*etcd, self.cluster);
    INGOT_ASSIGN(const auto stored, claims.find(name), "");
    if (!stored) { return fail(ErrorKind::not_found, text::format("no node has joined as {}", name)); }
    INGOT_TRY(claims.revoke({.name = name,
                             .key_sha256 = stored->claim.key_sha256,
                             .address = stored->claim.address,
                             .at = clock::to_rfc3339(clock::SystemClock().now())}),
              "");
    std::printf(
        "%s gets no certificate any more. The one it has ends by itself, within 30 days; switch the machine off.\n"
        "It knows the token of role %s: `ingot cluster rotate-token %s`, twice.\n",
        name.c_str(), stored->claim.role.c_str(), stored->claim.role.c_str());
    return 0;
}

Result<int> trust_lift(const std::string& name) {
    const files::Root root;
    INGOT_ASSIGN(const auto self, read_identity(root), "");
    INGOT_ASSIGN(auto etcd, open_register(self, root), "");
    INGOT_TRY(join::Claims(*etcd, self.cluster).lift(name), "");
    return 0;
}

Result<int> trust_accept() {
    const files::Root root;
    INGOT_ASSIGN(const auto self, read_identity(root), "");
    const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
    auto given = cloud_init::parse_node_data({.user_data = text}, "user-data");
    if (!given) { return std::move(given).error(); }
    INGOT_TRY(check_acceptable(*given, self), "");
    INGOT_TRY(files::write(root.at(kAcceptedFile), text, {.mode = 0600}), "");
    process::PosixProcesses processes;
    INGOT_TRY(
        process::run_checked(processes, {.argv = {"systemctl", "restart", "--no-block", "ingot-agent.service"}}), "");
    std::printf("generation %d is accepted\n", given->access.generation);
    return 0;
}

} // namespace ingot::firstboot::cli
