// Reading a seed. meta-data and user-data have to be there (the latter may be empty), the rest may be. A folder or
// filesystem without one of them is no seed; a URL without them is a seed that is not there yet.
#include <array>

#include "common/text/text.hpp"
#include "firstboot/datasource/media/media.hpp"
#include "firstboot/datasource/nocloud/nocloud.hpp"
#include "firstboot/datasource/source/document.hpp"
#include "firstboot/datasource/source/race.hpp"

namespace ingot::firstboot::nocloud {

namespace {

constexpr int kOk = 200;
constexpr int kNotFound = 404;

bool is_address(std::string_view seed) { return seed.starts_with("http://") || seed.starts_with("https://"); }

/// How one file of a seed is read; nothing if it is not there.
using ReadFile = std::function<Result<std::optional<std::string>>(std::string_view name)>;

Result<std::optional<Seed>> read_seed(const ReadFile& file, std::string place) {
    INGOT_ASSIGN(auto meta_data, file("meta-data"), "");
    INGOT_ASSIGN(auto user_data, file("user-data"), "");
    if (!meta_data || !user_data) { return std::optional<Seed>{}; }
    INGOT_ASSIGN(auto vendor_data, file("vendor-data"), "");
    INGOT_ASSIGN(auto network_config, file("network-config"), "");
    INGOT_ASSIGN(auto signature, file("user-data.sig"), "");
    return std::optional(Seed{.meta_data = *std::move(meta_data),
                              .user_data = *std::move(user_data),
                              .vendor_data = std::move(vendor_data).value_or(""),
                              .network_config = std::move(network_config).value_or(""),
                              .signature = std::move(signature).value_or(""),
                              .place = std::move(place)});
}

Result<std::optional<Seed>> read_folder(const files::Root& root, const std::string& folder) {
    return read_seed(
        [&](std::string_view name) { return files::read_if_exists(root.at(text::format("{}/{}", folder, name))); },
        folder);
}

Result<std::optional<Seed>> read_media(const files::Root& root) {
    for (const auto& medium : media::find_media(root, {"cidata", "CIDATA"})) {
        INGOT_ASSIGN(auto seed,
                     read_seed([&medium](std::string_view name) { return medium.filesystem->read(name); },
                               text::format("{} ({})", medium.device, medium.filesystem->type())),
                     "reading the NoCloud seed on " + medium.device);
        if (seed) { return seed; }
    }
    return std::optional<Seed>{};
}

Result<std::optional<std::string>> get(http::HttpClient& http, const std::string& url) {
    INGOT_ASSIGN(auto response,
                 ask(http, {.url = url, .timeout = std::chrono::seconds(5), .response_limit = 16U << 20U}), "");
    if (response.status == kOk) { return std::optional(std::move(response.body)); }
    if (response.status == kNotFound) { return std::optional<std::string>{}; }
    return fail(ErrorKind::transient, describe_answer(url, response));
}

Result<std::optional<Seed>> read_url(Environment& environment, const std::string& seed) {
    const auto http = environment.make_http();
    std::string missing;
    INGOT_ASSIGN(auto found,
                 read_seed(
                     [&](std::string_view name) -> Result<std::optional<std::string>> {
                         INGOT_ASSIGN(auto content, get(*http, seed_url(seed, name)), "");
                         if (!content && missing.empty()) { missing = seed_url(seed, name); }
                         return content;
                     },
                     seed),
                 "reading the NoCloud seed");
    if (!found) {
        return fail(ErrorKind::transient, text::format("reading the NoCloud seed: GET {}: HTTP 404", missing));
    }
    return found;
}

Result<std::optional<Seed>> read_chosen(Environment& environment, const std::string& written) {
    const auto seed = expand_dmi(written, environment.root);
    if (is_address(seed)) { return read_url(environment, seed); }
    if (!seed.starts_with('/')) {
        return fail(ErrorKind::invalid_input,
                    text::format("the NoCloud seed '{}' is neither a folder nor a http(s) address", seed));
    }
    INGOT_ASSIGN(auto found, read_folder(environment.root, seed), "reading the NoCloud seed");
    if (!found) {
        return fail(ErrorKind::transient, text::format("there is no meta-data and user-data in {} yet", seed));
    }
    return found;
}

Result<std::optional<Seed>> look(Environment& environment, const Machine& machine) {
    for (const auto* const folder : {"/var/lib/cloud/seed/nocloud", "/var/lib/cloud/seed/nocloud-net"}) {
        INGOT_ASSIGN(auto found, read_folder(environment.root, folder), "reading the NoCloud seed");
        if (found) { return found; }
    }
    if (machine.container) { return std::optional<Seed>{}; } // its devices are the host's
    return read_media(environment.root);
}

} // namespace

Result<Metadata> parse(Seed seed) {
    INGOT_ASSIGN(auto document, parse_metadata(seed.meta_data, "meta-data"),
                 text::format("reading the NoCloud seed{}{}", seed.place.empty() ? "" : " of ", seed.place));
    auto& metadata = document.metadata;
    metadata.datasource = "nocloud";
    metadata.place = std::move(seed.place);
    metadata.user_data = decode_user_data(std::move(seed.user_data));
    metadata.vendor_data = std::move(seed.vendor_data);
    metadata.signature = std::move(seed.signature);
    if (!text::trim(seed.network_config).empty()) {
        metadata.network = NetworkDescription{.text = std::move(seed.network_config)};
    }
    return std::move(metadata);
}

Result<std::optional<Metadata>> read(Environment& environment, const Machine& machine,
                                     const std::optional<Line>& line) {
    INGOT_ASSIGN(auto seed, line && line->seed ? read_chosen(environment, *line->seed) : look(environment, machine),
                 "");
    if (!seed) { return std::optional<Metadata>{}; }
    const bool far = is_address(seed->place);
    auto parsed = parse(*std::move(seed));
    if (!parsed) {
        auto error = std::move(parsed).error();
        // A server may give an error page now and the seed later; a medium stays as it is.
        if (far) { error.kind = ErrorKind::transient; }
        return error;
    }
    auto& metadata = *parsed;
    if (line && !line->instance_id.empty()) { metadata.instance_id = line->instance_id; }
    if (line && !line->hostname.empty()) { metadata.hostname = line->hostname; }
    if (metadata.instance_id.empty()) { metadata.instance_id = "nocloud"; } // cloud-init's default
    return std::optional(std::move(metadata));
}

} // namespace ingot::firstboot::nocloud
