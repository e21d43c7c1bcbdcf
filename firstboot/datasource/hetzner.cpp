#include "common/text/text.hpp"
#include "firstboot/datasource/datasource.hpp"

namespace ingot::firstboot {

namespace {

constexpr std::string_view kBase = "http://169.254.169.254/hetzner/v1/";
constexpr int kOk = 200;
constexpr int kNoContent = 204;
constexpr int kNotFound = 404;

Result<http::Response> fetch(http::HttpClient& http, std::string_view path) {
    return http.send({.url = text::format("{}{}", kBase, path),
                      .connect_timeout = std::chrono::seconds(1),
                      .timeout = std::chrono::seconds(2),
                      .response_limit = 1U << 20U});
}

/// On a real machine the serial number is the instance-id: whoever answers with another one is not Hetzner.
Status check_serial(const files::Root& root, const std::string& instance_id) {
    if (files::exists(root.at("/run/systemd/container"))) { return {}; } // DMI there is the host's
    const auto vendor = files::read_if_exists(root.at("/sys/class/dmi/id/sys_vendor"));
    const auto serial = files::read_if_exists(root.at("/sys/class/dmi/id/product_serial"));
    if (!vendor || !*vendor || text::trim(**vendor) != "Hetzner" || !serial || !*serial) { return {}; }
    const auto number = text::trim(**serial);
    if (number.empty() || number == instance_id) { return {}; }
    return fail(
        ErrorKind::refused,
        text::format("the metadata service says instance {}, and this machine's serial number is {}: somebody "
                     "else answers for it",
                     instance_id, number));
}

} // namespace

Result<Metadata> read_hetzner(Environment& environment) {
    const auto http = environment.make_http();
    INGOT_ASSIGN(auto document, fetch(*http, "metadata"), "asking Hetzner's metadata service");
    if (document.status != kOk) {
        return fail(ErrorKind::transient,
                    text::format("Hetzner's metadata service answers HTTP {}", document.status));
    }
    INGOT_ASSIGN(auto user_data, fetch(*http, "userdata"), "asking Hetzner's metadata service");
    if (user_data.status == kNoContent || user_data.status == kNotFound) {
        user_data.body.clear();
    } else if (user_data.status != kOk) {
        return fail(ErrorKind::transient,
                    text::format("Hetzner's metadata service answers HTTP {} for userdata", user_data.status));
    }
    INGOT_ASSIGN(auto metadata, parse_hetzner(document.body, std::move(user_data.body)), "");
    INGOT_TRY(check_serial(environment.root, metadata.instance_id), "");
    return metadata;
}

} // namespace ingot::firstboot
