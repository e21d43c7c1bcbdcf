#include "firstboot/coordination/endpoints.hpp"

#include <algorithm>

#include "common/json/json.hpp"
#include "common/text/text.hpp"

namespace ingot::firstboot {

namespace {

constexpr std::string_view kFile = "/var/lib/ingot/etcd-members.json";

/// The host of a URL, without brackets.
std::string host_in(std::string_view url) {
    if (const auto scheme = url.find("://"); scheme != std::string_view::npos) { url.remove_prefix(scheme + 3); }
    if (url.starts_with('[')) { return std::string(url.substr(1, url.find(']') - 1)); }
    return std::string(url.substr(0, url.find_first_of(":/")));
}

EtcdAddresses read_members(const files::Root& root) {
    EtcdAddresses members;
    const auto content = files::read(root.at(kFile));
    if (!content) { return members; }
    const auto document = json::parse(*content);
    if (!document) { return members; }
    const auto& list = json::member(*document, "members");
    if (!list.is_object()) { return members; }
    for (const auto& [name, address] : list.items()) {
        if (address.is_string()) { members[name] = address.get<std::string>(); }
    }
    return members;
}

} // namespace

std::string etcd_url(std::string_view address) {
    const bool ipv6 = address.find(':') != std::string_view::npos;
    return ipv6 ? text::format("https://[{}]:2379", address) : text::format("https://{}:2379", address);
}

EtcdAddresses known_members(const files::Root& root, const EtcdAddresses& founders) {
    auto members = read_members(root);
    return members.empty() ? founders : members;
}

EtcdAddresses addresses_to_try(const files::Root& root, const EtcdAddresses& founders) {
    auto addresses = read_members(root);
    for (const auto& [name, address] : founders) {
        const bool known =
            std::ranges::any_of(addresses, [&address](const auto& entry) { return entry.second == address; });
        // The name may be that of a member at another address by now.
        if (!known) { addresses.emplace(addresses.contains(name) ? name + "@" + address : name, address); }
    }
    return addresses;
}

std::vector<std::string> etcd_endpoints(const files::Root& root, const EtcdAddresses& founders) {
    std::vector<std::string> urls;
    for (const auto& [name, address] : addresses_to_try(root, founders)) { urls.push_back(etcd_url(address)); }
    return urls;
}

Result<bool> remember_members(const files::Root& root, const std::vector<EtcdMember>& members) {
    json::Json addresses = json::Json::object();
    for (const auto& member : members) {
        // A learner serves no client yet; one without a name has never run.
        if (member.learner || member.name.empty() || member.client_urls.empty()) { continue; }
        addresses[member.name] = host_in(member.client_urls.front());
    }
    if (addresses.empty()) { return false; }
    const json::Json document{{"version", 1}, {"members", std::move(addresses)}};
    return files::write_if_different(root.at(kFile), json::to_text(document));
}

} // namespace ingot::firstboot
