#include "installer/marker/marker.hpp"

#include "common/crypto/crypto.hpp"
#include "common/json/json.hpp"
#include "common/text/text.hpp"

namespace ingot::installer {

namespace {

constexpr std::string_view kMagic = "INGOT-INSTALLED 1\n";

} // namespace

std::optional<std::string> render_marker(const Marker& marker) {
    const json::Json value = {{"machine", marker.machine},
                              {"map_sha256", marker.map_sha256},
                              {"again", marker.again},
                              {"installed_at", marker.installed_at},
                              {"root_at", marker.boot.root_at},
                              {"root_size", marker.boot.root_size},
                              {"kernel", marker.boot.kernel},
                              {"initrd", marker.boot.initrd},
                              {"command_line", marker.boot.command_line}};
    const auto line = json::to_line(value);
    auto block = text::format("{}{}\n{}\n", kMagic, crypto::sha256_hex(line), line);
    if (block.size() > kMarkerSize) { return std::nullopt; }
    block.resize(kMarkerSize, '\0');
    return block;
}

std::optional<Marker> find_marker(std::string_view first_mebibyte) {
    if (first_mebibyte.size() < kMarkerAt + kMarkerSize) { return std::nullopt; }
    const auto block = first_mebibyte.substr(kMarkerAt, kMarkerSize);
    if (!block.starts_with(kMagic)) { return std::nullopt; }
    const auto lines = text::split(block.substr(kMagic.size()), '\n');
    if (lines.size() < 2 || crypto::sha256_hex(lines[1]) != lines[0]) { return std::nullopt; }
    const auto value = json::parse(lines[1]);
    if (!value) { return std::nullopt; }
    const auto text = [&](std::string_view key) { return json::string_at(*value, key).value_or(""); };
    return Marker{.machine = text("machine"),
                  .map_sha256 = text("map_sha256"),
                  .again = text("again"),
                  .installed_at = text("installed_at"),
                  .boot = {.root_at = json::unsigned_at(*value, "root_at").value_or(0),
                           .root_size = json::unsigned_at(*value, "root_size").value_or(0),
                           .kernel = text("kernel"),
                           .initrd = text("initrd"),
                           .command_line = text("command_line")}};
}

} // namespace ingot::installer
