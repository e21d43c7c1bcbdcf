#include "firstboot/identity/identity.hpp"

#include <algorithm>

#include "common/crypto/request.hpp"
#include "common/json/json.hpp"
#include "common/log/log.hpp"
#include "common/text/text.hpp"
#include "firstboot/coordination/endpoints.hpp"
#include "firstboot/join/claims.hpp"
#include "firstboot/join/leaf.hpp"

namespace ingot::firstboot {

namespace {

using cloud_init::Role;

constexpr std::string_view kTrustFile = "/var/lib/ingot/trust.json";
constexpr std::string_view kIdentityFile = "/var/lib/ingot/identity.json";

std::string in_pki(std::string_view file) { return text::format("{}/{}", paths::kPki, file); }

const std::string& bundle_for(const join::Trust& trust, Role role) {
    switch (role) {
    case Role::etcd: return trust.etcd_ca;
    case Role::db:
    case Role::backup: return trust.db_ca;
    case Role::proxy: break;
    }
    return trust.proxy_ca;
}

std::string with_line_end(std::string pem) {
    if (!pem.ends_with('\n')) { pem += '\n'; }
    return pem;
}

Status write_trust(const join::Trust& trust, const files::Root& root) {
    const auto etcd = with_line_end(trust.etcd_ca);
    const auto db = with_line_end(trust.db_ca);
    const auto proxy = with_line_end(trust.proxy_ca);
    const auto all = text::format("{}{}{}", etcd, db, proxy);
    for (const auto& [file, content] :
         {std::pair{"ca-etcd.crt", etcd}, std::pair{"ca-db.crt", db}, std::pair{"ca-proxy.crt", proxy},
          std::pair{"ca-all.crt", all}, std::pair{"ca-etcd-clients.crt", etcd + db}}) {
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

/// Under which generation of the CAs the leaf was made. With a new generation comes a new leaf, even of the same CA:
/// that is what makes every daemon read its files again.
Result<int> leaf_generation(const files::Root& root, std::string_view certificate_pem) {
    INGOT_ASSIGN(const auto content, files::read_if_exists(root.at(kIdentityFile)), "");
    const auto object = json::parse(content.value_or("{}"));
    const auto info = crypto::inspect_certificate(certificate_pem);
    if (!object || !info || json::string_at(*object, "certificate") != info->fingerprint_sha256) { return 0; }
    return static_cast<int>(json::number_at(*object, "generation").value_or(0));
}

/// The key first: if the power goes between the two, they do not fit together and are made anew.
Status keep(const crypto::Identity& leaf, int generation, const NodeSpec& node, const files::Root& root) {
    INGOT_TRY(files::write(root.at(in_pki("node.key")), leaf.key_pem.reveal(), key_ownership(root)), "");
    INGOT_TRY(files::write(root.at(in_pki("node.crt")), leaf.certificate_pem), "");
    INGOT_ASSIGN(const auto info, crypto::inspect_certificate(leaf.certificate_pem), "");
    return files::write(root.at(kIdentityFile), json::to_text({{"cluster", node.config.cluster},
                                                               {"cluster_id", node.config.cluster_id},
                                                               {"role", to_string(node.config.role)},
                                                               {"name", node.name},
                                                               {"address", node.address},
                                                               {"generation", generation},
                                                               {"certificate", info.fingerprint_sha256},
                                                               {"until", clock::to_rfc3339(info.not_after)}}));
}

Status keep_trust(const join::Trust& trust, const NodeSpec& node, const files::Root& root) {
    INGOT_ASSIGN(auto object, json::parse(join::to_json_text(trust)), "");
    object["cluster_id"] = node.config.cluster_id;
    return files::write(root.at(kTrustFile), json::to_text(object), {.mode = 0600});
}

join::Counter counter_of(const NodeSpec& node, const files::Root& root) {
    return {.signers = addresses_to_try(root, node.config.etcd.founders),
            .ca_file = root.at(in_pki("ca-etcd.crt")),
            .cert_file = root.at(in_pki("node.crt")),
            .key_file = root.at(in_pki("node.key"))};
}

/// The key at hand, so that a request that is repeated is the same; or a new one.
Result<crypto::Secret> own_key(const files::Root& root) {
    const auto file = root.at(in_pki("node.key"));
    INGOT_ASSIGN(auto present, files::read_if_exists(file), "");
    crypto::Secret key(present.value_or(""));
    if (!key.empty() && crypto::make_request(key, {.cluster = "c", .role = "r", .common_name = "n"})) { return key; }
    INGOT_ASSIGN(key, crypto::make_private_key(), "");
    INGOT_TRY(files::write(file, key.reveal(), key_ownership(root)), "");
    return key;
}

/// Asks the signers: with the certificate at hand if it is still good for that, else with the role's token.
Result<join::Grant> ask_signers(const NodeSpec& node, const cloud_init::AccessConfig& access,
                                const join::Trust& trust, LeafState leaf, Environment& environment,
                                const crypto::Secret& key) {
    const auto& tokens = access.tokens;
    const auto token = tokens.find(node.config.role);
    join::Application application{
        .wanted = leaf_request(node), .key = key, .trust = trust, .now = environment.clock.now()};
    const auto counter = counter_of(node, environment.root);
    if (leaf == LeafState::due) {
        application.with_certificate = true;
        auto granted = join::apply(counter, application);
        if (granted) { return granted; }
        log::info("renewing with the certificate: " + granted.error().to_string());
        application.with_certificate = false;
    }
    if (token == tokens.end() || token->second.empty()) {
        return fail(ErrorKind::refused, text::format("the user-data holds neither a CA key nor a token of role {}",
                                                     to_string(node.config.role)));
    }
    application.token = token->second.front();
    return join::apply(counter, application);
}

Status issue_here(const NodeSpec& node, const join::Trust& trust, const crypto::Secret& ca_key,
                  Environment& environment) {
    INGOT_ASSIGN(auto certificate, signing_ca(bundle_for(trust, node.config.role)), "");
    const crypto::Identity ca{.certificate_pem = std::move(certificate), .key_pem = ca_key};
    INGOT_ASSIGN(const auto leaf, crypto::issue_leaf(ca, leaf_request(node), environment.clock.now()), "");
    return keep(leaf, trust.generation, node, environment.root);
}

} // namespace

crypto::LeafRequest leaf_request(const NodeSpec& node) {
    return leaf_of(node.config.cluster, node.config.role, node.name, node.address);
}

LeafState judge_leaf(std::string_view certificate_pem, const crypto::Secret& key, std::string_view ca_bundle_pem,
                     const NodeSpec& node, clock::WallTime now) {
    constexpr int kThirds = 3;
    const auto leaf = crypto::inspect_certificate(certificate_pem);
    if (!leaf || !crypto::verify_identity(certificate_pem, key, ca_bundle_pem, now)) { return LeafState::useless; }
    const auto wanted = leaf_request(node);
    if (leaf->common_name != wanted.common_name) { return LeafState::useless; }
    const auto has_all = [](const auto& present, const auto& names) {
        return std::ranges::all_of(
            names, [&present](const auto& name) { return std::ranges::find(present, name) != present.end(); });
    };
    const auto ca = signing_ca(ca_bundle_pem);
    const bool current = ca && crypto::verify_identity(certificate_pem, key, *ca, now) &&
                         has_all(leaf->ip_addresses, wanted.ip_addresses) &&
                         has_all(leaf->dns_names, wanted.dns_names) &&
                         now - leaf->not_before < (leaf->not_after - leaf->not_before) / kThirds;
    return current ? LeafState::good : LeafState::due;
}

Result<join::Trust> newest_trust(const NodeSpec& node, int generation, const files::Root& root) {
    auto told = join::trust_of(node.config.pki, generation);
    INGOT_ASSIGN(const auto content, files::read_if_exists(root.at(kTrustFile)), "");
    if (!content) { return told; }
    const auto object = json::parse(*content);
    auto kept = join::trust_from_json(*content);
    // Of another cluster, or broken: what the user-data says counts.
    if (!object || !kept || json::string_at(*object, "cluster_id") != node.config.cluster_id) { return told; }
    return kept->generation > told.generation ? *std::move(kept) : told;
}

Result<bool> obtain_identity(const NodeSpec& node, Environment& environment) {
    return obtain_identity(node, {}, environment);
}

Status make_pki_folder(const files::Root& root) {
    constexpr mode_t kFilesAreOfTheGroup = 02755;
    files::Ownership ownership{.mode = 0755};
    if (root.is_system()) { ownership = {.mode = kFilesAreOfTheGroup, .user = "root", .group = "ingot"}; }
    return files::make_directory(root.at(paths::kPki), ownership);
}

Result<bool> obtain_identity(const NodeSpec& node, const cloud_init::AccessConfig& access, Environment& environment) {
    const auto& root = environment.root;
    const auto role = node.config.role;
    const auto doing = text::format("obtaining the certificate of {}", node.name);
    INGOT_TRY(make_pki_folder(root), doing);
    INGOT_ASSIGN(const auto trust, newest_trust(node, access.generation, root), doing);
    INGOT_TRY(write_trust(trust, root), doing);
    INGOT_ASSIGN(const auto certificate, files::read_if_exists(root.at(in_pki("node.crt"))), doing);
    INGOT_ASSIGN(const auto key, files::read_if_exists(root.at(in_pki("node.key"))), doing);
    auto state = LeafState::useless;
    if (certificate && key) {
        state =
            judge_leaf(*certificate, crypto::Secret(*key), bundle_for(trust, role), node, environment.clock.now());
        INGOT_ASSIGN(const int generation, leaf_generation(root, *certificate), doing);
        if (state == LeafState::good && generation != trust.generation) { state = LeafState::due; }
    }
    if (state == LeafState::good) {
        INGOT_TRY(files::set_ownership(root.at(in_pki("node.key")), key_ownership(root)), doing);
        return false;
    }
    if (const auto ca_key = node.config.pki.keys.find(cloud_init::authority_of(role));
        ca_key != node.config.pki.keys.end()) {
        INGOT_TRY(issue_here(node, trust, ca_key->second, environment), doing);
        return true;
    }
    INGOT_ASSIGN(const auto own, own_key(root), doing);
    INGOT_ASSIGN(const auto granted, ask_signers(node, access, trust, state, environment, own), doing);
    if (granted.trust.generation > trust.generation) {
        INGOT_TRY(keep_trust(granted.trust, node, root), doing);
        INGOT_TRY(write_trust(granted.trust, root), doing);
    }
    INGOT_TRY(
        keep({.certificate_pem = granted.certificate_pem, .key_pem = own}, granted.trust.generation, node, root),
        doing);
    return true;
}

Result<std::optional<std::vector<std::string>>>
refresh_trust(const NodeSpec& node, const cloud_init::AccessConfig& access, Environment& environment) {
    if (node.config.pki.keys.contains(cloud_init::authority_of(node.config.role))) {
        return std::optional<std::vector<std::string>>();
    }
    INGOT_ASSIGN(const auto known, newest_trust(node, access.generation, environment.root), "");
    const auto self = read_identity(environment.root);
    INGOT_ASSIGN(auto heard, join::ask_trust(counter_of(node, environment.root), self ? self->generation : 0),
                 "asking whether the CAs have changed");
    if (heard.trust.generation > known.generation) {
        log::info(text::format("the CAs are of generation {} now", heard.trust.generation));
        INGOT_TRY(keep_trust(heard.trust, node, environment.root), "");
    }
    return std::move(heard.shut_out);
}

Status record_generation(const NodeSpec& node, const Environment& environment, EtcdSession& etcd) {
    INGOT_ASSIGN(const auto self, read_identity(environment.root), "");
    INGOT_ASSIGN(const auto certificate, files::read(environment.root.at(in_pki("node.crt"))), "");
    INGOT_ASSIGN(const auto info, crypto::inspect_certificate(certificate), "");
    return join::Claims(*etcd, node.config.cluster)
        .see(node.name, {.role = self.role,
                         .address = node.address,
                         .generation = self.generation,
                         .until = info.not_after,
                         .at = environment.clock.now()});
}

Result<Whoami> read_identity(const files::Root& root) {
    INGOT_ASSIGN(const auto content, files::read(root.at(kIdentityFile)), "this node has no certificate yet");
    INGOT_ASSIGN(const auto object, json::parse(content), std::string(kIdentityFile));
    return Whoami{.cluster = json::string_at(object, "cluster").value_or(""),
                  .cluster_id = json::string_at(object, "cluster_id").value_or(""),
                  .role = json::string_at(object, "role").value_or(""),
                  .name = json::string_at(object, "name").value_or(""),
                  .address = json::string_at(object, "address").value_or(""),
                  .generation = static_cast<int>(json::number_at(object, "generation").value_or(0)),
                  .until = json::string_at(object, "until").value_or("")};
}

void adopt_accepted(cloud_init::NodeData& data, const files::Root& root) {
    auto& ingot = data.user_data.ingot;
    const auto kept = files::read_if_exists(root.at(kAcceptedFile));
    if (!ingot || !kept || !*kept) { return; }
    auto accepted = cloud_init::parse_node_data({.user_data = **kept}, kAcceptedFile);
    if (!accepted || !accepted->user_data.ingot) {
        log::warning(text::format("{} cannot be read; the user-data of the machine counts", kAcceptedFile));
        return;
    }
    auto& newer = *accepted->user_data.ingot;
    const bool fits = newer.cluster_id == ingot->cluster_id && newer.role == ingot->role;
    if (fits && accepted->access.generation > data.access.generation) {
        ingot->pki = std::move(newer.pki);
        data.access.generation = accepted->access.generation;
        data.access.tokens = std::move(accepted->access.tokens);
    }
}

http::Tls tls_for(const files::Root& root, std::string_view ca) {
    return {.ca_file = root.at(in_pki(text::format("ca-{}.crt", ca))),
            .cert_file = root.at(in_pki("node.crt")),
            .key_file = root.at(in_pki("node.key"))};
}

} // namespace ingot::firstboot
