#include "builder/lab/model/state.hpp"

#include <algorithm>
#include <ranges>

namespace ingot::builder::lab {

namespace {

Result<Member> parse_member(const json::Json& entry) {
    const auto name = json::string_at(entry, "name");
    const auto role = cloud_init::role_from(json::string_at(entry, "role").value_or(""));
    const auto address = json::string_at(entry, "address");
    if (!name || !role || !address) { return fail(ErrorKind::invalid_input, "a member lacks name, role or address"); }
    return Member{.name = *name,
                  .role = *role,
                  .address = *address,
                  .instance_id = static_cast<std::uint32_t>(json::number_at(entry, "instance_id").value_or(0)),
                  .machine_id = json::string_at(entry, "machine_id").value_or(""),
                  .hostname = json::string_at(entry, "hostname").value_or(""),
                  .powered = json::flag_at(entry, "powered")};
}

} // namespace

const Member* LabState::find(std::string_view member) const {
    const auto found = std::ranges::find(members, member, &Member::name);
    return found == members.end() ? nullptr : &*found;
}

Member* LabState::find(std::string_view member) {
    const auto found = std::ranges::find(members, member, &Member::name);
    return found == members.end() ? nullptr : &*found;
}

std::string to_text(const LabState& state) {
    json::Json root = {
        {"version", 1},
        {"name", state.name},
        {"images", state.images},
        {"image_stamps", state.image_stamps},
        {"formed", state.formed},
        {"ports", {{"primary", state.ports.primary}, {"replica", state.ports.replica}, {"pool", state.ports.pool}}},
        {"part", state.part},
        {"words", state.words},
        {"members", json::Json::array()},
        {"used", json::Json::object()},
    };
    for (const auto& member : state.members) {
        root["members"].push_back({{"name", member.name},
                                   {"role", std::string(cloud_init::to_string(member.role))},
                                   {"address", member.address},
                                   {"instance_id", member.instance_id},
                                   {"machine_id", member.machine_id},
                                   {"powered", member.powered}});
        if (!member.hostname.empty()) { root["members"].back()["hostname"] = member.hostname; }
    }
    for (const auto& [role, number] : state.used) { root["used"][std::string(cloud_init::to_string(role))] = number; }
    return json::to_text(root);
}

Result<LabState> parse_state(std::string_view text) {
    INGOT_ASSIGN(const auto root, json::parse(text), "reading the lab's state");
    if (json::number_at(root, "version") != 1) {
        return fail(ErrorKind::invalid_input, "the lab's state is of a version that this ingot does not know");
    }
    LabState state;
    state.name = json::string_at(root, "name").value_or("");
    state.images = json::string_at(root, "images").value_or("");
    state.image_stamps = json::string_at(root, "image_stamps").value_or("");
    state.formed = json::flag_at(root, "formed");
    const auto& ports = json::member(root, "ports");
    state.ports = {.primary = static_cast<int>(json::number_at(ports, "primary").value_or(0)),
                   .replica = static_cast<int>(json::number_at(ports, "replica").value_or(0)),
                   .pool = static_cast<int>(json::number_at(ports, "pool").value_or(0))};
    state.part = json::string_at(root, "part").value_or("");
    for (const auto& word : json::member(root, "words")) {
        if (word.is_string()) { state.words.push_back(word.get<std::string>()); }
    }
    for (const auto& entry : json::member(root, "members")) {
        INGOT_ASSIGN(auto member, parse_member(entry), "reading the lab's state");
        state.members.push_back(std::move(member));
    }
    for (const auto role : {Role::etcd, Role::db, Role::proxy, Role::backup}) {
        if (const auto number = json::number_at(json::member(root, "used"), cloud_init::to_string(role))) {
            state.used[role] = static_cast<int>(*number);
        }
    }
    return state;
}

Paths Paths::of(std::string_view name) {
    return {.name = std::string(name),
            .state = std::filesystem::path("/var/lib/ingot/lab") / name,
            .run = "/run/ingot/lab"};
}

std::filesystem::path image_of(std::string_view images, Role role) {
    return std::filesystem::path(images) / cloud_init::to_string(role) / "root.squashfs";
}

std::string cgroup_of(std::string_view lab) { return "ingot-lab-" + std::string(lab); }

} // namespace ingot::builder::lab
