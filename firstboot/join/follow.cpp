// May the next step of a rotation be taken? In the order in which it is asked:
//   A  neither another CA signs nor one is dropped (a new CA beside the old one, new tokens)   → yes
//   B  the CA that would sign is not trusted here yet                                          → no: step 1 was
//   skipped C  the CA that signs now would be dropped                                                  → no: step 2
//   was skipped D  a node that lives has not the generation that this node has                             → no, and
//   who it is E  a node that is off has not                                                              → yes:
//   nobody can say whether
//      it comes back; it is named, and is made anew if it does
// Lives: it spoke within ten minutes (each asks every 20 s), or its machine answers now. A node that was revoked is
// not waited for. The operator can say `--anyway`.
#include "firstboot/join/follow.hpp"

#include <algorithm>
#include <array>

#include "common/crypto/crypto.hpp"
#include "common/crypto/request.hpp"
#include "common/json/json.hpp"
#include "common/text/text.hpp"

namespace ingot::firstboot::join {

namespace {

clock::WallTime time_at(const json::Json& object, std::string_view key) {
    return clock::WallTime(std::chrono::seconds(json::number_at(object, key).value_or(0)));
}

/// What names the CAs of a bundle, the one that signs first.
Result<std::vector<std::string>> fingerprints(std::string_view bundle) {
    INGOT_ASSIGN(const auto certificates, crypto::split_certificates(bundle), "reading the CAs");
    std::vector<std::string> prints;
    for (const auto& pem : certificates) {
        INGOT_ASSIGN(const auto info, crypto::inspect_certificate(pem), "reading a CA");
        prints.push_back(info.fingerprint_sha256);
    }
    return prints;
}

bool holds(const std::vector<std::string>& list, const std::string& one) {
    return std::ranges::find(list, one) != list.end();
}

} // namespace

std::string to_json_line(const Sighting& sighting) {
    return json::to_line({{"role", sighting.role},
                          {"address", sighting.address},
                          {"generation", sighting.generation},
                          {"until", clock::to_unix(sighting.until)},
                          {"at", clock::to_unix(sighting.at)}});
}

Result<Sighting> sighting_from_json(std::string_view text) {
    INGOT_ASSIGN(const auto object, json::parse(text), "reading what a node said of itself");
    return Sighting{.role = json::string_at(object, "role").value_or(""),
                    .address = json::string_at(object, "address").value_or(""),
                    .generation = static_cast<int>(json::number_at(object, "generation").value_or(0)),
                    .until = time_at(object, "until"),
                    .at = time_at(object, "at")};
}

bool worth_writing(const Sighting& heard, const Sighting& stored) {
    auto same = heard;
    same.at = stored.at;
    return !(same == stored) || heard.at - stored.at >= kLively / 2;
}

Result<Change> change_between(const Trust& now, const Trust& next) {
    Change change;
    struct Bundles {
        std::string role;
        const std::string& before;
        const std::string& after;
    };
    for (const auto& [role, before, after] :
         std::array{Bundles{"etcd", now.etcd_ca, next.etcd_ca}, Bundles{"db", now.db_ca, next.db_ca},
                    Bundles{"proxy", now.proxy_ca, next.proxy_ca}}) {
        INGOT_ASSIGN(const auto old, fingerprints(before), role);
        INGOT_ASSIGN(const auto given, fingerprints(after), role);
        if (old.front() != given.front()) {
            change.switched.push_back(role);
            if (!holds(old, given.front())) {
                change.skipped.push_back(
                    text::format("the CA of role {} that would sign is not trusted here yet", role));
            }
        }
        if (std::ranges::all_of(old, [&](const auto& print) { return holds(given, print); })) { continue; }
        change.dropped.push_back(role);
        if (!holds(given, old.front())) {
            change.skipped.push_back(
                text::format("the CA of role {} that would be dropped is the one that signs here", role));
        }
    }
    return change;
}

Behind who_is_behind(const std::vector<Follower>& nodes, int generation) {
    Behind behind;
    for (const auto& node : nodes) {
        if (node.revoked || node.generation >= generation) { continue; }
        auto words =
            text::format("{} ({}{}{}, {})", node.name, node.role, node.address.empty() ? "" : " at ", node.address,
                         node.generation == 0 ? "has never said which generation it has"
                                              : text::format("generation {}", node.generation));
        (node.seen || node.answers ? behind.alive : behind.silent).push_back(std::move(words));
    }
    return behind;
}

Status check_step(const Change& change, const Behind& behind, int generation) {
    if (change.switched.empty() && change.dropped.empty()) { return {}; }
    if (!change.skipped.empty()) {
        return fail(
            ErrorKind::refused,
            text::format("a step of the rotation was left out: {}. Each of the three steps is to be handed out, "
                         "in order, and followed by every node before the next one",
                         text::join(change.skipped, "; ")));
    }
    if (!behind.alive.empty()) {
        return fail(
            ErrorKind::refused,
            text::format("these nodes live and have not followed to generation {}, and would be shut out: {}. "
                         "Wait until `ingot-agent trust` shows it for them (a node asks every 20 s), or switch "
                         "them off, or revoke them",
                         generation, text::join(behind.alive, ", ")));
    }
    return {};
}

} // namespace ingot::firstboot::join
