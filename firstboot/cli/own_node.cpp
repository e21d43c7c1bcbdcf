#include "firstboot/cli/own_node.hpp"

#include "firstboot/datasource/datasource.hpp"
#include "firstboot/node/facts.hpp"

namespace ingot::firstboot::cli {

Result<NodeSpec> own_node(Environment& environment) {
    INGOT_ASSIGN(const auto metadata, read_datasource(environment), "");
    INGOT_ASSIGN(const auto user_data,
                 cloud_init::parse_sources({.user_data = metadata.user_data, .vendor_data = metadata.vendor_data},
                                           "user-data"),
                 "");
    return make_node(metadata, user_data, read_facts(environment.root));
}

} // namespace ingot::firstboot::cli
