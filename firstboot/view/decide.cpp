// Who may what. In the order in which it is asked:
//   A  a certificate that is not a proxy's of this cluster            → no
//   B  list, wait: below /service/<cluster>/ (Patroni's keys)         → yes: whom to send connections to
//   C  list, wait: /ingot/<cluster>/proxies/, …/switchover/ and what
//      is below, and the one key …/backup/state                       → yes: the others, the agreement, the overview
//   D  list, wait: anything else                                      → no
//   E  the members of etcd                                            → yes
//   F  announce proxies/<its name>: an address of its certificate     → yes
//   G  announce switchover/paused/<its name>: an answer to a
//      switchover                                                     → yes
//   H  withdraw one of these two                                      → yes
//   I  announce or withdraw any other key, or another value           → no
// So whoever has a proxy's key can say that this proxy is there, at its own address, and that it holds clients back
// or does not. He can change nothing that anybody else has written.
#include "firstboot/view/decide.hpp"

#include <algorithm>
#include <array>

#include "cloud-init/userdata/rules.hpp"
#include "common/crypto/crypto.hpp"
#include "common/crypto/request.hpp"
#include "common/text/text.hpp"
#include "firstboot/coordination/etcd_client.hpp"
#include "firstboot/coordination/pause.hpp"

namespace ingot::firstboot::view {

namespace {

Error no(std::string reason) { return fail(ErrorKind::refused, std::move(reason)); }

Status check_reading(std::string_view cluster, std::string_view prefix) {
    const std::array below = {patroni_key(cluster, ""), proxies_prefix(cluster), switchover_prefix(cluster)};
    const bool allowed = std::ranges::any_of(below, [&](const auto& each) { return prefix.starts_with(each); }) ||
                         prefix == ingot_key(cluster, "backup/state");
    return allowed ? Status() : no(text::format("a proxy does not read what is below {}", prefix));
}

Result<Question> judge_announcement(std::string_view cluster, const Caller& caller, const Announce& wanted) {
    if (wanted.key == proxies_prefix(cluster) + caller.name) {
        constexpr std::string_view kLoopback = "127.0.0.1"; // which every certificate names
        const auto address = std::ranges::find(caller.addresses, wanted.value);
        if (address == caller.addresses.end() || *address == kLoopback) {
            return no(text::format("{} is not at the address that it announces", caller.name));
        }
        return Announce{.key = proxies_prefix(cluster) + caller.name, .value = *address};
    }
    if (wanted.key == pause_answer_key(cluster, caller.name)) {
        const auto answer = pause_answer_from_json(caller.name, wanted.value);
        if (!answer) { return no(answer.error().message); }
        return Announce{.key = pause_answer_key(cluster, caller.name), .value = firstboot::to_json_line(*answer)};
    }
    return no(text::format("{} does not write {}", caller.name, wanted.key));
}

} // namespace

Result<Caller> caller_from(std::string_view certificate_pem, std::string_view cluster) {
    const auto owner = crypto::owner_of(certificate_pem);
    const auto info = crypto::inspect_certificate(certificate_pem);
    if (!owner || !info) { return no("no certificate was shown that can be read"); }
    if (owner->unit != "proxy" || owner->organization != cluster || !cloud_init::is_host_label(owner->common_name)) {
        return no("only for the proxies of this cluster");
    }
    return Caller{.name = owner->common_name, .key_sha256 = owner->key_sha256, .addresses = info->ip_addresses};
}

Result<Question> judge(std::string_view cluster, const Caller& caller, const Question& question) {
    if (const auto* const list = std::get_if<List>(&question)) {
        INGOT_TRY(check_reading(cluster, list->prefix), "");
        return question;
    }
    if (const auto* const wait = std::get_if<Wait>(&question)) {
        INGOT_TRY(check_reading(cluster, wait->prefix), "");
        return question;
    }
    if (std::holds_alternative<Members>(question)) { return question; }
    if (const auto* const announce = std::get_if<Announce>(&question)) {
        return judge_announcement(cluster, caller, *announce);
    }
    for (const auto& own : {proxies_prefix(cluster) + caller.name, pause_answer_key(cluster, caller.name)}) {
        if (std::get<Withdraw>(question).key == own) { return Withdraw{.key = own}; }
    }
    return no(text::format("{} does not write {}", caller.name, std::get<Withdraw>(question).key));
}

} // namespace ingot::firstboot::view
