#include "firstboot/cli/own_node.hpp"

#include "common/text/text.hpp"
#include "firstboot/datasource/datasource.hpp"
#include "firstboot/node/facts.hpp"
#include "firstboot/node/signed.hpp"

namespace ingot::firstboot::cli {

cloud_init::Fetch fetch_with(const Environment& environment, const std::optional<PublicKeys>& keys) {
    return [&environment, &keys](const std::string& url) -> Result<std::string> {
        constexpr int kOk = 200;
        const auto http = environment.make_http();
        INGOT_ASSIGN(auto response, http->send({.url = url, .timeout = std::chrono::seconds(10)}),
                     "reading what the user-data includes");
        if (response.status == kOk) {
            if (!keys) { return std::move(response.body); }
            INGOT_ASSIGN(auto text, signed_text(response.body, *keys), "what the user-data includes from " + url);
            return text;
        }
        return fail(ErrorKind::transient,
                    text::format("reading what the user-data includes: GET {}: HTTP {}", url, response.status));
    };
}

Result<NodeSpec> own_node(Environment& environment) {
    INGOT_ASSIGN(const auto keys, user_data_keys(environment.root), "");
    INGOT_ASSIGN(auto metadata, read_datasource(environment), "");
    auto text = metadata.user_data;
    if (keys) { // as the agent does: what nobody signed does not count
        leave_out_unsigned(metadata);
        INGOT_ASSIGN(text, signed_text(text, *keys, metadata.signature), "");
    }
    INGOT_ASSIGN(const auto parsed,
                 cloud_init::parse_sources(
                     {.user_data = text, .vendor_data = metadata.vendor_data, .fetch = fetch_with(environment, keys)},
                     "user-data"),
                 "");
    return make_node(metadata, parsed, read_facts(environment.root));
}

} // namespace ingot::firstboot::cli
