// secrets.yaml: the CAs with their keys, the passwords, the repository's cipher. Messages never show what
// stands in it.
#include "cloud-init/cluster/cluster.hpp"

#include <set>

#include "cloud-init/userdata/sections.hpp"
#include "common/document/document.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::cloud_init {

using document::Fields;
using document::Value;
using document::Writer;

namespace {

std::optional<crypto::Identity> read_authority(Fields& authorities, Role role) {
    const auto name = to_string(role);
    const Value* section = authorities.required(name);
    if (section == nullptr) { return std::nullopt; }
    Fields fields(*section, authorities.path(name), authorities.faults());
    crypto::Identity authority{.certificate_pem = fields.required_text("certificate"),
                               .key_pem = crypto::Secret(fields.required_text("key"))};
    fields.finish();
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

SourceSecrets read_source(const Value& section, Faults& faults) {
    Fields fields(section, "source", faults);
    SourceSecrets source{.cipher_pass = crypto::Secret(fields.text("cipher_pass").value_or("")),
                         .ca = fields.text("ca").value_or(""),
                         .credential = {.certificate_pem = fields.text("certificate").value_or(""),
                                        .key_pem = crypto::Secret(fields.text("key").value_or(""))}};
    fields.finish();
    return source;
}

void write_source(Writer& writer, const SourceSecrets& source) {
    writer.key("source").begin_mapping();
    if (!source.cipher_pass.empty()) { writer.entry("cipher_pass", source.cipher_pass.reveal()); }
    if (!source.ca.empty()) { writer.entry("ca", source.ca); }
    if (!source.credential.key_pem.empty()) {
        writer.entry("certificate", source.credential.certificate_pem);
        writer.entry("key", source.credential.key_pem.reveal());
    }
    writer.end_mapping();
}

void read_repositories(const Value& section, std::map<std::string, RepositorySecret>& repositories, Faults& faults) {
    if (section.mapping() == nullptr) {
        faults.add(section.position, "repositories: expected a mapping of names to secrets");
        return;
    }
    for (const auto& [name, position, value] : *section.mapping()) {
        Fields fields(value, text::format("repositories.{}", name), faults);
        RepositorySecret secret{.secret = crypto::Secret(fields.text("secret").value_or("")),
                                .private_key = crypto::Secret(fields.text("private_key").value_or(""))};
        fields.finish();
        repositories.insert_or_assign(name, std::move(secret));
    }
}

} // namespace

Result<Secrets> parse_secrets(std::string_view text, std::string_view file) {
    Faults faults;
    const Value root = document::parse(text, file, faults);
    Secrets secrets;
    Fields fields(root, "", faults);
    secrets.id = read_uuid(fields, "id");
    if (const Value* section = fields.required("authorities")) {
        Fields authorities(*section, "authorities", faults);
        for (const Role role : {Role::etcd, Role::db, Role::proxy}) {
            if (auto authority = read_authority(authorities, role)) {
                secrets.authorities.insert_or_assign(role, *std::move(authority));
            }
        }
        authorities.finish();
    }
    if (const Value* users = fields.optional("users")) { read_users(*users, secrets.users, faults); }
    if (const Value* section = fields.optional("repositories")) {
        read_repositories(*section, secrets.repositories, faults);
    }
    secrets.cipher_pass = crypto::Secret(fields.text("cipher_pass").value_or(""));
    if (const Value* section = fields.optional("source")) { secrets.source = read_source(*section, faults); }
    fields.finish();
    if (!faults.empty()) { return faults.to_error(); }
    return secrets;
}

crypto::Secret render_secrets(const Secrets& secrets) {
    Writer writer;
    writer.begin_mapping().entry("id", secrets.id).key("users").begin_mapping();
    for (const auto& [name, secret] : secrets.users) {
        writer.key(name).begin_mapping();
        writer.entry("password", secret.password.reveal()).entry("verifier", secret.verifier).end_mapping();
    }
    writer.end_mapping();
    if (!secrets.cipher_pass.empty()) { writer.entry("cipher_pass", secrets.cipher_pass.reveal()); }
    if (secrets.source) { write_source(writer, *secrets.source); }
    if (!secrets.repositories.empty()) {
        writer.key("repositories").begin_mapping();
        for (const auto& [name, secret] : secrets.repositories) {
            writer.key(name).begin_mapping();
            if (!secret.secret.empty()) { writer.entry("secret", secret.secret.reveal()); }
            if (!secret.private_key.empty()) { writer.entry("private_key", secret.private_key.reveal()); }
            writer.end_mapping();
        }
        writer.end_mapping();
    }
    writer.key("authorities").begin_mapping();
    for (const auto& [role, authority] : secrets.authorities) {
        writer.key(to_string(role)).begin_mapping();
        writer.entry("certificate", authority.certificate_pem).entry("key", authority.key_pem.reveal()).end_mapping();
    }
    writer.end_mapping().end_mapping();
    return crypto::Secret(
        "# Secrets of a cluster, drawn once by 'ingot cluster init'. Keep this file out of git, and keep a\n"
        "# copy: without cipher_pass its backups cannot be read. A verifier is made of its password.\n" +
        writer.finish());
}

Result<Secrets> read_secrets(const std::filesystem::path& path) {
    INGOT_ASSIGN(const auto text, files::read(path), "");
    return parse_secrets(text, path.string());
}

} // namespace ingot::cloud_init
