// secrets.yaml: the CAs with their keys, the passwords, the repository's cipher. Messages never show what
// stands in it.
#include "cloud-init/cluster/cluster.hpp"

#include <set>

#include "cloud-init/userdata/sections.hpp"
#include "common/crypto/request.hpp"
#include "common/document/document.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::cloud_init {

using document::Fields;
using document::Value;
using document::Writer;

namespace {

constexpr int kVersion = 2; ///< 1 had no tokens

std::optional<crypto::Identity> read_identity(Fields& fields) {
    crypto::Identity authority{.certificate_pem = fields.required_text("certificate"),
                               .key_pem = crypto::Secret(fields.required_text("key"))};
    if (authority.certificate_pem.empty() || authority.key_pem.empty()) { return std::nullopt; }
    const auto info = crypto::inspect_certificate(authority.certificate_pem);
    if (!info) {
        fault_at(fields, "certificate", text::format("no CA certificate: {}", info.error().message));
        return std::nullopt;
    }
    if (!info->is_ca) {
        fault_at(fields, "certificate", "a certificate, but not of a CA");
        return std::nullopt;
    }
    if (const auto checked = crypto::check_key(authority.certificate_pem, authority.key_pem); !checked) {
        fault_at(fields, "key", checked.error().message);
        return std::nullopt;
    }
    return authority;
}

std::optional<Authority> read_authority(Fields& authorities, Role role) {
    const auto name = to_string(role);
    const Value* section = authorities.required(name);
    if (section == nullptr) { return std::nullopt; }
    Fields fields(*section, authorities.path(name), authorities.faults());
    Authority authority;
    auto current = read_identity(fields);
    if (const Value* next = fields.optional("next")) {
        Fields inner(*next, fields.path("next"), authorities.faults());
        authority.next = read_identity(inner);
        inner.finish();
    }
    authority.previous_pem = fields.text("previous");
    if (authority.previous_pem && !crypto::inspect_certificate(*authority.previous_pem)) {
        fault_at(fields, "previous", "no CA certificate");
    }
    fields.finish();
    if (!current) { return std::nullopt; }
    authority.current = *std::move(current);
    return authority;
}

/// Files of the first version have no tokens. The same file always gives the same ones, so that it needs not be
/// written anew: whoever holds it holds the CA's key, too.
RoleToken derived_token(const crypto::Secret& ca_key, Role role) {
    return {.epoch = 1,
            .secret = crypto::Secret(
                crypto::hmac_sha256(ca_key, text::format("ingot role token {} epoch 1", to_string(role))))};
}

void read_role_tokens(Fields& fields, std::int64_t version, Secrets& secrets) {
    if (version == 1) {
        fields.ignore("tokens");
        for (const Role role : kJoiningRoles) {
            const auto authority = secrets.authorities.find(authority_of(role));
            if (authority == secrets.authorities.end()) { continue; }
            secrets.tokens[role] = {derived_token(authority->second.current.key_pem, role)};
        }
        return;
    }
    if (const Value* section = fields.required("tokens")) {
        Fields inner(*section, "tokens", fields.faults());
        for (const Role role : kJoiningRoles) { secrets.tokens[role] = read_tokens(inner, to_string(role)); }
        inner.finish();
    }
}

void read_users(const Value& section, std::map<std::string, UserSecret>& users, Faults& faults) {
    if (section.mapping() == nullptr) {
        faults.add(section.position, "users: expected a mapping of names to passwords");
        return;
    }
    std::set<std::string> seen;
    for (const auto& [name, position, value] : *section.mapping()) {
        check_database_user(position, "users", name, seen, faults);
        Fields fields(value, text::format("users.{}", name), faults);
        UserSecret secret{.password = crypto::Secret(fields.required_text("password")),
                          .verifier = fields.required_text("verifier")};
        if (!secret.verifier.empty() && !crypto::is_scram_verifier(secret.verifier)) {
            fault_at(fields, "verifier", "expected a SCRAM-SHA-256 verifier");
        }
        fields.finish();
        users.insert_or_assign(name, std::move(secret));
    }
}

void write_identity(Writer& writer, const crypto::Identity& identity) {
    writer.entry("certificate", identity.certificate_pem).entry("key", identity.key_pem.reveal());
}

std::map<std::string, RepositorySecret> read_repositories(Fields& parent, Faults& faults) {
    std::map<std::string, RepositorySecret> repositories;
    const Value* const section = parent.optional("repositories");
    if (section == nullptr) { return repositories; }
    const auto path = parent.path("repositories");
    if (section->mapping() == nullptr) {
        faults.add(section->position, path + ": expected a mapping of names to secrets");
        return repositories;
    }
    for (const auto& [name, position, value] : *section->mapping()) {
        Fields fields(value, text::format("{}.{}", path, name), faults);
        RepositorySecret secret{.secret = crypto::Secret(fields.text("secret").value_or("")),
                                .private_key = crypto::Secret(fields.text("private_key").value_or(""))};
        fields.finish();
        repositories.insert_or_assign(name, std::move(secret));
    }
    return repositories;
}

void write_repositories(Writer& writer, const std::map<std::string, RepositorySecret>& repositories) {
    if (repositories.empty()) { return; }
    writer.key("repositories").begin_mapping();
    for (const auto& [name, secret] : repositories) {
        writer.key(name).begin_mapping();
        if (!secret.secret.empty()) { writer.entry("secret", secret.secret.reveal()); }
        if (!secret.private_key.empty()) { writer.entry("private_key", secret.private_key.reveal()); }
        writer.end_mapping();
    }
    writer.end_mapping();
}

SourceSecrets read_source(const Value& section, Faults& faults) {
    Fields fields(section, "source", faults);
    SourceSecrets source{.cipher_pass = crypto::Secret(fields.text("cipher_pass").value_or("")),
                         .repositories = read_repositories(fields, faults),
                         .ca = fields.text("ca").value_or(""),
                         .credential = {.certificate_pem = fields.text("certificate").value_or(""),
                                        .key_pem = crypto::Secret(fields.text("key").value_or(""))}};
    fields.finish();
    return source;
}

void write_source(Writer& writer, const SourceSecrets& source) {
    writer.key("source").begin_mapping();
    if (!source.cipher_pass.empty()) { writer.entry("cipher_pass", source.cipher_pass.reveal()); }
    write_repositories(writer, source.repositories);
    if (!source.ca.empty()) { writer.entry("ca", source.ca); }
    if (!source.credential.key_pem.empty()) {
        writer.entry("certificate", source.credential.certificate_pem);
        writer.entry("key", source.credential.key_pem.reveal());
    }
    writer.end_mapping();
}

} // namespace

Result<Secrets> parse_secrets(std::string_view text, std::string_view file) {
    Faults faults;
    const Value root = document::parse(text, file, faults);
    Secrets secrets;
    Fields fields(root, "", faults);
    constexpr int kMostGenerations = 1'000'000;
    const auto version = fields.number("version", 1, kVersion).value_or(1);
    secrets.id = read_uuid(fields, "id");
    secrets.generation = static_cast<int>(fields.number("generation", 1, kMostGenerations).value_or(1));
    if (const Value* section = fields.required("authorities")) {
        Fields authorities(*section, "authorities", faults);
        for (const Role role : {Role::etcd, Role::db, Role::proxy}) {
            if (auto authority = read_authority(authorities, role)) {
                secrets.authorities.insert_or_assign(role, *std::move(authority));
            }
        }
        authorities.finish();
    }
    read_role_tokens(fields, version, secrets);
    if (const Value* users = fields.optional("users")) { read_users(*users, secrets.users, faults); }
    secrets.repositories = read_repositories(fields, faults);
    secrets.cipher_pass = crypto::Secret(fields.text("cipher_pass").value_or(""));
    if (const Value* section = fields.optional("source")) { secrets.source = read_source(*section, faults); }
    fields.finish();
    if (!faults.empty()) { return faults.to_error(); }
    return secrets;
}

crypto::Secret render_secrets(const Secrets& secrets) {
    Writer writer;
    writer.begin_mapping().entry("version", kVersion).entry("id", secrets.id).entry("generation", secrets.generation);
    writer.key("users").begin_mapping();
    for (const auto& [name, secret] : secrets.users) {
        writer.key(name).begin_mapping();
        writer.entry("password", secret.password.reveal()).entry("verifier", secret.verifier).end_mapping();
    }
    writer.end_mapping();
    if (!secrets.cipher_pass.empty()) { writer.entry("cipher_pass", secrets.cipher_pass.reveal()); }
    if (secrets.source) { write_source(writer, *secrets.source); }
    write_repositories(writer, secrets.repositories);
    writer.key("authorities").begin_mapping();
    for (const auto& [role, authority] : secrets.authorities) {
        writer.key(to_string(role)).begin_mapping();
        write_identity(writer, authority.current);
        if (authority.next) {
            writer.key("next").begin_mapping();
            write_identity(writer, *authority.next);
            writer.end_mapping();
        }
        if (authority.previous_pem) { writer.entry("previous", *authority.previous_pem); }
        writer.end_mapping();
    }
    writer.end_mapping().key("tokens").begin_mapping();
    for (const auto& [role, tokens] : secrets.tokens) {
        writer.key(to_string(role)).begin_sequence();
        for (const auto& token : tokens) { write_token(writer, token); }
        writer.end_sequence();
    }
    writer.end_mapping().end_mapping();
    return crypto::Secret(
        "# Secrets of a cluster, drawn by 'ingot cluster init'. Keep this file out of git, and keep a\n"
        "# copy: without cipher_pass its backups cannot be read. A verifier is made of its password.\n" +
        writer.finish());
}

Result<Secrets> read_secrets(const std::filesystem::path& path) {
    INGOT_ASSIGN(const auto text, files::read(path), "");
    return parse_secrets(text, path.string());
}

} // namespace ingot::cloud_init
