#include "builder/serve/model/state.hpp"

#include <algorithm>
#include <array>

#include "common/json/json.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::serve {

namespace {

constexpr int kVersion = 1;
constexpr std::array<std::string_view, 4> kPhases = {"assigned", "installing", "installed", "failed"};

json::Json text_or_null(const std::optional<std::string>& text) { return text ? json::Json(*text) : json::Json(); }

bool same(std::string_view left, std::string_view right) {
    if (left.size() != right.size()) { return false; }
    unsigned difference = 0;
    for (std::size_t at = 0; at < left.size(); ++at) {
        difference |=
            static_cast<unsigned>(static_cast<unsigned char>(left[at]) ^ static_cast<unsigned char>(right[at]));
    }
    return difference == 0;
}

} // namespace

std::string_view to_string(Phase phase) { return kPhases.at(static_cast<std::size_t>(phase)); }

std::string render_state(const State& state) {
    auto machines = json::Json::array();
    for (const auto& machine : state.machines) {
        machines.push_back({{"name", machine.name},
                            {"role", machine.role},
                            {"mac", text_or_null(machine.identity.mac)},
                            {"serial", text_or_null(machine.identity.serial)},
                            {"uuid", text_or_null(machine.identity.uuid)},
                            {"phase", to_string(machine.phase)},
                            {"detail", machine.detail},
                            {"again", machine.again},
                            {"token", machine.token}});
    }
    return json::to_text({{"version", kVersion}, {"machines", std::move(machines)}});
}

Result<State> parse_state(std::string_view given) {
    INGOT_ASSIGN(const auto value, json::parse(given), "reading the state of ingot serve");
    if (json::number_at(value, "version") != kVersion || !json::member(value, "machines").is_array()) {
        return fail(ErrorKind::invalid_input, "this is no state of ingot serve");
    }
    State state;
    for (const auto& item : json::member(value, "machines")) {
        const auto text = [&](std::string_view key) { return json::string_at(item, key).value_or(""); };
        const auto* const phase = std::ranges::find(kPhases, text("phase"));
        Assigned machine{.identity = {.mac = json::string_at(item, "mac"),
                                      .serial = json::string_at(item, "serial"),
                                      .uuid = json::string_at(item, "uuid")},
                         .name = text("name"),
                         .role = text("role"),
                         .token = text("token"),
                         .again = text("again"),
                         .detail = text("detail")};
        constexpr std::size_t kToken = 32;
        if (phase == kPhases.end() || machine.name.empty() || machine.token.size() != kToken) {
            return fail(ErrorKind::invalid_input,
                        "the state of ingot serve has a machine without name, token or phase");
        }
        machine.phase = static_cast<Phase>(phase - kPhases.begin());
        state.machines.push_back(std::move(machine));
    }
    return state;
}

Assigned* find_token(State& state, std::string_view token) {
    Assigned* found = nullptr;
    for (auto& machine : state.machines) {
        if (!token.empty() && same(machine.token, token)) { found = &machine; }
    }
    return found;
}

} // namespace ingot::builder::serve
