#include "common/text/text.hpp"
#include "firstboot/datasource/nocloud/nocloud.hpp"

namespace ingot::firstboot::nocloud {

std::optional<Line> parse_line(std::string_view words) {
    const auto parts = text::split(words, ';');
    if (parts.front() != "nocloud" && parts.front() != "nocloud-net") { return std::nullopt; }
    Line line;
    for (const auto& part : parts) {
        const auto equals = part.find('=');
        if (equals == std::string::npos) { continue; }
        const auto key = std::string_view(part).substr(0, equals);
        auto value = part.substr(equals + 1);
        if (key == "s" || key == "seedfrom") {
            constexpr std::string_view kFile = "file://";
            line.seed = value.starts_with(kFile) ? value.substr(kFile.size()) : std::move(value);
        } else if (key == "i" || key == "instance-id") {
            line.instance_id = std::move(value);
        } else if (key == "h" || key == "local-hostname") {
            line.hostname = std::move(value);
        }
    }
    return line;
}

std::optional<Line> find_line(const Machine& machine) {
    std::optional<Line> found;
    constexpr std::string_view kMark = "ds=";
    if (machine.serial.starts_with(kMark)) {
        found = parse_line(std::string_view(machine.serial).substr(kMark.size()));
    }
    const auto second = parse_line(datasource_words(machine));
    if (!found) { return second; }
    if (second) {
        if (!found->seed) { found->seed = second->seed; }
        if (found->instance_id.empty()) { found->instance_id = second->instance_id; }
        if (found->hostname.empty()) { found->hostname = second->hostname; }
    }
    return found;
}

std::string seed_url(std::string_view seed, std::string_view name) {
    if (seed.find("%s") != std::string_view::npos) { return text::replace_all(std::string(seed), "%s", name); }
    const bool closed = seed.ends_with('/') || seed.find('?') != std::string_view::npos;
    return text::format("{}{}{}", seed, closed ? "" : "/", name);
}

} // namespace ingot::firstboot::nocloud
