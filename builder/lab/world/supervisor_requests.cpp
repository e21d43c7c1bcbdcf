// The requests of the client, one function each.
#include "builder/lab/world/supervisor.hpp"

#include <algorithm>
#include <csignal>

#include "builder/lab/model/client_bundle.hpp"
#include "builder/lab/world/cgroups.hpp"
#include "builder/lab/world/namespaces.hpp"
#include "builder/lab/world/supervise.hpp"
#include "common/crypto/crypto.hpp"
#include "common/files/files.hpp"
#include "common/log/log.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::lab {

namespace {

namespace fs = std::filesystem;

constexpr auto kGlance = std::chrono::milliseconds(100); ///< a machine that is booting does not answer at all
constexpr auto kKillTime = std::chrono::seconds(20);
constexpr const char* kStatusFile = "/run/ingot/status.json";

Result<json::Json> done(Status status) {
    if (!status) { return std::move(status).error(); }
    return json::Json::object();
}

std::vector<std::string> words(const json::Json& request, std::string_view key) {
    std::vector<std::string> found;
    for (const auto& entry : json::member(request, key)) {
        if (entry.is_string()) { found.push_back(entry.get<std::string>()); }
    }
    return found;
}

} // namespace

Result<json::Json> Supervisor::handle(const json::Json& request) {
    const auto op = json::string_at(request, "op").value_or("");
    Guard guard(mutex_);
    if (closing_) { return fail(ErrorKind::transient, "the lab is closing"); }
    if (op == "status") { return status(guard, json::flag_at(request, "deep")); }
    if (op == "add") {
        const auto role = cloud_init::role_from(json::string_at(request, "role").value_or(""));
        if (!role) { return fail(ErrorKind::invalid_input, "there is no such role"); }
        return add(*role, json::string_at(request, "hostname").value_or(""),
                   json::string_at(request, "user_data").value_or(""));
    }
    if (op == "partition") { return done(partition(words(request, "groups"))); }
    if (op == "heal") { return done(heal()); }
    if (op == "formed") {
        state_.formed = true;
        return done(save());
    }
    if (op == "close") { return done(close(guard)); }
    INGOT_ASSIGN(const auto names, known(request), "");
    if (op == "start") {
        if (json::flag_at(request, "new_instance")) { renew_instances(names); }
        return done(start(names, words(request, "options")));
    }
    if (op == "wipe") { return done(wipe(guard, names)); }
    if (op == "stop") {
        return done(stop(guard, names, std::chrono::seconds(json::number_at(request, "patience").value_or(60))));
    }
    if (op == "kill") { return done(kill(guard, names)); }
    if (op == "freeze" || op == "thaw") { return done(freeze(names, op == "freeze")); }
    if (op == "remove") { return done(remove(guard, names)); }
    if (op == "leader") { return leader(names); }
    return fail(ErrorKind::bug, "the supervisor does not know the request " + op);
}

Result<std::vector<std::string>> Supervisor::known(const json::Json& request) const {
    Names all;
    for (const auto& member : state_.members) { all.push_back(member.name); }
    if (json::flag_at(request, "all")) { return all; }
    auto names = words(request, "members");
    for (const auto& name : names) {
        if (state_.find(name) != nullptr) { continue; }
        const auto near = text::nearest(name, all);
        return fail(ErrorKind::invalid_input,
                    text::format("there is no machine {}{}; there are {}", name,
                                 near ? " (did you mean " + *near + "?)" : "", text::join(all, ", ")));
    }
    return names;
}

Result<json::Json> Supervisor::status(Guard& guard, bool deep) {
    LabReport report{
        .name = state_.name, .cluster = cluster_.name, .ports = state_.ports, .partitions = describe(cuts_)};
    const auto members = state_.members;
    std::map<std::string, Sighting> sightings;
    for (const auto& member : members) {
        const auto& machine = machines_.at(member.name);
        auto& sighting = sightings[member.name];
        sighting.running = machine.running();
        sighting.ended = machine.ended;
        if (sighting.running) { sighting.agent_json = machine.read_inside(kStatusFile); }
    }
    guard.unlock();
    if (deep) {
        // Who rotates the cluster's CAs does it in the lab's own secrets.yaml.
        const auto secrets = cloud_init::read_secrets(paths_.state / cloud_init::kSecretsFile);
        auto followed = secrets ? observer_->follow(*secrets, clock::SystemClock().now())
                                : Status(std::unexpected(secrets.error()));
        if (followed) {
            const auto written = files::write_if_different(paths_.ca_bundle(), client_bundle(*secrets));
            if (!written) { followed = std::unexpected(written.error()); }
        }
        if (!followed) { log::warning("following the CAs: " + followed.error().to_string()); }
        observer_->look(members, sightings);
    }
    const HostPorts proxy_ports = {.primary = cluster_.proxy.primary_port,
                                   .replica = cluster_.proxy.replica_port,
                                   .pool = cluster_.proxy.pool_port};
    for (const auto& member : members) {
        report.members.push_back(judge(member, sightings[member.name], proxy_ports));
    }
    if (deep) { judge_together(report.members, cluster_.postgres.synchronous != cloud_init::Synchronous::off); }
    const bool pool_open = std::ranges::any_of(members, [&](const Member& member) {
        return member.role == Role::proxy && sightings[member.name].running &&
               Observer::is_open(member.address, cluster_.proxy.pool_port, kGlance);
    });
    return json::Json{{"report", to_json(report)}, {"pool_open", pool_open}};
}

void Supervisor::renew_instances(const Names& names) {
    for (const auto& name : names) {
        if (!machines_.at(name).running()) { state_.find(name)->instance_id = draw_seed().instance_id; }
    }
}

Status Supervisor::start(const Names& names, const std::vector<std::string>& options) {
    Names cold;
    for (const auto& name : names) {
        if (!machines_.at(name).running()) { cold.push_back(name); }
    }
    // All cables first, so that the machines start as near to each other as one machine can do it.
    for (const auto& name : cold) { INGOT_TRY(prepare(*state_.find(name)), ""); }
    for (const auto& name : cold) {
        auto* const member = state_.find(name);
        member->powered = true;
        INGOT_TRY(power_on(*member, options), "");
    }
    return save();
}

Status Supervisor::stop(Guard& guard, const Names& names, std::chrono::seconds patience) {
    for (const auto& name : names) {
        state_.find(name)->powered = false;
        machines_.at(name).press_power_button();
    }
    INGOT_TRY(save(), "");
    if (wait_until_off(guard, names, patience)) { return {}; }
    log::warning("some machines did not power off in time; they lose power");
    return kill(guard, names);
}

Status Supervisor::kill(Guard& guard, const Names& names) {
    for (const auto& name : names) {
        auto* const member = state_.find(name);
        if (member == nullptr) { continue; }
        member->powered = false;
        if (!machines_.at(name).running()) { continue; }
        // The cable first: a machine without power does not close its connections.
        switch_.unplug(*member);
        machines_.at(name).pull_plug();
    }
    INGOT_TRY(save(), "");
    if (wait_until_off(guard, names, kKillTime)) { return {}; }
    return fail(ErrorKind::transient, "not all machines have ended within 20 s of being killed");
}

Status Supervisor::freeze(const Names& names, bool frozen) const {
    for (const auto& name : names) {
        if (!machines_.at(name).running()) { return fail(ErrorKind::refused, name + " is not running"); }
        INGOT_TRY(freeze_cgroup(fs::path("/sys/fs/cgroup") / cgroup_of(state_.name) / name, frozen), "");
    }
    return {};
}

Result<json::Json> Supervisor::add(Role role, const std::string& hostname, const std::string& user_data) {
    if (role == Role::backup) {
        return fail(ErrorKind::invalid_input, "a backup host has the address of its repository in cluster.yaml: "
                                              "add it there");
    }
    const MemberSeed seed = draw_seed();
    INGOT_ASSIGN(auto member, next_member(role, state_.members, state_.used, network_, seed), "");
    member.hostname = hostname;
    INGOT_TRY(adopt(member), "");
    if (!user_data.empty()) { INGOT_TRY(files::write(paths_.user_data(member.name), user_data, {.mode = 0600}), ""); }
    state_.members.push_back(member);
    INGOT_TRY(switch_.know(state_.members), "");
    INGOT_TRY(start({member.name}), "");
    return json::Json{{"name", member.name}, {"address", member.address}};
}

/// Another disk in the same machine: same name, address, instance and user-data, and nothing on it.
Status Supervisor::wipe(Guard& guard, const Names& names) {
    INGOT_TRY(kill(guard, names), "");
    for (const auto& name : names) {
        auto& machine = machines_.at(name);
        INGOT_TRY(machine.eject_disk(), "");
        INGOT_TRY(files::remove_tree(paths_.node(name)), "");
        INGOT_TRY(files::make_directory(paths_.node(name), {.mode = 0700}), "");
        INGOT_TRY(machine.insert_disk(), "");
    }
    return {};
}

Status Supervisor::remove(Guard& guard, const Names& names) {
    INGOT_TRY(kill(guard, names), "");
    for (const auto& name : names) {
        if (state_.find(name) == nullptr) { continue; }
        INGOT_TRY(machines_.at(name).eject_disk(), "");
        machines_.erase(name);
        std::erase_if(state_.members, [&](const Member& member) { return member.name == name; });
        INGOT_TRY(files::remove_tree(paths_.node(name)), "");
        INGOT_TRY(files::remove_file(paths_.user_data(name)), "");
    }
    INGOT_TRY(switch_.know(state_.members), "");
    return save();
}

Status Supervisor::partition(const std::vector<std::string>& groups) {
    INGOT_ASSIGN(const auto more, plan_cuts(groups, state_.members), "");
    auto cuts = merge(cuts_, more);
    INGOT_TRY(switch_.cut(cuts, state_.members), "");
    cuts_ = std::move(cuts);
    return {};
}

Status Supervisor::heal() {
    INGOT_TRY(switch_.cut({}, state_.members), "");
    cuts_ = {};
    return {};
}

Result<json::Json> Supervisor::leader(const Names& names) {
    if (names.size() != 1) { return fail(ErrorKind::bug, "one machine is asked for"); }
    const auto& machine = machines_.at(names.front());
    if (!machine.running()) { return fail(ErrorKind::refused, names.front() + " is not running"); }
    const auto pid = machine.leader();
    if (!pid) { return fail(ErrorKind::transient, names.front() + " has only just been switched on"); }
    return json::Json{{"pid", *pid}};
}

Status Supervisor::close(Guard& guard) {
    Names all;
    for (const auto& member : state_.members) { all.push_back(member.name); }
    const auto powered = state_;
    INGOT_TRY(kill(guard, all), "");
    for (auto& [name, machine] : machines_) { INGOT_TRY(machine.eject_disk(), ""); }
    for (const auto role : {Role::etcd, Role::db, Role::proxy, Role::backup}) {
        INGOT_TRY(unmount(fs::path("/run/ingot-lab/images") / cloud_init::to_string(role)), "");
    }
    // What was on is on again when this lab is started with its kept disks.
    for (auto& member : state_.members) {
        if (const auto* const before = powered.find(member.name)) { member.powered = before->powered; }
    }
    return save();
}

} // namespace ingot::builder::lab
