#include "firstboot/etcd/place.hpp"

#include "common/json/json.hpp"
#include "common/text/text.hpp"

namespace ingot::firstboot::etcd {

namespace {

constexpr std::string_view kFile = "/var/lib/ingot/etcd-node.json";

} // namespace

Status write_place(const NodeSpec& node, const files::Root& root) {
    json::Json founders = json::Json::object();
    for (const auto& [name, address] : node.config.etcd.founders) { founders[name] = address; }
    const json::Json document{{"version", 1},
                              {"cluster", node.config.cluster},
                              {"cluster_id", node.config.cluster_id},
                              {"name", node.name},
                              {"instance_id", node.instance_id},
                              {"address", node.address},
                              {"founders", std::move(founders)}};
    INGOT_TRY(files::write_if_different(root.at(kFile), json::to_text(document), {.mode = 0600}),
              "writing down who this node is");
    return {};
}

Result<NodeSpec> read_place(const files::Root& root) {
    INGOT_ASSIGN(const auto content, files::read_if_exists(root.at(kFile)), "");
    if (!content) {
        return fail(ErrorKind::refused,
                    "this machine is no etcd node, or its agent has not come that far: see ingot-agent status");
    }
    INGOT_ASSIGN(const auto document, json::parse(*content), text::format("reading {}", kFile));
    const auto word = [&document](std::string_view key) { return json::string_at(document, key).value_or(""); };
    NodeSpec node{.name = word("name"), .instance_id = word("instance_id"), .address = word("address")};
    node.config.cluster = word("cluster");
    node.config.cluster_id = word("cluster_id");
    node.config.role = cloud_init::Role::etcd;
    const auto& founders = json::member(document, "founders");
    if (founders.is_object()) {
        for (const auto& [name, address] : founders.items()) {
            if (address.is_string()) { node.config.etcd.founders[name] = address.get<std::string>(); }
        }
    }
    if (node.name.empty() || node.address.empty() || node.config.cluster.empty()) {
        return fail(ErrorKind::invalid_input, text::format("{} is not complete: restart ingot-agent", kFile));
    }
    return node;
}

} // namespace ingot::firstboot::etcd
