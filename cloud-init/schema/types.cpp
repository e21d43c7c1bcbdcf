#include "cloud-init/schema/types.hpp"

#include <algorithm>
#include <array>

#include "common/text/text.hpp"

namespace ingot::cloud_init {

namespace {

using json::Json;

/// The reader takes any scalar for a text: what YAML makes of it is the plugin's affair.
Json text() { return {{"type", {"string", "number", "boolean"}}}; }
Json pattern(std::string_view expression) { return {{"type", "string"}, {"pattern", expression}}; }
Json list_of(const Json& items) { return {{"type", "array"}, {"items", items}}; }
Json any_of(std::initializer_list<Json> choices) { return {{"anyOf", Json(Json::array_t(choices))}}; }

/// In any case, as YAML 1.1 has it; the plugins read YAML 1.2, to which a yes is a text.
Json flag() {
    return any_of({{{"type", "boolean"}},
                   pattern("^([Yy][Ee][Ss]|[Nn][Oo]|[Oo][Nn]|[Oo][Ff][Ff]|[Tt][Rr][Uu][Ee]|"
                           "[Ff][Aa][Ll][Ss][Ee])$")});
}

Json command() { return any_of({text(), list_of(text()), {{"type", "null"}}}); }

/// "a, b or c". Words that YAML reads as true or false are taken as such, too.
Json choice(std::string_view type) {
    auto values = Json::array();
    bool yes = false;
    bool no = false;
    for (const auto& word : text::split(text::replace_all(std::string(type), " or ", ", "), ',')) {
        const auto value = text::trim(word);
        yes = yes || value == "true" || value == "on" || value == "yes";
        no = no || value == "false" || value == "off" || value == "no";
        values.push_back(value);
    }
    if (yes) { values.push_back(true); }
    if (no) { values.push_back(false); }
    return {{"enum", values}};
}

/// "1 to 9999"
std::optional<Json> range(std::string_view type) {
    constexpr std::string_view kBetween = " to ";
    const auto place = type.find(kBetween);
    if (place == std::string_view::npos) { return std::nullopt; }
    const auto least = text::to_number(type.substr(0, place));
    const auto most = text::to_number(type.substr(place + kBetween.size()));
    if (!least || !most) { return std::nullopt; }
    return Json{{"type", "integer"}, {"minimum", *least}, {"maximum", *most}};
}

struct Pattern {
    std::string_view type;
    std::string_view expression;
};
constexpr std::string_view kNetwork = "^[0-9A-Fa-f.:]+/[0-9]+$";
constexpr std::array<Pattern, 8> kPatterns = {{
    {"absolute path", "^/[^/]"},
    {"cluster name", "^[a-z]([a-z0-9-]{0,29}[a-z0-9])?$"},
    {"database name", "^[a-z_][a-z0-9_-]{0,62}$"},
    {"date", "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
    {"duration", "^[0-9]{1,6}(d|h|min|m|s)$"},
    {"hash", "^[Hh][Aa][Ss][Hh]$"},
    {"network", kNetwork},
    {"UUID", "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"},
}};

std::optional<Json> simple(std::string_view type) {
    if (type == "text") { return text(); }
    if (type == "true or false") { return flag(); }
    if (type == "text or list" || type == "text or list of texts") {
        return any_of({text(), type.ends_with("texts") ? list_of(text()) : Json{{"type", "array"}}});
    }
    if (type == "list of texts") { return list_of(text()); }
    if (type == "list of commands") { return list_of(command()); }
    if (type == "list of lists") { return list_of(list_of(any_of({text(), {{"type", "null"}}}))); }
    if (type == "list of networks") { return list_of(pattern(kNetwork)); }
    if (type == "list of packages") { return list_of(any_of({text(), list_of(text()), {{"type", "object"}}})); }
    if (type == "mapping of texts") { return Json{{"type", "object"}, {"additionalProperties", text()}}; }
    if (type == "names and mappings") {
        return any_of({text(), {{"type", "object"}}, list_of(any_of({text(), {{"type", "object"}}}))});
    }
    if (type == "host name") {
        return Json{{"type", {"string", "integer"}}, {"pattern", "^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$"}};
    }
    if (type == "layout") { return any_of({flag(), list_of(any_of({text(), list_of(text())}))}); }
    if (type == "permissions") { return any_of({{{"type", "integer"}}, pattern("^(0o)?[0-7]{1,5}$")}); }
    if (type == "sudo rules") { return any_of({text(), list_of(text()), {{"type", "null"}}}); }
    if (type == "time for backups") {
        return any_of({{{"const", false}},
                       pattern("^(off|every [0-9]+[hm]|(daily|weekly|Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
                               "( [0-9]{2}:[0-9]{2})?)$")});
    }
    const auto* const found = std::ranges::find(kPatterns, type, &Pattern::type);
    if (found != kPatterns.end()) { return pattern(found->expression); }
    return std::nullopt;
}

std::optional<Json> structured(std::string_view type, const std::function<Json()>& object) {
    if (type == "mapping" || type == "as ingot.backup") { return object(); }
    if (type == "mapping of mappings") { return Json{{"type", "object"}, {"additionalProperties", object()}}; }
    if (type == "list of mappings") { return list_of(object()); }
    if (type == "list of names and mappings") { return list_of(any_of({text(), object()})); }
    if (type == "restore target") {
        auto target = object();
        target["minProperties"] = 1;
        target["maxProperties"] = 1;
        return any_of({{{"const", "newest"}}, target});
    }
    return std::nullopt;
}

} // namespace

std::optional<Json> schema_of_type(std::string_view type, const std::function<Json()>& object) {
    if (auto found = structured(type, object)) { return found; }
    if (auto found = simple(type)) { return found; }
    if (auto found = range(type)) { return found; }
    if (type.find(" or ") != std::string_view::npos) { return choice(type); }
    return std::nullopt;
}

} // namespace ingot::cloud_init
