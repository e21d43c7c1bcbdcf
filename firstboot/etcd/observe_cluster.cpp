// Clusters as they are found: by the peer ports, which answer without a quorum, then by the client ports, which
// tell whether there is one.
#include <algorithm>
#include <charconv>
#include <future>
#include <set>

#include "common/log/log.hpp"
#include "common/text/text.hpp"
#include "firstboot/etcd/disk.hpp"
#include "firstboot/etcd/observe.hpp"
#include "firstboot/identity/identity.hpp"

namespace ingot::firstboot::etcd {

namespace {

constexpr auto kWaitingLease = std::chrono::seconds(30);

/// The members that the answers of one cluster name, each once.
std::vector<EtcdMember> merge_lists(const std::map<std::string, PeerPortAnswer>& answers, std::uint64_t cluster) {
    std::vector<EtcdMember> members;
    for (const auto& [address, answer] : answers) {
        if (answer.cluster_id != cluster) { continue; }
        for (const auto& member : answer.members) {
            const auto known = std::ranges::find(members, member.id, &EtcdMember::id);
            if (known == members.end()) {
                members.push_back(member);
            } else if (known->client_urls.empty()) {
                *known = member; // the other one had not heard yet that it runs
            }
        }
    }
    return members;
}

/// The client endpoint of a member; one that has not published it yet serves at its peer address.
std::string client_url(const EtcdMember& member) {
    return member.client_urls.empty() ? url_of(address_of(member), kClientPort) : member.client_urls.front();
}

ListedMember look_at(const Member& member, std::uint64_t cluster_id, const EtcdMember& listed) {
    ListedMember seen{.member = listed};
    const auto address = address_of(listed);
    auto session = member.session_with({client_url(listed)});
    const auto status = session->status();
    if (status && status->cluster_id == cluster_id && status->member_id == listed.id) {
        seen.answers = true;
        seen.healthy = status->leader != 0;
        return seen;
    }
    const auto port = ask_peer_port(member.environment, address);
    seen.answers = port && port->cluster_id == cluster_id;
    return seen;
}

std::vector<ListedMember> look_at_all(const Member& member, std::uint64_t cluster_id,
                                      const std::vector<EtcdMember>& listed) {
    std::vector<std::future<ListedMember>> looks;
    for (const auto& entry : listed) {
        looks.push_back(std::async(std::launch::async, [&member, cluster_id, &entry] {
            // Whoever sits at this node's own address while its etcd does not run is its past life.
            return look_at(member, cluster_id, entry);
        }));
    }
    std::vector<ListedMember> seen;
    seen.reserve(looks.size());
    for (auto& look : looks) { seen.push_back(look.get()); }
    return seen;
}

/// Marks whom the healthy members still hear: the bytes they have received from it grow. Only asked about those that
/// do not answer here; on the first look nobody can tell yet, so it counts as heard.
void mark_active(Member& member, std::vector<ListedMember>& members) {
    constexpr std::size_t kLimit = 4U << 20U;
    constexpr auto kSilence = std::chrono::seconds(5);
    std::erase_if(member.heard, [&members](const auto& entry) {
        return std::ranges::none_of(members, [&entry](const ListedMember& listed) {
            return listed.member.id == entry.first && listed.is_dead();
        });
    });
    if (std::ranges::none_of(members, [](const ListedMember& listed) { return listed.is_dead(); })) { return; }
    const auto http = member.environment.make_http();
    std::map<std::uint64_t, double> received;
    for (const auto& listed : members) {
        if (!listed.healthy || listed.member.learner) { continue; }
        const auto metrics = http->send({.url = client_url(listed.member) + "/metrics",
                                         .tls = tls_for(member.environment.root, "etcd"),
                                         .response_limit = kLimit});
        if (!metrics) { continue; }
        for (const auto& [id, bytes] : gateway::heard_from(metrics->body)) { received[id] += bytes; }
    }
    const auto now = member.environment.clock.monotonic();
    for (auto& listed : members) {
        if (!listed.is_dead()) { continue; }
        const double bytes = received[listed.member.id];
        const auto [entry, is_new] = member.heard.try_emplace(listed.member.id, Member::Heard{bytes, now});
        if (!is_new && entry->second.bytes != bytes) { entry->second = {bytes, now}; }
        listed.active = now - entry->second.since < kSilence;
    }
}

void note_silence(Member& member, std::vector<ListedMember>& members) {
    const auto now = member.environment.clock.monotonic();
    for (auto& listed : members) {
        if (!listed.is_dead()) {
            member.silent_since.erase(listed.member.id);
            continue;
        }
        const auto since = member.silent_since.try_emplace(listed.member.id, now).first->second;
        listed.silent_for = std::chrono::duration_cast<std::chrono::seconds>(now - since);
    }
}

std::string last_part(std::string_view key) { return std::string(key.substr(key.rfind('/') + 1)); }

Result<std::vector<std::uint64_t>> read_superseded(const Member& member, ClusterSession& etcd) {
    constexpr int kHex = 16;
    INGOT_ASSIGN(const auto listing, etcd->list(member.key("superseded/")), "");
    std::vector<std::uint64_t> ids;
    for (const auto& entry : listing.entries) {
        const auto word = last_part(entry.key);
        std::uint64_t id = 0;
        if (std::from_chars(word.data(), word.data() + word.size(), id, kHex).ec == std::errc()) {
            ids.push_back(id);
        }
    }
    return ids;
}

/// Enters this machine in the list of those who want to be let in; the entry ends with it.
Status register_waiting(Member& member, ClusterSession& etcd) {
    const auto key = member.key("waiting/" + member.node.name);
    if (member.waiting_lease != 0) {
        INGOT_ASSIGN(const bool alive, etcd->keep_alive(member.waiting_lease), "");
        if (alive) { return {}; }
        member.waiting_lease = 0;
    }
    INGOT_ASSIGN(member.waiting_lease, etcd->grant_lease(kWaitingLease), "");
    return etcd->put(key, member.node.address, member.waiting_lease);
}

Result<std::vector<std::string>> read_waiting(const Member& member, ClusterSession& etcd) {
    INGOT_ASSIGN(auto listing, etcd->list(member.key("waiting/")), "");
    std::ranges::sort(listing.entries, {}, &KeyValue::create_revision);
    std::vector<std::string> names;
    for (const auto& entry : listing.entries) { names.push_back(last_part(entry.key)); }
    return names;
}

bool is_listed(const Member& member, const std::vector<EtcdMember>& members) {
    const auto own_url = url_of(member.node.address, kPeerPort);
    return std::ranges::any_of(members, [&](const EtcdMember& listed) {
        return listed.name == member.node.name ||
               std::ranges::find(listed.peer_urls, own_url) != listed.peer_urls.end();
    });
}

/// A machine that was told to leave does not ask to be let in again.
bool has_left(const Member& member) {
    const auto record = read_founding(member.environment.root);
    return record && *record && ((*record)->leaving || (*record)->phase == Phase::left);
}

/// What only a quorum can tell. Without one the view stays as it is.
Status complete_by_quorum(Member& member, ClusterView& view) {
    std::vector<std::string> endpoints;
    for (const auto& listed : view.members) {
        if (listed.healthy && !listed.member.learner) { endpoints.push_back(client_url(listed.member)); }
    }
    if (endpoints.empty()) { return fail(ErrorKind::transient, "no member knows a leader"); }
    auto etcd = member.session_with(endpoints);
    INGOT_ASSIGN(const auto identity, etcd->identify(), "");
    if (identity.cluster_id != view.id) { return fail(ErrorKind::transient, "another cluster answered"); }
    INGOT_ASSIGN(const auto listed, etcd->members(), "");
    INGOT_ASSIGN(view.supersedes, read_superseded(member, etcd), "");
    if (!is_listed(member, listed) && !has_write_ahead_log(member.environment.root) && !has_left(member)) {
        INGOT_TRY(register_waiting(member, etcd), "");
    }
    INGOT_ASSIGN(view.waiting, read_waiting(member, etcd), "");
    // The list that counts is the quorum's; whom the peer ports did not name is looked at as well.
    std::vector<ListedMember> members;
    for (const auto& entry : listed) {
        const auto seen =
            std::ranges::find(view.members, entry.id, [](const ListedMember& each) { return each.member.id; });
        members.push_back(seen == view.members.end() ? look_at(member, view.id, entry) : *seen);
        members.back().member = entry;
    }
    mark_active(member, members);
    view.members = std::move(members);
    view.quorate = true;
    return {};
}

} // namespace

Result<PeerPortAnswer> ask_peer_port(const Environment& environment, std::string_view address) {
    constexpr int kOk = 200;
    constexpr int kHex = 16;
    constexpr std::string_view kHeader = "x-etcd-cluster-id";
    const auto http = environment.make_http();
    INGOT_ASSIGN(const auto response,
                 http->send({.url = url_of(address, kPeerPort) + "/members",
                             .tls = tls_for(environment.root, "etcd"),
                             .connect_timeout = std::chrono::seconds(2),
                             .timeout = std::chrono::seconds(4),
                             .response_limit = 1U << 20U}),
                 "");
    const auto header = response.headers.find(std::string(kHeader));
    if (response.status != kOk || header == response.headers.end()) {
        return fail(ErrorKind::transient, text::format("{} port {}: no etcd", address, kPeerPort));
    }
    PeerPortAnswer answer;
    const auto& id = header->second;
    if (std::from_chars(id.data(), id.data() + id.size(), answer.cluster_id, kHex).ec != std::errc()) {
        return fail(ErrorKind::transient, text::format("{} is no cluster id", id));
    }
    INGOT_ASSIGN(const auto list, json::parse(response.body), "");
    if (!list.is_array()) { return answer; }
    for (const auto& entry : list) {
        auto member = gateway::member_from(entry);
        member.id = json::unsigned_at(entry, "id").value_or(0);
        answer.members.push_back(std::move(member));
    }
    return answer;
}

ClusterView observe_members(Member& member, std::uint64_t cluster_id, const std::vector<EtcdMember>& listed) {
    ClusterView view{.id = cluster_id, .members = look_at_all(member, cluster_id, listed)};
    if (const auto completed = complete_by_quorum(member, view); !completed) {
        log::debug(text::format("cluster {}: {}", hex_id(cluster_id), completed.error().to_string()));
    }
    note_silence(member, view.members);
    return view;
}

std::vector<ClusterView> observe_clusters(Member& member, const std::map<std::string, PeerPortAnswer>& answers) {
    std::map<std::uint64_t, std::vector<std::string>> seen_at;
    for (const auto& [address, answer] : answers) { seen_at[answer.cluster_id].push_back(address); }
    std::vector<ClusterView> views;
    for (const auto& [id, addresses] : seen_at) {
        views.push_back(observe_members(member, id, merge_lists(answers, id)));
        views.back().seen_at = text::join(addresses, ", ");
    }
    return views;
}

} // namespace ingot::firstboot::etcd
