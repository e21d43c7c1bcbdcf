// What each call of the API does, and what it refuses.
#include <algorithm>
#include <regex>

#include "common/text/text.hpp"
#include "tests/component/upload/fake_hetzner.hpp"

namespace ingot::tests {

FakeHetzner::Reply FakeHetzner::create_key(const json::Json& body) {
    auto wrong = fault_of_body(body, {{"name", "string"}, {"public_key", "string"}, {"labels", "labels"}},
                               {"name", "public_key"});
    if (wrong.empty() && !body["public_key"].get<std::string>().starts_with("ssh-ed25519 AAAA")) {
        wrong = "not an ssh key";
    }
    if (!wrong.empty()) { return {422, api_error("invalid_input", wrong)}; }
    for (const auto& [id, key] : keys_) {
        if (key["name"] == body["name"] || key["public_key"] == body["public_key"]) {
            return {409, api_error("uniqueness_error", "SSH key not unique")};
        }
    }
    const auto id = next_id_++;
    keys_[id] = {{"id", id},
                 {"name", body["name"]},
                 {"fingerprint", "b7:2f:30:a0:2f:6c:58:6c:21:04:58:61:ba:06:3b:2f"},
                 {"public_key", body["public_key"]},
                 {"labels", body.value("labels", json::Json::object())},
                 {"created", time_text()}};
    return {201, {{"ssh_key", keys_[id]}}};
}

FakeHetzner::Reply FakeHetzner::create_server(const json::Json& body, bool action_fails) {
    auto wrong = fault_of_body(body,
                               {{"name", "string"},
                                {"server_type", "string"},
                                {"image", "string"},
                                {"location", "string"},
                                {"ssh_keys", "ids"},
                                {"start_after_create", "bool"},
                                {"labels", "labels"},
                                {"public_net", "object"}},
                               {"name", "server_type", "image"});
    if (!wrong.empty()) { return {422, api_error("invalid_input", wrong)}; }
    const auto name = body["name"].get<std::string>();
    if (!std::regex_match(name, std::regex("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"))) {
        return {422, api_error("invalid_input", "name is no hostname")};
    }
    const auto location = body.value("location", std::string("fsn1"));
    const auto type_name = body["server_type"].get<std::string>();
    const json::Json* type = nullptr;
    const auto types = server_types();
    for (const auto& candidate : types) {
        if (candidate["name"] == type_name) { type = &candidate; }
    }
    const auto is_there = [&] {
        for (const auto& entry : (*type)["locations"]) {
            if (entry["name"] == location) { return true; }
        }
        return false;
    };
    if (type == nullptr || !is_there()) { return {422, api_error("invalid_input", "no such server type there")}; }
    const auto image = std::ranges::find_if(images_, [&](const auto& entry) {
        return entry.second["name"] == body["image"] && entry.second["architecture"] == (*type)["architecture"];
    });
    if (image == images_.end() || image->second["deprecated"].is_string()) {
        return {422, api_error("invalid_input", "image is not there, deprecated, or of another architecture")};
    }
    for (const auto& [id, server] : servers_) {
        if (!server.deleted && server.name == name) {
            return {409, api_error("uniqueness_error", "server name is already used")};
        }
    }
    places_tried_.push_back(type_name + "@" + location);
    if (sold_out_ && (sold_out_->empty() || sold_out_->contains(location))) {
        return {412, api_error("resource_unavailable", "error during placement")};
    }
    if (!body.contains("ssh_keys")) { fault("a server without ssh key: the provider sends a password by mail"); }
    Server server{.id = next_id_++, .name = name, .status = "initializing", .type = type_name, .location = location};
    server.labels = body.value("labels", json::Json::object());
    for (const auto& key : body.value("ssh_keys", json::Json::array())) {
        if (!keys_.contains(key.get<std::int64_t>())) { return {422, api_error("invalid_input", "no such ssh key")}; }
    }
    if (body.value("start_after_create", true)) {
        fault("the server was started before the rescue system was enabled");
    }
    servers_[server.id] = server;
    most_servers_ = std::max(most_servers_, servers());
    auto action =
        begin("create_server", server.id, action_fails, [this, id = server.id] { servers_[id].status = "off"; });
    return {201,
            {{"server", show(server)},
             {"action", action},
             {"next_actions", json::Json::array()},
             {"root_password", nullptr}}};
}

FakeHetzner::Reply FakeHetzner::act(std::int64_t id, const std::string& what, const json::Json& body,
                                    bool action_fails) {
    auto* found = server(id);
    if (found == nullptr) { return {404, api_error("not_found", "server not found")}; }
    if (is_locked(id)) { return {423, api_error("locked", "server is locked")}; }
    if (what == "enable_rescue") {
        const auto wrong = fault_of_body(body, {{"type", "string"}, {"ssh_keys", "ids"}}, {});
        if (!wrong.empty() || body.value("type", "linux64") != "linux64") {
            return {422, api_error("invalid_input", wrong)};
        }
        std::vector<std::int64_t> keys;
        for (const auto& key : body.value("ssh_keys", json::Json::array())) {
            keys.push_back(key.get<std::int64_t>());
        }
        auto action = begin(what, id, action_fails, [this, id, keys] {
            servers_[id].rescue = true;
            servers_[id].keys = keys;
        });
        return {201, {{"action", action}, {"root_password", "not-used"}}};
    }
    if (what == "create_image") { return create_image(*found, body, action_fails); }
    if (!body.empty()) { return {422, api_error("invalid_input", "fields that are not known")}; }
    if (what == "poweron") {
        if (!action_fails && found->status == "off") { found->status = "starting"; }
        return {201, {{"action", begin(what, id, action_fails, [this, id] {
                           auto& machine = servers_[id];
                           if (machine.status == "running") { return; }
                           machine.status = "running";
                           if (!machine.rescue) {
                               fault("a server booted its own disk");
                               return;
                           }
                           machine.rescue = false; // for one boot
                           std::vector<std::string> keys;
                           for (const auto key : machine.keys) {
                               if (keys_.contains(key)) {
                                   keys.push_back(keys_[key]["public_key"].get<std::string>());
                               }
                           }
                           machines_.boot_rescue(id, keys);
                       })}}};
    }
    if (what == "poweroff") {
        return {201, {{"action", begin(what, id, action_fails, [this, id] {
                           machines_.power_cut(id);
                           servers_[id].status = "off";
                       })}}};
    }
    fault("no such action: " + what);
    return {404, api_error("not_found", "no such action")};
}

FakeHetzner::Reply FakeHetzner::create_image(Server& server, const json::Json& body, bool action_fails) {
    const auto wrong = fault_of_body(body, {{"type", "string"}, {"description", "string"}, {"labels", "labels"}}, {});
    if (!wrong.empty() || body.value("type", "snapshot") != "snapshot") {
        return {422, api_error("invalid_input", wrong)};
    }
    if (server.status != "off") { fault("a snapshot of a server that is " + server.status); }
    const auto id = next_id_++;
    auto image = system_images().front();
    image.update({{"id", id},
                  {"type", "snapshot"},
                  {"status", "creating"},
                  {"name", nullptr},
                  {"image_size", nullptr},
                  {"disk_size", 40},
                  {"deprecated", nullptr},
                  {"description", body.value("description", "")},
                  {"created", time_text()},
                  {"created_from", {{"id", server.id}, {"name", server.name}}},
                  {"labels", body.value("labels", json::Json::object())}});
    images_[id] = image;
    snapshot_digest_ = machines_.disk_digest();
    auto action = begin("create_image", server.id, action_fails, [this, id] {
        if (!images_.contains(id)) { return; }
        images_[id]["status"] = "available";
        images_[id]["image_size"] = 0.25;
    });
    return {201, {{"image", images_[id]}, {"action", action}}};
}

FakeHetzner::Reply FakeHetzner::remove(const std::vector<std::string>& parts, bool action_fails) {
    const auto id = text::to_number(parts[1]).value_or(0);
    if (parts[0] == "servers") {
        auto* found = server(id);
        if (found == nullptr) { return {404, api_error("not_found", "server not found")}; }
        if (is_locked(id)) { return {423, api_error("locked", "server is locked")}; }
        auto action = begin("delete_server", id, action_fails, [this, id] {
            machines_.power_cut(id);
            servers_[id].deleted = true;
        });
        return {200, {{"action", action}}};
    }
    if (parts[0] == "ssh_keys") {
        return keys_.erase(id) > 0 ? Reply{204} : Reply{404, api_error("not_found", "no such key")};
    }
    if (parts[0] == "images") {
        if (!images_.contains(id)) { return {404, api_error("not_found", "no such image")}; }
        if (images_[id]["type"] != "snapshot") { return {403, api_error("forbidden", "not yours")}; }
        if (images_[id]["protection"]["delete"] == true) {
            fault("tried to delete a protected snapshot");
            return {403, api_error("protected", "image is protected")};
        }
        images_.erase(id);
        return {204};
    }
    fault("no such call: DELETE /" + parts[0]);
    return {404, api_error("not_found", "no such call")};
}

FakeHetzner::Reply FakeHetzner::get(const FakeRequest& request, const std::vector<std::string>& parts) {
    const auto id = parts.size() == 2 ? text::to_number(parts[1]).value_or(0) : 0;
    const Reply missing{404, api_error("not_found", "resource not found")};
    std::vector<json::Json> values;
    if (parts[0] == "server_types" && parts.size() == 1) { return page(request, "server_types", server_types()); }
    if (parts[0] == "actions" && parts.size() == 2) {
        return actions_.contains(id) ? Reply{200, {{"action", show(actions_[id])}}} : missing;
    }
    if (parts[0] == "servers") {
        if (parts.size() == 2) {
            return server(id) != nullptr ? Reply{200, {{"server", show(*server(id))}}} : missing;
        }
        for (const auto& [number, server] : servers_) {
            if (!server.deleted) { values.push_back(show(server)); }
        }
        return page(request, "servers", values);
    }
    if (parts[0] == "ssh_keys" && parts.size() == 1) {
        for (const auto& [number, key] : keys_) { values.push_back(key); }
        return page(request, "ssh_keys", values);
    }
    if (parts[0] == "images") {
        if (parts.size() == 2) { return images_.contains(id) ? Reply{200, {{"image", images_[id]}}} : missing; }
        for (const auto& [number, image] : images_) { values.push_back(image); }
        return page(request, "images", values);
    }
    fault("no such call: GET " + request.path);
    return missing;
}

/// Small pages, so that a client that reads only the first is found out.
FakeHetzner::Reply FakeHetzner::page(const FakeRequest& request, const std::string& key,
                                     std::vector<json::Json> values) {
    constexpr std::size_t kPage = 3;
    const std::set<std::string> known = {"page",   "per_page",     "label_selector", "type",
                                         "status", "architecture", "name",           "sort"};
    std::int64_t number = 1;
    for (const auto& [name, value] : request.query) {
        if (!known.contains(name)) { return {422, api_error("invalid_input", "unknown parameter " + name)}; }
        if (name == "per_page" && text::to_number(value).value_or(99) > 50) {
            return {422, api_error("invalid_input", "per_page")};
        }
        if (name == "page") { number = text::to_number(value).value_or(1); }
        std::erase_if(values, [&](const json::Json& entry) {
            if (name == "label_selector") { return !selects(value, entry["labels"]); }
            const bool filter = name == "type" || name == "status" || name == "architecture" || name == "name";
            return filter && entry.at(name) != value;
        });
    }
    const auto last = static_cast<std::int64_t>(std::max<std::size_t>(1, (values.size() + kPage - 1) / kPage));
    auto list = json::Json::array();
    for (std::size_t index = static_cast<std::size_t>(number - 1) * kPage;
         index < std::min(values.size(), static_cast<std::size_t>(number) * kPage); ++index) {
        list.push_back(values[index]);
    }
    return {200,
            {{key, list},
             {"meta",
              {{"pagination",
                {{"page", number},
                 {"per_page", kPage},
                 {"previous_page", number > 1 ? json::Json(number - 1) : json::Json()},
                 {"next_page", number < last ? json::Json(number + 1) : json::Json()},
                 {"last_page", last},
                 {"total_entries", values.size()}}}}}}};
}

} // namespace ingot::tests
