#include "firstboot/node/handover.hpp"

#include "common/crypto/crypto.hpp"
#include "common/json/json.hpp"

namespace ingot::firstboot {

namespace {

/// User-data may be compressed: anything but UTF-8.
Result<std::string> bytes_at(const json::Json& object, std::string_view key) {
    return crypto::base64_decode(json::string_at(object, key).value_or(""));
}

} // namespace

std::string to_json_text(const Handover& handover) {
    const auto& metadata = handover.metadata;
    const auto& facts = handover.facts;
    json::Json included = json::Json::object();
    for (const auto& [address, text] : handover.included) { included[address] = crypto::base64_encode(text); }
    return json::to_text({{"version", 1},
                          {"datasource", metadata.datasource},
                          {"instance_id", metadata.instance_id},
                          {"hostname", metadata.hostname},
                          {"user_data", crypto::base64_encode(metadata.user_data)},
                          {"vendor_data", crypto::base64_encode(metadata.vendor_data)},
                          {"included", std::move(included)},
                          {"data_instance", handover.data_instance},
                          {"addresses", facts.addresses},
                          {"memory_bytes", facts.memory_bytes},
                          {"cpus", facts.cpus},
                          {"image_role", facts.image_role}});
}

Result<Handover> handover_from_json(std::string_view text) {
    INGOT_ASSIGN(const auto value, json::parse(text), "");
    const auto get = [&value](std::string_view key) { return json::string_at(value, key).value_or(""); };
    Handover handover{.metadata = {.datasource = get("datasource"),
                                   .instance_id = get("instance_id"),
                                   .hostname = get("hostname"),
                                   .user_data = {}},
                      .facts = {.memory_bytes = json::unsigned_at(value, "memory_bytes").value_or(0),
                                .cpus = static_cast<unsigned>(json::unsigned_at(value, "cpus").value_or(1)),
                                .image_role = get("image_role")},
                      .data_instance = get("data_instance")};
    if (handover.metadata.instance_id.empty() || handover.data_instance.empty()) {
        return fail(ErrorKind::invalid_input, "it names no instance");
    }
    INGOT_ASSIGN(handover.metadata.user_data, bytes_at(value, "user_data"), "");
    INGOT_ASSIGN(handover.metadata.vendor_data, bytes_at(value, "vendor_data"), "");
    for (const auto& address : json::member(value, "addresses")) {
        if (address.is_string()) { handover.facts.addresses.push_back(address.get<std::string>()); }
    }
    const auto& included = json::member(value, "included");
    if (included.is_object()) {
        for (const auto& [address, encoded] : included.items()) {
            INGOT_ASSIGN(auto content, crypto::base64_decode(encoded.is_string() ? encoded.get<std::string>() : ""),
                         address);
            handover.included.emplace(address, std::move(content));
        }
    }
    return handover;
}

} // namespace ingot::firstboot
