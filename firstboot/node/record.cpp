#include "firstboot/node/record.hpp"

#include "common/json/json.hpp"
#include "common/text/text.hpp"

namespace ingot::firstboot {

std::string to_json_text(const NodeSpec& node) {
    const auto& config = node.config;
    json::Json founders = json::Json::object();
    for (const auto& [name, address] : config.etcd.founders) { founders[name] = address; }
    return json::to_text({{"version", 1},
                          {"name", node.name},
                          {"instance_id", node.instance_id},
                          {"address", node.address},
                          {"role", to_string(config.role)},
                          {"cluster", config.cluster},
                          {"cluster_id", config.cluster_id},
                          {"network", config.network},
                          {"founders", founders},
                          {"postgres_version", config.postgres.version},
                          {"ports",
                           {{"primary", config.proxy.primary_port},
                            {"replica", config.proxy.replica_port},
                            {"pool", config.proxy.pool_port},
                            {"read_pool", config.proxy.read_pool_port}}}});
}

Result<NodeSpec> node_from_json(std::string_view text) {
    INGOT_ASSIGN(const auto value, json::parse(text), "");
    const auto get = [&value](std::string_view key) { return json::string_at(value, key).value_or(""); };
    const auto role = cloud_init::role_from(get("role"));
    NodeSpec node{.name = get("name"), .instance_id = get("instance_id"), .address = get("address")};
    auto& config = node.config;
    config.cluster = get("cluster");
    config.cluster_id = get("cluster_id");
    config.network = get("network");
    if (!role || node.name.empty() || node.address.empty() || config.cluster.empty()) {
        return fail(ErrorKind::invalid_input, "it names no node of a cluster");
    }
    config.role = *role;
    const auto& founders = json::member(value, "founders");
    if (founders.is_object()) {
        for (const auto& [name, address] : founders.items()) {
            if (address.is_string()) { config.etcd.founders.emplace(name, address.get<std::string>()); }
        }
    }
    const auto number = [](const json::Json& object, std::string_view key, int usual) {
        return static_cast<int>(json::number_at(object, key).value_or(usual));
    };
    config.postgres.version = number(value, "postgres_version", config.postgres.version);
    const auto& ports = json::member(value, "ports");
    config.proxy.primary_port = number(ports, "primary", config.proxy.primary_port);
    config.proxy.replica_port = number(ports, "replica", config.proxy.replica_port);
    config.proxy.pool_port = number(ports, "pool", config.proxy.pool_port);
    config.proxy.read_pool_port = number(ports, "read_pool", config.proxy.read_pool_port);
    return node;
}

Result<NodeSpec> read_node(const files::Root& root) {
    INGOT_ASSIGN(const auto content, files::read_if_exists(root.at(kNodeFile)), "");
    if (!content) {
        return fail(ErrorKind::transient, "the agent does not know yet which node this is (see ingot-agent status)");
    }
    INGOT_ASSIGN(auto node, node_from_json(*content), std::string(kNodeFile));
    return node;
}

} // namespace ingot::firstboot
