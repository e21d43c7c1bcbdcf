#include <regex>

#include "common/clock/clock.hpp"
#include "common/text/text.hpp"
#include "tests/component/upload/fake_hetzner.hpp"

namespace ingot::tests {

namespace {

bool has_type(const json::Json& value, const std::string& type) {
    if (type == "string") { return value.is_string() && !value.get<std::string>().empty(); }
    if (type == "bool") { return value.is_boolean(); }
    if (type == "ids") {
        if (!value.is_array() || value.empty()) { return false; }
        for (const auto& id : value) {
            if (!id.is_number_integer()) { return false; }
        }
        return true;
    }
    return value.is_object(); // "object", "labels"
}

json::Json server_type(int id, const std::string& name, const std::string& architecture, int disk, double price,
                       const std::vector<std::string>& locations, bool deprecated = false) {
    json::Json type = {{"id", id},
                       {"name", name},
                       {"description", text::format("{} of the tests", name)},
                       {"category", "Shared vCPU"},
                       {"cores", 2},
                       {"memory", 4.0},
                       {"disk", disk},
                       {"storage_type", "local"},
                       {"cpu_type", "shared"},
                       {"architecture", architecture},
                       {"included_traffic", 0},
                       {"deprecated", deprecated},
                       {"deprecation", nullptr},
                       {"prices", json::Json::array()},
                       {"locations", json::Json::array()}};
    int place = 1;
    for (const auto& location : locations) {
        const auto gross = text::format("{:.4f}", price + place / 10000.0);
        type["prices"].push_back({{"location", location}, {"price_hourly", {{"net", gross}, {"gross", gross}}}});
        type["locations"].push_back({{"id", place++},
                                     {"name", location},
                                     {"available", true},
                                     {"recommended", true},
                                     {"deprecation", nullptr}});
    }
    return type;
}

json::Json system_image(int id, const std::string& flavor, const std::string& name, const std::string& architecture,
                        bool deprecated = false) {
    return {{"id", id},
            {"type", "system"},
            {"status", "available"},
            {"name", name},
            {"description", name},
            {"image_size", nullptr},
            {"disk_size", 5},
            {"created", "2025-01-30T23:50:00+00:00"},
            {"created_from", nullptr},
            {"bound_to", nullptr},
            {"os_flavor", flavor},
            {"os_version", "1"},
            {"architecture", architecture},
            {"rapid_deploy", true},
            {"protection", {{"delete", false}}},
            {"deprecated", deprecated ? json::Json("2025-08-01T00:00:00+00:00") : json::Json()},
            {"deleted", nullptr},
            {"labels", json::Json::object()}};
}

} // namespace

std::string fault_of_body(const json::Json& body, const std::map<std::string, std::string>& known,
                          const std::set<std::string>& required) {
    if (!body.is_object()) { return "the body is not an object"; }
    for (const auto& [key, value] : body.items()) {
        const auto found = known.find(key);
        if (found == known.end()) { return "unknown field " + key; }
        if (!has_type(value, found->second)) { return text::format("field {} is not {}", key, found->second); }
        if (found->second == "labels") {
            if (const auto fault = fault_of_labels(value); !fault.empty()) { return fault; }
        }
    }
    for (const auto& key : required) {
        if (!body.contains(key)) { return "missing field " + key; }
    }
    return {};
}

std::string fault_of_labels(const json::Json& labels) {
    static const std::regex kValue("([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?");
    static const std::regex kKey("([a-z0-9.-]{1,253}/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?");
    for (const auto& [key, value] : labels.items()) {
        if (!std::regex_match(key, kKey) || !value.is_string() ||
            !std::regex_match(value.get<std::string>(), kValue)) {
            return text::format("label {} = {} is not allowed", key, value.dump());
        }
    }
    return {};
}

/// "a", "a=b", several with commas: as much of selectors as ingot uses.
bool selects(const std::string& selector, const json::Json& labels) {
    for (const auto& part : text::split(selector, ',')) {
        const auto equals = part.find('=');
        const auto key = part.substr(0, equals);
        if (!labels.contains(key)) { return false; }
        if (equals != std::string::npos && labels.at(key) != part.substr(equals + 1)) { return false; }
    }
    return true;
}

json::Json api_error(const std::string& code, const std::string& message) {
    return {{"error", {{"code", code}, {"message", message}, {"details", nullptr}}}};
}

std::string time_text(int days_ago) {
    return clock::to_rfc3339(clock::SystemClock().now() - std::chrono::days(days_ago));
}

std::vector<json::Json> server_types() {
    const std::vector<std::string> all = {"fsn1", "nbg1", "hel1"};
    return {server_type(1, "cx11", "x86", 20, 0.004, all, true), server_type(22, "cpx31", "x86", 160, 0.02, all),
            server_type(114, "cx23", "x86", 40, 0.006, all),
            server_type(115, "cpx11", "x86", 40, 0.007, {"fsn1", "ash"}),
            server_type(45, "cax11", "arm", 40, 0.006, {"fsn1", "nbg1"})};
}

std::vector<json::Json> system_images() {
    return {system_image(1, "debian", "debian-11", "x86", true), system_image(2, "ubuntu", "ubuntu-24.04", "x86"),
            system_image(3, "debian", "debian-12", "x86"), system_image(4, "debian", "debian-12", "arm"),
            system_image(5, "fedora", "fedora-42", "x86")};
}

} // namespace ingot::tests
