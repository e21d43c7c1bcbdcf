#include "firstboot/datasource/configdrive/configdrive.hpp"

#include <array>
#include <functional>

#include "common/json/json.hpp"
#include "common/text/text.hpp"
#include "firstboot/datasource/media/media.hpp"
#include "firstboot/datasource/source/document.hpp"

namespace ingot::firstboot::configdrive {

namespace {

/// Newest first, as cloud-init takes them; "latest" where none of them is there.
constexpr std::array<std::string_view, 9> kVersions{"2018-08-27", "2017-02-22", "2016-10-06",
                                                    "2016-06-30", "2015-10-15", "2013-10-17",
                                                    "2013-04-04", "2012-08-10", "latest"};

using ReadFile = std::function<Result<std::optional<std::string>>(std::string_view path)>;

Result<std::optional<Documents>> read_documents(const ReadFile& file) {
    for (const auto version : kVersions) {
        const auto path = [version](std::string_view name) { return text::format("openstack/{}/{}", version, name); };
        INGOT_ASSIGN(auto meta_data, file(path("meta_data.json")), "");
        if (!meta_data) { continue; }
        INGOT_ASSIGN(auto user_data, file(path("user_data")), "");
        INGOT_ASSIGN(auto network_data, file(path("network_data.json")), "");
        INGOT_ASSIGN(auto vendor_data, file(path("vendor_data.json")), "");
        return std::optional(Documents{.meta_data = *std::move(meta_data),
                                       .user_data = std::move(user_data).value_or(""),
                                       .network_data = std::move(network_data).value_or(""),
                                       .vendor_data = std::move(vendor_data).value_or("")});
    }
    return std::optional<Documents>{};
}

/// vendor_data.json is any JSON; a text, or what stands under "cloud-init", is meant for us.
std::string vendor_text(const std::string& document) {
    const auto parsed = json::parse(document);
    if (!parsed) { return {}; }
    if (parsed->is_string()) { return parsed->get<std::string>(); }
    return json::string_at(*parsed, "cloud-init").value_or("");
}

/// On OpenStack the firmware's uuid is the instance's. Elsewhere it means nothing.
Status check_uuid(const Machine& machine, const std::string& instance_id) {
    const bool openstack = machine.vendor.find("OpenStack") != std::string::npos ||
                           machine.product.find("OpenStack") != std::string::npos;
    if (!openstack || machine.uuid.empty() || same_uuid(machine.uuid, instance_id)) { return {}; }
    return fail(ErrorKind::refused,
                text::format("the config drive is for instance {}, and this machine's uuid is {}: it belongs to "
                             "another machine",
                             instance_id, machine.uuid));
}

Result<std::optional<Metadata>> read_drive(const ReadFile& file, const Machine& machine, const std::string& place) {
    INGOT_ASSIGN(auto documents, read_documents(file), "reading the config drive " + place);
    if (!documents) { return std::optional<Metadata>{}; }
    INGOT_ASSIGN(auto metadata, parse(*std::move(documents)), "reading the config drive " + place);
    INGOT_TRY(check_uuid(machine, metadata.instance_id), "");
    metadata.place = place;
    return std::optional(std::move(metadata));
}

} // namespace

Result<Metadata> parse(Documents documents) {
    INGOT_ASSIGN(const auto document, json::parse(documents.meta_data), "meta_data.json");
    Metadata metadata{.datasource = "configdrive",
                      .instance_id = json::string_at(document, "uuid").value_or(""),
                      .hostname = json::string_at(document, "hostname").value_or("")};
    if (metadata.instance_id.empty()) { return fail(ErrorKind::invalid_input, "meta_data.json has no uuid"); }
    const auto& keys = json::member(document, "public_keys");
    if (keys.is_object()) {
        for (const auto& [name, key] : keys.items()) {
            if (!key.is_string()) { continue; }
            for (const auto& line : text::lines(key.get<std::string>())) {
                if (const auto one = text::trim(line); !one.empty()) { metadata.public_keys.emplace_back(one); }
            }
        }
    }
    metadata.user_data = decode_user_data(std::move(documents.user_data));
    metadata.vendor_data = vendor_text(documents.vendor_data);
    if (!text::trim(documents.network_data).empty()) {
        metadata.network = NetworkDescription{.format = NetworkDescription::Format::openstack,
                                              .text = std::move(documents.network_data)};
    }
    return metadata;
}

Result<std::optional<Metadata>> read(const Environment& environment, const Machine& machine) {
    for (const std::string folder : {"/var/lib/cloud/seed/config_drive", "/config-drive"}) {
        const auto file = [&](std::string_view path) {
            return files::read_if_exists(environment.root.at(text::format("{}/{}", folder, path)));
        };
        INGOT_ASSIGN(auto found, read_drive(file, machine, folder), "");
        if (found) { return found; }
    }
    if (machine.container) { return std::optional<Metadata>{}; } // its devices are the host's
    for (const auto& medium : media::find_media(environment.root, {"config-2", "CONFIG-2"})) {
        const auto file = [&medium](std::string_view path) { return medium.filesystem->read(path); };
        INGOT_ASSIGN(auto found,
                     read_drive(file, machine, text::format("{} ({})", medium.device, medium.filesystem->type())),
                     "");
        if (found) { return found; }
    }
    return std::optional<Metadata>{};
}

} // namespace ingot::firstboot::configdrive
