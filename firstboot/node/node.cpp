#include "firstboot/node/node.hpp"

#include <algorithm>
#include <cctype>

#include "common/text/text.hpp"
#include "firstboot/node/facts.hpp"

namespace ingot::firstboot {

namespace {

/// A node's name stands in certificates, in etcd and in PostgreSQL: one DNS label.
bool is_label(std::string_view name) {
    constexpr std::size_t kLongest = 63;
    return !name.empty() && name.size() <= kLongest && name.front() != '-' && name.back() != '-' &&
           std::ranges::all_of(name, [](char letter) {
               return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '-';
           });
}

/// The first label of the name asked for: user-data before metadata, as cloud-init does.
std::string host_label(const Metadata& metadata, const cloud_init::CloudConfig& config) {
    const auto full = config.hostname.value_or(config.fqdn.value_or(metadata.hostname));
    return text::lower(std::string_view(full).substr(0, full.find('.')));
}

} // namespace

Status check_fit(const cloud_init::UserData& user_data, const Facts& facts) {
    if (!user_data.ingot) {
        return fail(ErrorKind::invalid_input,
                    "the user-data has no ingot: section; `ingot user-data ROLE` writes one for each role");
    }
    const auto role = to_string(user_data.ingot->role);
    if (facts.image_role.empty()) {
        return fail(ErrorKind::refused, "this machine does not run an Ingot image: there is no /usr/lib/ingot/role");
    }
    if (facts.image_role != role) {
        return fail(ErrorKind::refused,
                    text::format("the user-data is for role {}, and this image for role {}", role, facts.image_role));
    }
    return {};
}

Result<NodeSpec> make_node(const Metadata& metadata, const cloud_init::UserData& user_data, const Facts& facts) {
    INGOT_TRY(check_fit(user_data, facts), "");
    const auto& config = *user_data.ingot;
    const auto address = std::ranges::find_if(
        facts.addresses, [&config](const auto& candidate) { return in_network(candidate, config.network); });
    if (address == facts.addresses.end()) {
        return fail(ErrorKind::transient,
                    text::format("this machine has no address in the private network {} yet; it has {}",
                                 config.network,
                                 facts.addresses.empty() ? "none" : text::join(facts.addresses, ", ")));
    }
    NodeSpec node{.name = host_label(metadata, user_data.cloud_config),
                  .instance_id = metadata.instance_id,
                  .address = *address,
                  .memory_bytes = facts.memory_bytes,
                  .cpus = facts.cpus,
                  .config = config};
    if (config.role == cloud_init::Role::etcd) {
        // A founder is who its address says, whatever the provider calls the machine.
        for (const auto& [name, founder_address] : config.etcd.founders) {
            if (founder_address == node.address) { node.name = name; }
        }
    }
    if (!is_label(node.name)) {
        return fail(
            ErrorKind::invalid_input,
            text::format("the host name \"{}\" cannot name a node: letters, digits and hyphens only", node.name));
    }
    return node;
}

} // namespace ingot::firstboot
