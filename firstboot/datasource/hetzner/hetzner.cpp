#include "firstboot/datasource/hetzner/hetzner.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/document/document.hpp"
#include "common/text/text.hpp"
#include "firstboot/datasource/source/document.hpp"
#include "firstboot/datasource/source/race.hpp"

namespace ingot::firstboot::hetzner {

namespace {

using namespace std::chrono_literals;

constexpr int kOk = 200;
constexpr int kNoContent = 204;
constexpr int kNotFound = 404;
constexpr std::string_view kDoing = "asking Hetzner's metadata service";

http::Request request(const std::string& base, std::string_view path, std::chrono::milliseconds connect) {
    return {.url = text::format("{}{}", base, path),
            .connect_timeout = connect,
            .timeout = 2s,
            .response_limit = 1U << 20U};
}

std::vector<std::string> bases(const Environment& environment, const Machine& machine) {
    std::vector<std::string> list{"http://169.254.169.254/hetzner/v1/"};
    if (machine.container) { return list; } // the lab answers by IPv4 only
    for (const auto& interface : ethernet_interfaces(environment.root)) {
        list.push_back(text::format("http://[fe80::a9fe:a9fe%25{}]/hetzner/v1/", interface));
    }
    return list;
}

/// A document that may be absent.
Result<std::string> optional_document(http::HttpClient& http, const std::string& base, std::string_view path) {
    const auto asked = request(base, path, 1s);
    INGOT_ASSIGN(auto response, ask(http, asked), kDoing);
    if (response.status == kNoContent || response.status == kNotFound) { return std::string(); }
    if (response.status != kOk) {
        return fail(ErrorKind::transient, text::format("{}: {}", kDoing, describe_answer(asked.url, response)));
    }
    return std::move(response.body);
}

/// On a real machine the serial number is the instance-id: whoever answers with another one is not Hetzner.
Status check_serial(const Machine& machine, const std::string& instance_id) {
    if (!detect(machine) || machine.serial.empty() || machine.serial == instance_id) { return {}; }
    return fail(ErrorKind::refused,
                text::format("the metadata service says instance {}, and this machine's serial number is {}: "
                             "somebody else answers for it",
                             instance_id, machine.serial));
}

/// A service that answers nonsense now may answer well later: nothing on this machine could be changed to help.
Error garbage(const Error& error) {
    return fail(ErrorKind::transient, text::format("Hetzner's metadata service gives what is no metadata: {}",
                                                   text::lines(error.message + "\n").front()));
}

/// Interfaces of private networks, which the network-config leaves out: each gets its address by DHCP.
void write_private(document::Writer& out, const document::Value& networks, const std::vector<std::string>& known) {
    int number = 0;
    for (const auto& network : *networks.sequence()) {
        const auto* const address = network.find("mac_address");
        if (address == nullptr || address->scalar() == nullptr ||
            std::ranges::find(known, text::lower(address->scalar()->text)) != known.end()) {
            continue;
        }
        out.begin_mapping();
        out.entry("type", "physical").entry("name", text::format("private{}", number++));
        out.entry("mac_address", address->scalar()->text);
        out.key("subnets").begin_sequence().begin_mapping().entry("type", "dhcp4").end_mapping().end_sequence();
        out.end_mapping();
    }
}

/// network-config with the private networks added, as a text of its own.
std::string network_text(const document::Value& config, const document::Value& networks) {
    document::Writer out;
    out.begin_mapping().entry("version", 1).key("config").begin_sequence();
    std::vector<std::string> known;
    if (const auto* const entries = config.find("config"); entries != nullptr && entries->sequence() != nullptr) {
        for (const auto& entry : *entries->sequence()) {
            out.value(entry);
            const auto* const address = entry.find("mac_address");
            if (address != nullptr && address->scalar() != nullptr) {
                known.push_back(text::lower(address->scalar()->text));
            }
        }
    }
    if (networks.sequence() != nullptr) { write_private(out, networks, known); }
    out.end_sequence().end_mapping();
    return out.finish();
}

} // namespace

bool detect(const Machine& machine) { return machine.vendor == "Hetzner"; }

Result<Metadata> parse(std::string_view metadata_text, std::string user_data, std::string_view private_networks) {
    auto read = parse_metadata(metadata_text, "metadata");
    if (!read) { return garbage(read.error()); }
    auto& [metadata, document] = *read;
    if (metadata.instance_id.empty()) { return fail(ErrorKind::transient, "Hetzner's metadata has no instance-id"); }
    metadata.datasource = "hetzner";
    metadata.user_data = decode_user_data(std::move(user_data));
    if (const auto* vendor = document.find("vendor_data"); vendor != nullptr && vendor->scalar() != nullptr) {
        metadata.vendor_data = vendor->scalar()->text;
    }
    Faults faults;
    const auto networks = document::parse(private_networks, "private-networks", faults);
    if (!faults.empty()) { return garbage(faults.to_error()); }
    if (const auto* config = document.find("network-config"); config != nullptr && config->mapping() != nullptr) {
        metadata.network = NetworkDescription{.text = network_text(*config, networks)};
    }
    return std::move(metadata);
}

Result<Metadata> read(const Environment& environment, const Machine& machine) {
    const auto places = bases(environment, machine);
    std::vector<http::Request> requests;
    for (const auto& base : places) {
        // A neighbour on the link answers at once or not at all.
        requests.push_back(request(base, "metadata", requests.empty() ? 1000ms : 300ms));
    }
    INGOT_ASSIGN(const auto answer, first_answer(environment, requests), kDoing);
    const auto& base = places[answer.index];
    if (answer.response.status != kOk) {
        return fail(ErrorKind::transient,
                    text::format("{}: {}", kDoing, describe_answer(base + "metadata", answer.response)));
    }
    const auto http = environment.make_http();
    INGOT_ASSIGN(auto user_data, optional_document(*http, base, "userdata"), "");
    INGOT_ASSIGN(const auto networks, optional_document(*http, base, "metadata/private-networks"), "");
    INGOT_ASSIGN(auto metadata, parse(answer.response.body, std::move(user_data), networks), "");
    INGOT_TRY(check_serial(machine, metadata.instance_id), "");
    metadata.place = base;
    return metadata;
}

} // namespace ingot::firstboot::hetzner
