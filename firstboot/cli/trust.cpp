// ingot-agent trust: who belongs to the cluster, and new CAs and tokens for an etcd node.
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <map>

#include "common/clock/clock.hpp"
#include "common/http/http.hpp"
#include "common/process/process.hpp"
#include "common/text/text.hpp"
#include "firstboot/cli/commands.hpp"
#include "firstboot/coordination/session.hpp"
#include "firstboot/identity/identity.hpp"
#include "firstboot/join/claims.hpp"
#include "firstboot/join/signer.hpp"

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

/// Whom this node trusts now, from the files that its daemons read.
Result<join::Trust> present_trust(const Whoami& self, const files::Root& root) {
    join::Trust trust{.generation = self.generation};
    for (const auto& [role, bundle] :
         {std::pair{"etcd", &trust.etcd_ca}, std::pair{"db", &trust.db_ca}, std::pair{"proxy", &trust.proxy_ca}}) {
        INGOT_ASSIGN(*bundle, files::read(tls_for(root, role).ca_file), "reading whom this node trusts");
    }
    return trust;
}

/// All that etcd knows of who belongs to the cluster.
struct Books {
    std::map<std::string, join::Claim> claims{};
    std::map<std::string, join::Sighting> sightings{};
    std::vector<join::Revocation> revoked{};
    std::map<std::string, std::string> members{}; ///< of etcd: name → address
};

Result<Books> read_books(EtcdSession& etcd, const std::string& cluster) {
    Books books;
    join::Claims claims(*etcd, cluster);
    INGOT_ASSIGN(auto names, claims.list(), "");
    INGOT_ASSIGN(auto seen, claims.sightings(), "");
    INGOT_ASSIGN(books.revoked, claims.revocations(), "");
    INGOT_ASSIGN(const auto members, etcd->members(), "");
    books.claims = {names.begin(), names.end()};
    books.sightings = {seen.begin(), seen.end()};
    for (const auto& member : members) {
        const auto url = member.client_urls.empty() ? std::string() : member.client_urls.front();
        const auto from = url.find("//");
        const auto to = url.rfind(':');
        const bool whole = from != std::string::npos && to > from + 2 && to != std::string::npos;
        if (!member.name.empty()) { books.members[member.name] = whole ? url.substr(from + 2, to - from - 2) : ""; }
    }
    return books;
}

/// Every node that may be there. An etcd node that is no member any more counts no longer.
std::vector<join::Follower> followers(const Books& books, clock::WallTime now) {
    std::map<std::string, join::Follower> nodes;
    for (const auto& [name, address] : books.members) {
        nodes[name] = {.name = name, .role = "etcd", .address = address};
    }
    for (const auto& [name, claim] : books.claims) {
        nodes[name] = {.name = name, .role = claim.role, .address = claim.address};
    }
    for (const auto& [name, sighting] : books.sightings) {
        if (sighting.role == "etcd" && !books.members.contains(name)) { continue; }
        auto& node = nodes[name];
        node = {.name = name, .role = sighting.role, .address = sighting.address, .generation = sighting.generation};
        node.seen = now - sighting.at < join::kLively;
    }
    std::vector<join::Follower> list;
    for (auto& [name, node] : nodes) {
        node.revoked = std::ranges::any_of(books.revoked, [&](const auto& each) { return each.name == name; });
        list.push_back(std::move(node));
    }
    return list;
}

/// Every node's port for metrics is open to the private network, so silence there is silence.
void knock(std::vector<join::Follower>& nodes, int generation) {
    constexpr int kMetricsPort = 9180;
    constexpr auto kPatience = std::chrono::seconds(2);
    for (auto& node : nodes) {
        if (node.generation >= generation || node.seen || node.revoked || node.address.empty()) { continue; }
        node.answers = join::machine_answers(node.address, kMetricsPort, kPatience);
    }
}

/// Whether the step may be taken; says who will be left behind.
Status check_rotation(const cloud_init::NodeData& data, const Whoami& self, const files::Root& root) {
    INGOT_ASSIGN(const auto present, present_trust(self, root), "");
    const auto next = join::trust_of(data.user_data.ingot->pki, data.access.generation);
    INGOT_ASSIGN(const auto change, join::change_between(present, next), "");
    if (change.switched.empty() && change.dropped.empty()) { return {}; }
    INGOT_ASSIGN(auto etcd, open_register(self, root), "");
    INGOT_ASSIGN(const auto books, read_books(etcd, self.cluster),
                 "asking etcd which nodes have followed the rotation so far");
    auto nodes = followers(books, clock::SystemClock().now());
    knock(nodes, self.generation);
    const auto behind = join::who_is_behind(nodes, self.generation);
    for (const auto& node : behind.silent) {
        std::fprintf(stderr,
                     "%s is silent and has not followed: if it comes back it knows the cluster no more, and is "
                     "made anew\n",
                     node.c_str());
    }
    return join::check_step(change, behind, self.generation);
}

std::string ago(clock::WallTime then, clock::WallTime now) {
    constexpr long long kLongMinutes = 120;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - then).count();
    const auto minutes = seconds / 60;
    return minutes < kLongMinutes ? text::format("{} min ago", std::max(0LL, static_cast<long long>(minutes)))
                                  : text::format("{} h ago", minutes / 60);
}

} // namespace

Result<int> trust_list() {
    const files::Root root;
    INGOT_ASSIGN(const auto self, read_identity(root), "");
    std::printf("this node: %s (%s), generation %d of the CAs, certificate until %s\n", self.name.c_str(),
                self.role.c_str(), self.generation, self.until.c_str());
    if (self.role != "etcd") { return 0; }
    INGOT_ASSIGN(auto etcd, open_register(self, root), "");
    INGOT_ASSIGN(const auto books, read_books(etcd, self.cluster), "");
    const auto now = clock::SystemClock().now();
    std::printf("\n%-20s %-6s %-16s %-10s %-12s %-21s %s\n", "NAME", "ROLE", "ADDRESS", "GENERATION", "SEEN",
                "CERTIFICATE UNTIL", "KEY");
    for (const auto& node : followers(books, now)) {
        const auto seen = books.sightings.find(node.name);
        const bool known = seen != books.sightings.end();
        const auto claim = books.claims.find(node.name);
        std::printf("%-20s %-6s %-16s %-10s %-12s %-21s %s%s\n", node.name.c_str(), node.role.c_str(),
                    node.address.c_str(), node.generation == 0 ? "?" : std::to_string(node.generation).c_str(),
                    known ? ago(seen->second.at, now).c_str() : "never",
                    known ? clock::to_rfc3339(seen->second.until).c_str() : "?",
                    claim == books.claims.end() ? "-" : claim->second.key_sha256.substr(0, 16).c_str(),
                    node.generation < self.generation && !node.revoked ? "  has not followed" : "");
    }
    for (const auto& each : books.revoked) {
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
        "%s gets no certificate any more, and within a minute no node talks to %s: connections that are there "
        "end, also if it leads.\n"
        "The certificate it has is good for other addresses of the private network until it ends, within 30 "
        "days; switch the machine off.\n"
        "It knows the token of role %s: `ingot cluster rotate-token %s`, twice.\n",
        name.c_str(), stored->claim.address.c_str(), stored->claim.role.c_str(), stored->claim.role.c_str());
    return 0;
}

Result<int> trust_lift(const std::string& name) {
    const files::Root root;
    INGOT_ASSIGN(const auto self, read_identity(root), "");
    INGOT_ASSIGN(auto etcd, open_register(self, root), "");
    INGOT_TRY(join::Claims(*etcd, self.cluster).lift(name), "");
    return 0;
}

Result<int> trust_accept(bool anyway) {
    const files::Root root;
    INGOT_ASSIGN(const auto self, read_identity(root), "");
    const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
    auto given = cloud_init::parse_node_data({.user_data = text}, "user-data");
    if (!given) { return std::move(given).error(); }
    INGOT_TRY(check_acceptable(*given, self), "");
    if (const auto allowed = check_rotation(*given, self, root); !allowed) {
        if (!anyway) {
            return Error(allowed.error())
                .with_context(text::format("generation {} is not accepted (--anyway accepts it all the same)",
                                           given->access.generation));
        }
        std::fprintf(stderr, "accepted anyway: %s\n", allowed.error().to_string().c_str());
    }
    INGOT_TRY(files::write(root.at(kAcceptedFile), text, {.mode = 0600}), "");
    process::PosixProcesses processes;
    INGOT_TRY(
        process::run_checked(processes, {.argv = {"systemctl", "restart", "--no-block", "ingot-agent.service"}}), "");
    std::printf("generation %d is accepted\n", given->access.generation);
    return 0;
}

} // namespace ingot::firstboot::cli
