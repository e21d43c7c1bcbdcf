#include "cloud-init/schema/schema.hpp"

#include <stdexcept>

#include "cloud-init/schema/types.hpp"
#include "cloud-init/userdata/field_tables.hpp"
#include "cloud-init/userdata/key_tables.hpp"
#include "common/document/document.hpp"
#include "common/text/text.hpp"

namespace ingot::cloud_init {

namespace {

using json::Json;

constexpr std::string_view kBackup = "ingot.backup";

Json object_at(std::string_view path);

/// What the rows call the mapping that a key of this type holds.
std::string mapping_path(std::string_view path, std::string_view type) {
    if (type == "as ingot.backup") { return std::string(kBackup); }
    if (type == "mapping of mappings") { return text::format("{}{{}}", path); }
    return text::format("{}{}", path, type.starts_with("list of ") ? "[]" : "");
}

Json value_at(std::string_view path, std::string_view type, std::string_view meaning) {
    if (type == kNotApplied) {
        return {{"description", "A key of cloud-init that is not applied by this version"}, {"deprecated", true}};
    }
    if (type == kRefused) { return {{"description", "Not supported by this version"}, {"not", Json::object()}}; }
    auto schema = schema_of_type(type, [&] { return object_at(mapping_path(path, type)); });
    if (!schema) { throw std::logic_error(text::format("{}: no schema for the type '{}'", path, type)); }
    if (!meaning.empty()) { (*schema)["description"] = meaning; }
    return *std::move(schema);
}

/// The rows right below `path`. Every key that is not among them is a mistake.
Json object_at(std::string_view path) {
    auto properties = Json::object();
    auto needed = Json::array();
    for (const auto& field : nested_fields()) {
        if (!field.path.starts_with(path) || field.path.size() <= path.size() || field.path[path.size()] != '.') {
            continue;
        }
        const auto name = field.path.substr(path.size() + 1);
        if (name.find_first_of(".[{") != std::string_view::npos) { continue; }
        properties[std::string(name)] = value_at(field.path, field.type, field.meaning);
        if (field.needed) { needed.push_back(name); }
    }
    Json object{{"type", "object"}, {"properties", properties}, {"additionalProperties", false}};
    if (!needed.empty()) { object["required"] = needed; }
    return object;
}

/// As YAML reads it: a number, true and false are none of them texts.
Json to_json(const document::Value& value) {
    if (const auto* const scalar = value.scalar()) {
        if (!scalar->quoted && (scalar->text == "true" || scalar->text == "false")) { return scalar->text == "true"; }
        const auto number = scalar->quoted ? std::nullopt : text::to_number(scalar->text);
        return number ? Json(*number) : Json(scalar->text);
    }
    if (const auto* const list = value.sequence()) {
        auto array = Json::array();
        for (const auto& item : *list) { array.push_back(to_json(item)); }
        return array;
    }
    auto object = Json::object();
    if (const auto* const mapping = value.mapping()) {
        for (const auto& entry : *mapping) { object[entry.key] = to_json(entry.value); }
    }
    return object;
}

Json top(const KeyInfo& key) {
    auto schema = value_at(key.name, key.type, key.meaning);
    if (key.fallback == "true" || key.fallback == "false") { schema["default"] = key.fallback == "true"; }
    if (!key.example.empty()) {
        Faults faults;
        const auto example = document::parse(key.example, "example", faults);
        if (const auto* const value = example.find(key.name)) { schema["examples"] = Json::array({to_json(*value)}); }
    }
    return schema;
}

} // namespace

Json user_data_schema() {
    auto properties = Json::object();
    for (const auto& key : applied_keys()) { properties[std::string(key.name)] = top(key); }
    for (const auto& name : known_keys()) { properties[name] = value_at(name, kNotApplied, ""); }
    return {{"$schema", "http://json-schema.org/draft-07/schema#"},
            {"title", "User-data of an Ingot node"},
            {"description", "A #cloud-config with one key more, ingot:"},
            {"type", "object"},
            {"properties", properties},
            {"additionalProperties", false}};
}

} // namespace ingot::cloud_init
