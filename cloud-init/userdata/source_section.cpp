// restore: and standby_of:, the two ways in which a cluster is made of another one.
#include "cloud-init/userdata/source_section.hpp"

#include <algorithm>
#include <array>

#include "cloud-init/userdata/rules.hpp"
#include "common/text/text.hpp"

namespace ingot::cloud_init {

using document::Fields;
using document::Value;
using document::Writer;

namespace {

using Kind = RestoreTarget::Kind;

constexpr std::array<std::pair<std::string_view, Kind>, 4> kTargets = {
    {{"time", Kind::time}, {"lsn", Kind::lsn}, {"name", Kind::name}, {"xid", Kind::xid}}};

bool all_of(std::string_view text, std::string_view letters) {
    return !text.empty() && text.find_first_not_of(letters) == std::string_view::npos;
}

/// "2026-11-28 01:02:03", perhaps with a fraction; then "+00", "-03:30" or "Z". Without a zone it would be a guess.
bool is_time(std::string_view text) {
    constexpr std::string_view kForm = "0000-00-00 00:00:00";
    if (text.size() <= kForm.size()) { return false; }
    for (std::size_t index = 0; index < kForm.size(); ++index) {
        const bool digit = text[index] >= '0' && text[index] <= '9';
        const bool either = kForm[index] == ' ' && text[index] == 'T';
        if (kForm[index] == '0' ? !digit : (text[index] != kForm[index] && !either)) { return false; }
    }
    auto rest = text.substr(kForm.size());
    if (rest.starts_with('.')) {
        const auto end = rest.find_first_not_of("0123456789", 1);
        if (end == 1 || end == std::string_view::npos) { return false; }
        rest.remove_prefix(end);
    }
    if (rest == "Z") { return true; }
    const bool sign = rest.starts_with('+') || rest.starts_with('-');
    const auto digits = text::replace_all(std::string(rest.substr(sign ? 1 : 0)), ":", "");
    return sign && all_of(digits, "0123456789") && (digits.size() == 2 || digits.size() == 4);
}

bool is_lsn(std::string_view text) {
    constexpr std::string_view kHex = "0123456789ABCDEFabcdef";
    const auto slash = text.find('/');
    return slash != std::string_view::npos && slash <= 8 && text.size() - slash - 1 <= 8 &&
           all_of(text.substr(0, slash), kHex) && all_of(text.substr(slash + 1), kHex);
}

bool is_point_name(std::string_view text) {
    constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:-";
    return text.size() < 64 && all_of(text, kLetters) && !text.starts_with('-');
}

std::string_view expectation(Kind kind) {
    switch (kind) {
    case Kind::time: return "a time with its zone, as in 2026-11-28 01:02:03+00";
    case Kind::lsn: return "a position in the WAL, as in 0/3000060";
    case Kind::name: return "the name given to pg_create_restore_point: letters, digits, '_', '.', ':' or '-'";
    case Kind::xid: return "the number of a transaction";
    case Kind::newest: break;
    }
    return "newest";
}

bool fits(Kind kind, std::string_view value) {
    switch (kind) {
    case Kind::time: return is_time(value);
    case Kind::lsn: return is_lsn(value);
    case Kind::name: return is_point_name(value);
    case Kind::xid: return value.size() < 20 && all_of(value, "0123456789");
    case Kind::newest: break;
    }
    return true;
}

RestoreTarget read_target(Fields& restore) {
    RestoreTarget target;
    const Value* section = restore.required("to");
    if (section == nullptr) { return target; }
    if (section->mapping() == nullptr) {
        restore.choice("to", {"newest"});
        return target;
    }
    Fields fields(*section, restore.path("to"), restore.faults());
    int given = 0;
    for (const auto& [key, kind] : kTargets) {
        auto value = fields.text(key);
        if (!value) { continue; }
        ++given;
        if (!fits(kind, *value)) { fault_at(fields, key, text::format("expected {}", expectation(kind))); }
        target = {.kind = kind, .value = *std::move(value)};
    }
    if (given != 1) { fault_at(restore, "to", "expected newest, or exactly one of time, lsn, name, xid"); }
    fields.finish();
    return target;
}

SourceCluster read_source(Fields& fields, const std::string& own_id, bool needs_backup, bool with_secrets) {
    SourceCluster source{.cluster = read_cluster_name(fields, "cluster"), .cluster_id = read_uuid(fields, "id")};
    if (!source.cluster_id.empty() && source.cluster_id == own_id) {
        fault_at(fields, "id", "this is the cluster's own id",
                 "a cluster that is made of another one is a new one: 'ingot cluster init' draws its id");
    }
    const Value* backup = needs_backup ? fields.required("backup") : fields.optional("backup");
    source.backup = read_backup(backup, fields.path("backup"), with_secrets, fields.faults());
    return source;
}

std::vector<SourceEndpoint> read_endpoints(Fields& fields) {
    std::vector<SourceEndpoint> endpoints;
    if (fields.optional("endpoints") == nullptr) { return endpoints; }
    for (const auto& written : fields.texts("endpoints").value_or(std::vector<std::string>{})) {
        const auto colon = written.rfind(':');
        auto host = written.substr(0, colon);
        if (host.starts_with('[') && host.ends_with(']')) { host = host.substr(1, host.size() - 2); }
        const auto address = Address::parse(host);
        const auto port = colon == std::string::npos ? std::nullopt : text::to_number(written.substr(colon + 1));
        constexpr int kLastPort = 65535;
        if (!address || !port || *port < 1 || *port > kLastPort) {
            fault_at(fields, "endpoints", text::format("'{}' is no address with a port", written),
                     "as in 10.0.0.31:5000");
            continue;
        }
        endpoints.push_back({.address = address->to_string(), .port = static_cast<int>(*port)});
    }
    const auto other_port = [&](const SourceEndpoint& one) { return one.port != endpoints.front().port; };
    if (std::ranges::any_of(endpoints, other_port)) {
        fault_at(fields, "endpoints", "all endpoints have to have the same port");
    }
    return endpoints;
}

void read_credential(Fields& fields, StandbyConfig& standby) {
    standby.ca = fields.required_text("ca");
    standby.certificate = fields.required_text("certificate");
    standby.key = crypto::Secret(fields.required_text("key"));
    if (standby.ca.empty() || standby.certificate.empty() || standby.key.empty()) { return; }
    const auto ca = crypto::inspect_certificate(standby.ca);
    if (!ca || !ca->is_ca) {
        fault_at(fields, "ca", "expected the certificate of the db CA of the source");
        return;
    }
    if (const auto checked = crypto::check_key(standby.certificate, standby.key); !checked) {
        fault_at(fields, "key", checked.error().message);
    }
}

void write_source(Writer& writer, const SourceCluster& source, bool with_secrets) {
    writer.entry("cluster", source.cluster).entry("id", source.cluster_id);
    write_backup(writer, source.backup, with_secrets);
}

} // namespace

std::string_view to_string(RestoreTarget::Kind kind) {
    const auto* const found = std::ranges::find(kTargets, kind, [](const auto& pair) { return pair.second; });
    return found == kTargets.end() ? "newest" : found->first;
}

std::optional<RestoreTarget> restore_target_from(std::string_view kind, std::string value) {
    if (kind == "newest") { return RestoreTarget{}; }
    const auto* const found = std::ranges::find(kTargets, kind, [](const auto& pair) { return pair.first; });
    if (found == kTargets.end() || !fits(found->second, value)) { return std::nullopt; }
    return RestoreTarget{.kind = found->second, .value = std::move(value)};
}

RestoreConfig read_restore(const Value& section, std::string where, const std::string& own_id, bool with_secrets,
                           Faults& faults) {
    RestoreConfig restore;
    Fields fields(section, std::move(where), faults);
    if (section.mapping() == nullptr) { return restore; }
    restore.source = read_source(fields, own_id, true, with_secrets);
    restore.target = read_target(fields);
    restore.set = fields.text("set");
    if (restore.set && !all_of(*restore.set, "0123456789-_FDI")) {
        fault_at(fields, "set", "expected the label of a backup, as in 20261128-010203F");
    }
    fields.finish();
    return restore;
}

StandbyConfig read_standby(const Value& section, std::string where, const std::string& own_id, bool with_secrets,
                           Faults& faults) {
    StandbyConfig standby;
    Fields fields(section, std::move(where), faults);
    if (section.mapping() == nullptr) { return standby; }
    standby.source = read_source(fields, own_id, false, with_secrets);
    standby.endpoints = read_endpoints(fields);
    standby.delay = read_duration(fields, "delay");
    if (standby.endpoints.empty() && standby.source.backup.repositories.empty()) {
        faults.add(section.position, "standby_of: there are neither endpoints nor a backup to take changes from");
    }
    if (with_secrets && !standby.endpoints.empty()) { read_credential(fields, standby); }
    fields.finish();
    return standby;
}

void write_restore(Writer& writer, const RestoreConfig& restore, bool with_secrets) {
    writer.key("restore").begin_mapping();
    write_source(writer, restore.source, with_secrets);
    if (restore.target.kind == Kind::newest) {
        writer.entry("to", "newest");
    } else {
        writer.key("to").begin_mapping().entry(to_string(restore.target.kind), restore.target.value).end_mapping();
    }
    if (restore.set) { writer.entry("set", *restore.set); }
    writer.end_mapping();
}

void write_standby(Writer& writer, const StandbyConfig& standby, bool with_secrets) {
    writer.key("standby_of").begin_mapping();
    write_source(writer, standby.source, with_secrets);
    if (!standby.endpoints.empty()) {
        writer.key("endpoints").begin_sequence();
        for (const auto& [address, port] : standby.endpoints) {
            const bool v6 = address.find(':') != std::string::npos;
            writer.text(v6 ? text::format("[{}]:{}", address, port) : text::format("{}:{}", address, port));
        }
        writer.end_sequence();
    }
    if (standby.delay) { writer.entry("delay", duration_text(*standby.delay)); }
    if (with_secrets && !standby.endpoints.empty()) {
        writer.entry("ca", standby.ca).entry("certificate", standby.certificate);
        writer.entry("key", standby.key.reveal());
    }
    writer.end_mapping();
}

} // namespace ingot::cloud_init
