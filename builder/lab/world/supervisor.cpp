#include "builder/lab/world/supervisor.hpp"

#include <algorithm>
#include <csignal>
#include <ctime>

#include <sys/stat.h>
#include <unistd.h>

#include "builder/lab/world/cgroups.hpp"
#include "builder/lab/world/namespaces.hpp"
#include "common/clock/clock.hpp"
#include "common/files/files.hpp"
#include "common/log/log.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::lab {

namespace {

namespace fs = std::filesystem;

const fs::path kWorld = "/run/ingot-lab";
const fs::path kCgroups = "/sys/fs/cgroup";

fs::path mounted_image(Role role) { return kWorld / "images" / cloud_init::to_string(role); }

struct Owner {
    uid_t uid = 0;
    gid_t gid = 0;
};

/// The numeric ids of a user of an image.
Result<Owner> user_of_image(const fs::path& root, std::string_view user) {
    INGOT_ASSIGN(const auto passwd, files::read(root / "etc/passwd"), "looking into the image");
    for (const auto& line : text::lines(passwd)) {
        const auto fields = text::split(line, ':');
        constexpr std::size_t kGid = 3;
        if (fields.size() <= kGid || fields[0] != user) { continue; }
        return Owner{.uid = static_cast<uid_t>(text::to_number(fields[2]).value_or(0)),
                     .gid = static_cast<gid_t>(text::to_number(fields[kGid]).value_or(0))};
    }
    return fail(ErrorKind::invalid_input, text::format("the db image has no user {}", user));
}

/// The folder that stands for a repository which all db machines share.
fs::path repository_folder(const Paths& paths, std::size_t index) {
    return index == 0 ? paths.repository() : fs::path(paths.repository().string() + "-" + std::to_string(index + 1));
}

bool is_folder(const cloud_init::Repository& repository) {
    return std::holds_alternative<cloud_init::PosixStore>(repository.store);
}

std::uint64_t host_memory_mib() {
    const auto pages = ::sysconf(_SC_PHYS_PAGES);
    const auto size = ::sysconf(_SC_PAGE_SIZE);
    if (pages <= 0 || size <= 0) { return 0; }
    return (static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(size)) >> 20U;
}

} // namespace

Supervisor::Supervisor(process::Processes& processes, Paths paths, LabState state, cloud_init::Cluster cluster,
                       LabNetwork network)
    : processes_(processes), paths_(std::move(paths)), state_(std::move(state)), cluster_(std::move(cluster)),
      network_(network), switch_(processes, network_, cloud_init::domain_of(cluster_.name)) {}

Status Supervisor::open(const cloud_init::Secrets& secrets, HostSockets sockets) {
    INGOT_TRY(files::make_directory(kWorld, {.mode = 0700}), "");
    INGOT_TRY(files::make_directory(paths_.logs()), "");
    const auto now = clock::SystemClock().now();
    const bool has_backup_hosts = !backup_hosts(cluster_.backup).empty();
    for (const auto role : {Role::etcd, Role::db, Role::proxy, Role::backup}) {
        if (role == Role::backup && !has_backup_hosts) { continue; }
        INGOT_TRY(mount_image(processes_, image_of(state_.images, role), mounted_image(role)), "");
        INGOT_ASSIGN(user_data_[role], cloud_init::render_user_data(cluster_, secrets, role, now),
                     "writing user-data");
    }
    INGOT_ASSIGN(const auto postgres, user_of_image(mounted_image(Role::db), "postgres"), "");
    for (std::size_t i = 0; i < cluster_.backup.repositories.size(); ++i) {
        if (!is_folder(cluster_.backup.repositories[i])) { continue; }
        const auto folder = repository_folder(paths_, i);
        INGOT_TRY(files::make_directory(folder, {.mode = 0750}), "");
        if (::chown(folder.c_str(), postgres.uid, postgres.gid) != 0) {
            return fail_errno(errno, "giving the backup repository to postgres");
        }
    }
    INGOT_ASSIGN(observer_, Observer::create(cluster_, secrets, kWorld, now), "");
    INGOT_TRY(switch_.bring_up(state_.members, paths_.logs() / "dnsmasq.log"), "");
    INGOT_ASSIGN(metadata_,
                 MetadataServer::start(std::string(kMetadataAddress),
                                       [this](const std::string& address) { return instance_at(address); }),
                 "");
    for (const auto& member : state_.members) { INGOT_TRY(adopt(member), ""); }

    const auto forward = [this](files::Fd listener, int port) {
        forwarders_.push_back(
            std::make_unique<Forwarder>(std::move(listener), port, [this] { return proxy_addresses(); }));
    };
    forward(std::move(sockets.primary), cluster_.proxy.primary_port);
    forward(std::move(sockets.replica), cluster_.proxy.replica_port);
    forward(std::move(sockets.pool), cluster_.proxy.pool_port);
    return ControlServer::start(
        control_, std::move(sockets.control), [this](const json::Json& request) { return handle(request); },
        [this](const std::string& op) {
            if (op != "close") { return; }
            const Guard guard(mutex_);
            closing_ = true;
        });
}

void Supervisor::run() {
    sigset_t awaited;
    sigemptyset(&awaited);
    for (const int signal : {SIGCHLD, SIGTERM, SIGINT}) { sigaddset(&awaited, signal); }
    constexpr timespec kTick = {.tv_sec = 0, .tv_nsec = 100'000'000};
    for (;;) {
        const int signal = ::sigtimedwait(&awaited, nullptr, &kTick);
        const Guard guard(mutex_);
        if (signal == SIGTERM || signal == SIGINT) { log::info("told to end; the machines lose power"); }
        if (closing_ || signal == SIGTERM || signal == SIGINT) { return; }
        reap();
        if (const auto tended = switch_.tend(); !tended) { log::error(tended.error().to_string()); }
    }
}

Status Supervisor::adopt(const Member& member) {
    const MachinePlace place = {.image = mounted_image(member.role),
                                .disk = paths_.node(member.name),
                                .root = kWorld / "machines" / member.name,
                                .console = paths_.console(member.name)};
    INGOT_TRY(files::make_directory(place.disk, {.mode = 0700}), "");
    const auto [entry, is_new] = machines_.try_emplace(member.name, place);
    note_used(state_.used, member);
    return entry->second.insert_disk();
}

std::optional<int> Supervisor::memory_of(const Member& member) const {
    if (member.role != Role::db) { return std::nullopt; }
    const auto count = std::ranges::count(state_.members, Role::db, &Member::role);
    return db_memory_mib(host_memory_mib(), static_cast<std::size_t>(count));
}

Status Supervisor::prepare(const Member& member) {
    INGOT_TRY(switch_.plug(member), "");
    INGOT_TRY(make_machine_cgroup(kCgroups, state_.name, member.name, memory_of(member)), "");
    return {};
}

Status Supervisor::power_on(const Member& member, const std::vector<std::string>& options) {
    BootPlan plan = {.member = member,
                     .netns = Switch::namespace_of(member),
                     .memory_mib = memory_of(member),
                     .options = options,
                     .words = state_.words};
    if (member.role == Role::db) {
        for (std::size_t i = 0; i < cluster_.backup.repositories.size(); ++i) {
            if (!is_folder(cluster_.backup.repositories[i])) { continue; }
            plan.binds.emplace_back(repository_folder(paths_, i), cluster_.backup.repositories[i].path);
        }
    }
    return machines_.at(member.name).power_on(std::move(plan), kCgroups / cgroup_of(state_.name) / member.name);
}

void Supervisor::reap() {
    bool changed = false;
    for (auto& member : state_.members) {
        auto& machine = machines_.at(member.name);
        const auto code = machine.reap();
        if (!code) { continue; }
        changed = true;
        log::info(text::format("{} went off, code {}", member.name, *code));
        switch_.unplug(member);
        if (const auto removed = remove_cgroup(kCgroups / cgroup_of(state_.name) / member.name); !removed) {
            log::warning(removed.error().to_string());
        }
        if (!member.powered) { continue; }
        if (*code == kRebootCode) {
            auto again = prepare(member);
            if (again) { again = power_on(member); }
            if (again) { continue; }
            log::error(again.error().to_string());
        }
        member.powered = false;
        machine.ended = *code == 0 ? "powered off by itself"
                                   : text::format("ended with code {}; see ingot lab logs {}", *code, member.name);
    }
    if (!changed) { return; }
    if (const auto saved = save(); !saved) { log::error(saved.error().to_string()); }
    changed_.notify_all();
}

bool Supervisor::wait_until_off(Guard& guard, const Names& names, std::chrono::seconds patience) {
    return changed_.wait_for(guard, patience, [&] {
        return std::ranges::none_of(names, [&](const auto& name) {
            const auto machine = machines_.find(name);
            return machine != machines_.end() && machine->second.running();
        });
    });
}

Status Supervisor::save() { return files::write(paths_.lab_json(), to_text(state_)); }

std::optional<Instance> Supervisor::instance_at(const std::string& address) {
    const Guard guard(mutex_);
    const auto member = std::ranges::find(state_.members, address, &Member::address);
    if (member == state_.members.end()) { return std::nullopt; }
    auto user_data = user_data_of(*member);
    if (!state_.part.empty()) {
        if (const auto part = files::read(state_.part)) {
            user_data = with_part(user_data, *part);
        } else {
            log::error(part.error().to_string());
        }
    }
    return Instance{.member = *member,
                    .network = network_.cidr(),
                    .gateway = network_.gateway(),
                    .network_name = cluster_.name,
                    .ssh_authorized_keys = cluster_.ssh_authorized_keys,
                    .user_data = std::move(user_data)};
}

std::string Supervisor::user_data_of(const Member& member) {
    const auto own = files::read_if_exists(paths_.user_data(member.name));
    return own && *own ? **own : user_data_.at(member.role);
}

std::vector<std::string> Supervisor::proxy_addresses() {
    const Guard guard(mutex_);
    std::vector<std::string> addresses;
    for (const auto& member : state_.members) {
        if (member.role == Role::proxy && machines_.at(member.name).running()) {
            addresses.push_back(member.address);
        }
    }
    return addresses;
}

} // namespace ingot::builder::lab
