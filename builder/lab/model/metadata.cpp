#include "builder/lab/model/metadata.hpp"

#include <functional>
#include <map>

#include "common/document/document.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::lab {

namespace {

const std::string& hostname_of(const Member& member) {
    return member.hostname.empty() ? member.name : member.hostname;
}

using document::Writer;

constexpr std::string_view kBase = "/hetzner/v1/";
constexpr std::string_view kRegion = "lab";
constexpr std::string_view kZone = "lab-dc1";

void write_network_config(Writer& out, const Instance& instance) {
    out.begin_mapping();
    out.key("config").begin_sequence();
    out.begin_mapping();
    out.entry("mac_address", mac_of(instance.member.address)).entry("name", "eth0");
    out.key("subnets").begin_sequence();
    out.begin_mapping();
    out.key("dns_nameservers").begin_sequence().text(instance.gateway).end_sequence();
    out.entry("ipv4", true).entry("type", "dhcp");
    out.end_mapping();
    out.end_sequence();
    out.entry("type", "physical");
    out.end_mapping();
    out.end_sequence();
    out.entry("version", 1);
    out.end_mapping();
}

void write_keys(Writer& out, const Instance& instance) {
    out.begin_sequence();
    for (const auto& key : instance.ssh_authorized_keys) { out.text(key); }
    out.end_sequence();
}

/// One key of the metadata as a document of its own: scalars bare, as Hetzner writes them.
HttpAnswer one_key(std::string_view key, const Instance& instance) {
    const auto plain = [](std::string_view value) { return HttpAnswer{.body = std::string(value)}; };
    const auto document = [](const std::function<void(Writer&)>& write) {
        Writer out;
        write(out);
        return HttpAnswer{.body = out.finish()};
    };
    if (key == "hostname") { return plain(hostname_of(instance.member)); }
    if (key == "instance-id") { return plain(std::to_string(instance.member.instance_id)); }
    if (key == "public-ipv4") { return plain(instance.member.address); }
    if (key == "local-ipv4") { return plain(""); }
    if (key == "availability-zone") { return plain(kZone); }
    if (key == "region") { return plain(kRegion); }
    if (key == "public-keys") {
        return document([&](Writer& out) { write_keys(out, instance); });
    }
    if (key == "network-config") {
        return document([&](Writer& out) { write_network_config(out, instance); });
    }
    if (key == "private-networks") { return plain(private_networks_document(instance)); }
    return {.status = 404, .body = "not found\n"};
}

std::string_view reason(int status) {
    switch (status) {
    case 200: return "OK";
    case 204: return "No Content";
    case 400: return "Bad Request";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    default: return "Internal Server Error";
    }
}

} // namespace

std::string with_part(std::string_view user_data, std::string_view part) {
    constexpr std::string_view kBoundary = "==ingot-lab==";
    std::string text = text::format("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"{}\"\n", kBoundary);
    for (const auto content : {user_data, part}) {
        text += text::format("\n--{}\nContent-Type: text/plain; charset=\"utf-8\"\n\n{}", kBoundary, content);
    }
    return text + text::format("\n--{}--\n", kBoundary);
}

std::string metadata_document(const Instance& instance) {
    Writer out;
    out.begin_mapping();
    out.entry("availability-zone", kZone);
    out.entry("hostname", hostname_of(instance.member));
    out.entry("instance-id", static_cast<std::int64_t>(instance.member.instance_id));
    out.entry("local-ipv4", "");
    out.key("network-config");
    write_network_config(out, instance);
    out.entry("public-ipv4", instance.member.address);
    out.key("public-keys");
    write_keys(out, instance);
    out.entry("region", kRegion);
    out.entry("vendor_data", "");
    out.end_mapping();
    return out.finish();
}

std::string private_networks_document(const Instance& instance) {
    Writer out;
    out.begin_sequence().begin_mapping();
    out.entry("ip", instance.member.address);
    out.key("alias_ips").begin_sequence().end_sequence();
    out.entry("interface_num", 1);
    out.entry("mac_address", mac_of(instance.member.address));
    out.entry("network_id", 1);
    out.entry("network_name", instance.network_name);
    out.entry("network", instance.network);
    out.entry("subnet", instance.network);
    out.entry("gateway", instance.gateway);
    out.end_mapping().end_sequence();
    return out.finish();
}

HttpAnswer answer(std::string_view method, std::string_view path, const Instance* instance) {
    if (path.empty()) { return {.status = 400, .body = "bad request\n"}; }
    if (method != "GET" && method != "HEAD") { return {.status = 405, .body = "only GET\n"}; }
    while (path.size() > 1 && path.ends_with('/')) { path.remove_suffix(1); }
    if (instance == nullptr || !path.starts_with(kBase)) { return {.status = 404, .body = "not found\n"}; }
    path.remove_prefix(kBase.size());
    if (path == "metadata") { return {.body = metadata_document(*instance)}; }
    if (path == "userdata") {
        if (instance->user_data.empty()) { return {.status = 204}; }
        return {.body = instance->user_data};
    }
    constexpr std::string_view kOne = "metadata/";
    if (path.starts_with(kOne)) { return one_key(path.substr(kOne.size()), *instance); }
    return {.status = 404, .body = "not found\n"};
}

std::string to_http(const HttpAnswer& answer, bool head_only) {
    std::string text = text::format("HTTP/1.1 {} {}\r\nConnection: close\r\n", answer.status, reason(answer.status));
    constexpr int kNoContent = 204;
    if (answer.status != kNoContent) {
        text += text::format("Content-Type: {}\r\nContent-Length: {}\r\n", answer.content_type, answer.body.size());
    }
    text += "\r\n";
    if (!head_only) { text += answer.body; }
    return text;
}

RequestLine parse_request_line(std::string_view request) {
    const auto line = request.substr(0, request.find("\r\n"));
    const auto words = text::split(line, ' ');
    if (words.size() != 3 || !words[1].starts_with('/') || !words[2].starts_with("HTTP/1.")) { return {}; }
    return {.method = words[0], .path = words[1].substr(0, words[1].find('?'))};
}

} // namespace ingot::builder::lab
