// An explanation for a terminal and for programs.
#include "builder/pipeline/explain.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::pipeline {

namespace {

std::string render_layer(const ExplainedLayer& layer) {
    constexpr std::size_t kShort = 12;
    auto out = text::format("  {} {:<18} {}", layer.cached ? "·" : "●", layer.name, layer.key.substr(0, kShort));
    out += layer.cached ? "  cached" : "  to be made";
    if (layer.packages > 0) { out += text::format(", {} packages", layer.packages); }
    if (layer.missing_packages > 0) {
        out += text::format(", {} to download ({})", layer.missing_packages, text::human_bytes(layer.missing_bytes));
    }
    if (!layer.overlays.empty()) { out += ", overlays " + text::join(layer.overlays, " "); }
    out += "\n";
    for (const auto& reason : layer.reasons) { out += text::format("      {}\n", reason); }
    return out;
}

json::Json layer_json(const ExplainedLayer& layer) {
    return {{"name", layer.name},
            {"key", layer.key},
            {"cached", layer.cached},
            {"reasons", layer.reasons},
            {"packages", layer.packages},
            {"download", {{"packages", layer.missing_packages}, {"bytes", layer.missing_bytes}}},
            {"overlays", layer.overlays}};
}

} // namespace

std::string render_text(const Explanation& explanation) {
    std::string out;
    for (const auto& role : explanation.roles) {
        out += text::format("{} · {} · {} packages · {}\n", role.name, role.suite, role.packages,
                            role.agent.empty() ? "without agent" : "agent " + role.agent);
        for (const auto& layer : role.layers) { out += render_layer(layer); }
        out += text::format("  {} {:<18} {}\n", role.unchanged ? "·" : "●", role.output.string() + "/",
                            role.unchanged ? "unchanged" : text::join(role.files, " ") + " to be written");
        out += text::format("    {:<18} {}\n\n", "formats", text::join(role.formats, " "));
    }
    if (explanation.missing_packages == 0) { return out + "Nothing to download.\n"; }
    return out + text::format("To download: {} packages, {}.\n", explanation.missing_packages,
                              text::human_bytes(explanation.missing_bytes));
}

json::Json to_json(const Explanation& explanation) {
    auto roles = json::Json::array();
    for (const auto& role : explanation.roles) {
        auto layers = json::Json::array();
        for (const auto& layer : role.layers) { layers.push_back(layer_json(layer)); }
        roles.push_back({{"name", role.name},
                         {"suite", role.suite},
                         {"agent_version", role.agent.empty() ? json::Json() : json::Json(role.agent)},
                         {"packages", role.packages},
                         {"layers", std::move(layers)},
                         {"formats", role.formats},
                         {"files", role.files},
                         {"output", role.output.string()},
                         {"unchanged", role.unchanged}});
    }
    return {{"version", 1},
            {"roles", std::move(roles)},
            {"download", {{"packages", explanation.missing_packages}, {"bytes", explanation.missing_bytes}}}};
}

} // namespace ingot::builder::pipeline
