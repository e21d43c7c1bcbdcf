#include "firstboot/etcd/disk.hpp"

#include <algorithm>

#include "common/text/text.hpp"
#include "firstboot/etcd/crash_point.hpp"
#include "firstboot/identity/identity.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot {

namespace {

constexpr std::string_view kRecord = "/var/lib/ingot/etcd.json";

std::string log_folder() { return text::format("{}/member/wal", paths::kEtcdData); }
std::string mark_file() { return text::format("{}/ingot-founding", paths::kEtcdData); }

/// What ties the data folder to the record.
std::string mark_of(const Founding& record) { return record.joined ? hex_id(record.member_id) : record.token; }

bool is_own(const NodeSpec& node, const Founding& record) {
    return record.cluster_id == node.config.cluster_id && record.name == node.name &&
           record.instance_id == node.instance_id;
}

} // namespace

bool has_write_ahead_log(const files::Root& root) {
    const auto names = files::list(root.at(log_folder()));
    // What cannot be looked into may hold one: only "there is no such folder" means that there is none.
    if (!names) { return names.error().kind != ErrorKind::not_found; }
    return std::ranges::any_of(*names, [](const auto& name) { return name.ends_with(".wal"); });
}

Result<std::optional<Founding>> read_founding(const files::Root& root) {
    INGOT_ASSIGN(const auto content, files::read_if_exists(root.at(kRecord)), "reading the record of the founding");
    if (!content) { return std::optional<Founding>{}; }
    INGOT_ASSIGN(auto founding, founding_from_json(*content), text::format("reading {}", kRecord));
    return std::optional(std::move(founding));
}

Status write_founding(const files::Root& root, const Founding& founding) {
    const auto doing = text::format("recording that membership is {}", to_string(founding.phase));
    if (founding.phase >= Phase::committed && founding.phase <= Phase::member) {
        // Says later that the data folder is still this one, and not a new disk in its place.
        INGOT_TRY(files::write_if_different(root.at(mark_file()), mark_of(founding) + "\n"), doing);
    }
    INGOT_TRY(files::write(root.at(kRecord), to_json_text(founding), {.mode = 0600}), doing);
    etcd::pass_crash_point(to_string(founding.phase));
    return {};
}

Result<bool> is_same_data_folder(const files::Root& root, const std::optional<Founding>& record) {
    INGOT_ASSIGN(const auto mark, files::read_if_exists(root.at(mark_file())), "");
    return record && mark && text::trim(*mark) == mark_of(*record);
}

Status begin_record(const NodeSpec& node, const files::Root& root) {
    INGOT_ASSIGN(const auto record, read_founding(root), "");
    if (record && (is_own(node, *record) || has_write_ahead_log(root))) { return {}; }
    Founding fresh{.cluster_id = node.config.cluster_id, .name = node.name, .instance_id = node.instance_id};
    fresh.nonce = random_token();
    return write_founding(root, fresh);
}

Result<Attestation> attest(const NodeSpec& node, const files::Root& root) {
    // The log before the record: "started" is on disk before etcd writes its log, so a log is never seen with an
    // older record.
    const bool has_data = has_write_ahead_log(root);
    INGOT_ASSIGN(const auto record, read_founding(root), "");
    const bool own = record && is_own(node, *record);
    return Attestation{.cluster_id = node.config.cluster_id,
                       .name = node.name,
                       .instance_id = node.instance_id,
                       .phase = own ? record->phase : Phase::virgin,
                       .token = own ? record->token : "",
                       .has_data = has_data,
                       .nonce = own ? record->nonce : ""};
}

std::string attest_path(std::string_view member_address) {
    if (member_address.empty()) { return std::string(kAttestPath); }
    return text::format("{}?member={}", kAttestPath, member_address);
}

std::string caller_of(std::string_view path) {
    constexpr std::string_view kQuery = "?member=";
    const auto query = path.find(kQuery);
    if (query == std::string_view::npos) { return {}; }
    const auto address = path.substr(query + kQuery.size());
    const bool plain = address.find_first_not_of("0123456789abcdef:.") == std::string_view::npos;
    constexpr std::size_t kLongest = 45; // of an IPv6 address
    return plain && address.size() <= kLongest ? std::string(address) : std::string();
}

Result<std::unique_ptr<tls::Server>> serve_attestation(const NodeSpec& node, const files::Root& root,
                                                       std::function<void(const std::string&)> on_member) {
    const auto tls = tls_for(root, "etcd");
    return tls::Server::start(
        {.address = node.address,
         .port = kAttestPort,
         .ca_file = tls.ca_file,
         .cert_file = tls.cert_file,
         .key_file = tls.key_file},
        [node, root, on_member = std::move(on_member)](const tls::Request& request) -> tls::Response {
            constexpr int kNotFound = 404;
            constexpr int kBroken = 503;
            const auto caller = caller_of(request.path);
            if (request.method != "GET" || request.path != attest_path(caller)) {
                return {.status = kNotFound, .body = "{}"};
            }
            if (!caller.empty() && on_member) { on_member(caller); }
            const auto answer = attest(node, root);
            if (!answer) { return {.status = kBroken, .body = "{}"}; }
            return {.body = to_json_line(*answer)};
        });
}

} // namespace ingot::firstboot
