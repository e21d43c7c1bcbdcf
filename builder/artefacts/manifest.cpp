#include "builder/artefacts/manifest.hpp"

#include <chrono>

#include "builder/packages/package_json.hpp"
#include "common/clock/clock.hpp"
#include "common/json/json.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::artefacts {

namespace {

constexpr int kVersion = 1;

json::Json sources_to_json(const std::vector<packages::SourceEntry>& sources) {
    auto list = json::Json::array();
    for (const auto& source : sources) {
        list.push_back({{"name", source.name},
                        {"uris", source.uris},
                        {"suites", source.suites},
                        {"components", source.components},
                        {"signed_by", source.signed_by}});
    }
    return list;
}

json::Json layers_to_json(const std::vector<ManifestLayer>& layers) {
    auto list = json::Json::array();
    for (const auto& layer : layers) {
        list.push_back({{"name", layer.name}, {"packages", layer.packages}, {"essential", layer.essential}});
    }
    return list;
}

std::vector<std::string> texts_at(const json::Json& object, std::string_view key) {
    std::vector<std::string> texts;
    for (const auto& item : json::member(object, key)) {
        if (item.is_string()) { texts.push_back(item.get<std::string>()); }
    }
    return texts;
}

json::Json text_or_null(const std::string& text) { return text.empty() ? json::Json() : json::Json(text); }

} // namespace

std::string render_manifest(const Manifest& manifest) {
    const clock::WallTime date{std::chrono::seconds(manifest.date)};
    json::Json value = {{"version", kVersion},
                        {"role", manifest.role},
                        {"suite", manifest.suite},
                        {"architecture", manifest.architecture},
                        {"date", clock::to_rfc3339(date)},
                        {"source_date_epoch", manifest.date},
                        {"agent_version", text_or_null(manifest.agent_version)},
                        {"agent_sha256", text_or_null(manifest.agent_sha256)},
                        {"git_revision", text_or_null(manifest.git_revision)},
                        {"public_key", text_or_null(manifest.public_key)},
                        {"date_was_given", manifest.date_was_given},
                        {"inputs", manifest.inputs}};
    auto files = json::Json::array();
    for (const auto& file : manifest.files) {
        files.push_back({{"name", file.name}, {"size", file.size}, {"sha256", file.sha256}});
    }
    value["files"] = std::move(files);
    value["sources"] = sources_to_json(manifest.sources);
    value["layers"] = layers_to_json(manifest.layers);
    value["packages"] = packages::to_json(manifest.packages);
    return json::to_text(value);
}

Result<Manifest> parse_manifest(std::string_view given) {
    INGOT_ASSIGN(const auto value, json::parse(given), "reading a manifest");
    if (json::number_at(value, "version") != kVersion) {
        return fail(ErrorKind::invalid_input, text::format("this is not a manifest of version {}", kVersion));
    }
    const auto text = [&](std::string_view key) { return json::string_at(value, key).value_or(""); };
    Manifest manifest{.role = text("role"),
                      .suite = text("suite"),
                      .architecture = text("architecture"),
                      .agent_version = text("agent_version"),
                      .agent_sha256 = text("agent_sha256"),
                      .git_revision = text("git_revision"),
                      .public_key = text("public_key"),
                      .date = json::number_at(value, "source_date_epoch").value_or(0),
                      .inputs = text("inputs")};
    for (const auto& file : json::member(value, "files")) {
        manifest.files.push_back({.name = json::string_at(file, "name").value_or(""),
                                  .size = json::unsigned_at(file, "size").value_or(0),
                                  .sha256 = json::string_at(file, "sha256").value_or("")});
    }
    manifest.date_was_given = json::flag_at(value, "date_was_given");
    for (const auto& source : json::member(value, "sources")) {
        manifest.sources.push_back({.uris = texts_at(source, "uris"),
                                    .suites = texts_at(source, "suites"),
                                    .components = texts_at(source, "components"),
                                    .signed_by = json::string_at(source, "signed_by").value_or(""),
                                    .name = json::string_at(source, "name").value_or("")});
    }
    for (const auto& layer : json::member(value, "layers")) {
        manifest.layers.push_back({.name = json::string_at(layer, "name").value_or(""),
                                   .packages = texts_at(layer, "packages"),
                                   .essential = texts_at(layer, "essential")});
    }
    INGOT_ASSIGN(manifest.packages, packages::from_json(json::member(value, "packages")), "reading the packages");
    return manifest;
}

} // namespace ingot::builder::artefacts
