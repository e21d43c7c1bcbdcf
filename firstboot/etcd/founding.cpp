#include "firstboot/etcd/founding.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "common/crypto/crypto.hpp"
#include "common/json/json.hpp"
#include "common/text/text.hpp"

namespace ingot::firstboot {

namespace {

using json::Json;

constexpr std::size_t kTokenLength = 32;

Result<Phase> phase_from(std::string_view word) {
    constexpr std::array kPhases{Phase::virgin,  Phase::prepared, Phase::committed, Phase::joining,
                                 Phase::started, Phase::member,   Phase::removed,   Phase::left};
    const auto found = std::ranges::find(kPhases, word, [](Phase phase) { return to_string(phase); });
    if (found == kPhases.end()) {
        return fail(ErrorKind::invalid_input, text::format("\"{}\" is no phase of founding a cluster", word));
    }
    return *found;
}

std::optional<std::uint64_t> unsigned_from(const std::string& text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) { return std::nullopt; }
    return value;
}

Result<std::string> required(const Json& document, std::string_view key) {
    auto value = json::string_at(document, key);
    if (!value) { return fail(ErrorKind::invalid_input, text::format("\"{}\" is missing", key)); }
    return *std::move(value);
}

} // namespace

std::string_view to_string(Phase phase) {
    switch (phase) {
    case Phase::virgin: return "virgin";
    case Phase::prepared: return "prepared";
    case Phase::committed: return "committed";
    case Phase::joining: return "joining";
    case Phase::started: return "started";
    case Phase::member: return "member";
    case Phase::removed: return "removed";
    case Phase::left: return "left";
    }
    return "member";
}

std::string to_json_text(const Founding& founding) {
    Json recovered = Json::array();
    for (const auto id : founding.recovered_from) { recovered.push_back(std::to_string(id)); }
    return json::to_text({{"version", 1},
                          {"cluster_id", founding.cluster_id},
                          {"name", founding.name},
                          {"instance_id", founding.instance_id},
                          {"phase", std::string(to_string(founding.phase))},
                          {"token", founding.token},
                          {"initial_cluster", founding.initial_cluster},
                          {"nonce", founding.nonce},
                          {"joined", founding.joined},
                          {"member_id", std::to_string(founding.member_id)},
                          {"etcd_cluster", std::to_string(founding.etcd_cluster)},
                          {"leaving", founding.leaving},
                          {"recovered_from", std::move(recovered)}});
}

Result<Founding> founding_from_json(std::string_view text) {
    INGOT_ASSIGN(const auto document, json::parse(text), "");
    Founding founding;
    INGOT_ASSIGN(founding.cluster_id, required(document, "cluster_id"), "");
    INGOT_ASSIGN(founding.name, required(document, "name"), "");
    INGOT_ASSIGN(founding.instance_id, required(document, "instance_id"), "");
    INGOT_ASSIGN(const auto phase, required(document, "phase"), "");
    INGOT_ASSIGN(founding.phase, phase_from(phase), "");
    INGOT_ASSIGN(founding.token, required(document, "token"), "");
    INGOT_ASSIGN(founding.initial_cluster, required(document, "initial_cluster"), "");
    founding.nonce = json::string_at(document, "nonce").value_or("");
    founding.joined = json::flag_at(document, "joined");
    founding.member_id = json::unsigned_at(document, "member_id").value_or(0);
    founding.etcd_cluster = json::unsigned_at(document, "etcd_cluster").value_or(0);
    founding.leaving = json::flag_at(document, "leaving");
    const auto& recovered = json::member(document, "recovered_from");
    if (recovered.is_array()) {
        for (const auto& entry : recovered) {
            const auto id = entry.is_string() ? unsigned_from(entry.get<std::string>()) : std::nullopt;
            if (!id) { return fail(ErrorKind::invalid_input, "\"recovered_from\" has no ids in it"); }
            founding.recovered_from.push_back(*id);
        }
    }
    return founding;
}

std::string to_json_line(const Attestation& attestation) {
    return json::to_line({{"cluster_id", attestation.cluster_id},
                          {"name", attestation.name},
                          {"instance_id", attestation.instance_id},
                          {"phase", std::string(to_string(attestation.phase))},
                          {"token", attestation.token},
                          {"has_data", attestation.has_data},
                          {"nonce", attestation.nonce}});
}

Result<Attestation> attestation_from_json(std::string_view text) {
    INGOT_ASSIGN(const auto document, json::parse(text), "");
    Attestation attestation;
    INGOT_ASSIGN(attestation.cluster_id, required(document, "cluster_id"), "");
    INGOT_ASSIGN(attestation.name, required(document, "name"), "");
    INGOT_ASSIGN(attestation.instance_id, required(document, "instance_id"), "");
    INGOT_ASSIGN(const auto phase, required(document, "phase"), "");
    INGOT_ASSIGN(attestation.phase, phase_from(phase), "");
    INGOT_ASSIGN(attestation.token, required(document, "token"), "");
    attestation.has_data = json::flag_at(document, "has_data");
    attestation.nonce = json::string_at(document, "nonce").value_or("");
    return attestation;
}

std::string identity_of(std::string_view instance_id, std::string_view nonce) {
    return text::format("{}\t{}", instance_id, nonce);
}

std::string founding_token(std::string_view cluster_id, const Founders& founders,
                           const std::map<std::string, std::string>& identities) {
    auto content = text::format("ingot etcd founding 2\n{}\n", cluster_id);
    for (const auto& [name, address] : founders) {
        const auto known = identities.find(name);
        content += text::format("{}\t{}\t{}\n", name, address, known == identities.end() ? "" : known->second);
    }
    return crypto::sha256_hex(content).substr(0, kTokenLength);
}

std::string random_token() { return crypto::sha256_hex(crypto::random_bytes(kTokenLength)).substr(0, kTokenLength); }

std::string hex_id(std::uint64_t id) { return text::format("{:x}", id); }

std::string url_of(std::string_view address, int port) {
    const bool ipv6 = address.find(':') != std::string_view::npos;
    return ipv6 ? text::format("https://[{}]:{}", address, port) : text::format("https://{}:{}", address, port);
}

std::string initial_cluster(const Founders& founders) {
    std::vector<std::string> members;
    for (const auto& [name, address] : founders) {
        members.push_back(text::format("{}={}", name, url_of(address, kPeerPort)));
    }
    return text::join(members, ",");
}

} // namespace ingot::firstboot
