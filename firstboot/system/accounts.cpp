#include "firstboot/system/accounts.hpp"

#include <algorithm>
#include <optional>

#include "common/text/text.hpp"

namespace ingot::firstboot {

namespace {

constexpr std::string_view kSudoers = "/etc/sudoers.d/90-ingot-users";

Status change(Environment& environment, std::vector<std::string> argv, std::string input = {}) {
    INGOT_TRY(process::run_checked(environment.processes, {.argv = std::move(argv), .input = std::move(input)}), "");
    return {};
}

/// The home of a user; nothing if there is no such user.
Result<std::optional<std::string>> home_of(Environment& environment, const std::string& user) {
    constexpr int kUnknown = 2;
    constexpr std::size_t kHomeField = 5;
    INGOT_ASSIGN(const auto output, environment.processes.run({.argv = {"getent", "passwd", "--", user}}),
                 "looking up user " + user);
    if (output.exit_code == kUnknown) { return std::optional<std::string>{}; }
    const auto fields = text::split(text::trim(output.out), ':');
    if (output.exit_code != 0 || fields.size() <= kHomeField) {
        return fail(ErrorKind::tool_failed,
                    text::format("getent exits {} for user {}: {}", output.exit_code, user, text::trim(output.err)));
    }
    return std::optional(fields[kHomeField]);
}

std::vector<std::string> common_arguments(const cloud_init::User& user) {
    std::vector<std::string> arguments;
    const auto add = [&arguments](std::string_view name, const std::optional<std::string>& value) {
        if (value) {
            arguments.emplace_back(name);
            arguments.push_back(*value);
        }
    };
    add("--comment", user.gecos);
    add("--shell", user.shell);
    add("--gid", user.primary_group);
    add("--expiredate", user.expires);
    if (user.inactive_days) { add("--inactive", std::to_string(*user.inactive_days)); }
    return arguments;
}

Status create(Environment& environment, const cloud_init::User& user) {
    std::vector<std::string> argv{"useradd", user.create_home ? "--create-home" : "--no-create-home"};
    if (user.system) { argv.emplace_back("--system"); }
    if (!user.primary_group) { argv.emplace_back(user.create_own_group ? "--user-group" : "--no-user-group"); }
    if (user.uid) { argv.insert(argv.end(), {"--uid", std::to_string(*user.uid)}); }
    if (!user.shell && !user.system) { argv.insert(argv.end(), {"--shell", "/bin/bash"}); }
    if (user.home) { argv.insert(argv.end(), {"--home-dir", *user.home}); }
    if (!user.groups.empty()) { argv.insert(argv.end(), {"--groups", text::join(user.groups, ",")}); }
    const auto common = common_arguments(user);
    argv.insert(argv.end(), common.begin(), common.end());
    argv.insert(argv.end(), {"--", user.name});
    return change(environment, std::move(argv));
}

Status adapt(Environment& environment, const cloud_init::User& user) {
    std::vector<std::string> argv{"usermod"};
    if (!user.groups.empty()) { argv.insert(argv.end(), {"--append", "--groups", text::join(user.groups, ",")}); }
    const auto common = common_arguments(user);
    argv.insert(argv.end(), common.begin(), common.end());
    if (argv.size() == 1) { return {}; }
    argv.insert(argv.end(), {"--", user.name});
    return change(environment, std::move(argv));
}

/// True if the group is the machine's own. groupadd would find that out too, with three flushes of the disk.
bool is_local_group(const files::Root& root, const std::string& group) {
    const auto content = files::read_if_exists(root.at("/etc/group"));
    if (!content || !*content) { return false; }
    return std::ranges::any_of(text::lines(**content),
                               [&](const auto& line) { return line.starts_with(group + ":"); });
}

Status make_groups(Environment& environment, const cloud_init::User& user) {
    auto groups = user.groups;
    if (user.primary_group) { groups.push_back(*user.primary_group); }
    for (const auto& group : groups) {
        if (is_local_group(environment.root, group)) { continue; }
        INGOT_TRY(change(environment, {"groupadd", "--force", "--", group}), "");
    }
    return {};
}

} // namespace

std::string with_authorized_keys(std::string_view existing, const std::vector<std::string>& keys) {
    std::string content(existing);
    if (!content.empty() && !content.ends_with('\n')) { content += '\n'; }
    auto present = text::lines(existing);
    for (const auto& key : keys) {
        const std::string line(text::trim(key));
        if (line.empty() || std::ranges::find(present, line) != present.end()) { continue; }
        content += line + "\n";
        present.push_back(line);
    }
    return content;
}

std::string render_sudoers(const std::vector<cloud_init::User>& users) {
    std::string content;
    for (const auto& user : users) {
        for (const auto& rule : user.sudo) { content += text::format("{} {}\n", user.name, rule); }
    }
    return content.empty() ? content : "# Written by ingot-agent from the user-data.\n" + content;
}

cloud_init::User default_user(const std::vector<std::string>& keys) {
    cloud_init::User user{.name = "debian"};
    user.gecos = "Debian";
    user.shell = "/bin/bash";
    user.groups = {"adm", "sudo"};
    user.sudo = {"ALL=(ALL) NOPASSWD:ALL"};
    user.ssh_authorized_keys = keys;
    return user;
}

Status authorize_keys(Environment& environment, const std::string& user, const std::vector<std::string>& keys) {
    if (keys.empty()) { return {}; }
    INGOT_ASSIGN(const auto home, home_of(environment, user), "");
    if (!home) { return fail(ErrorKind::invalid_input, "there is no user " + user + " to give ssh keys to"); }
    const bool system = environment.root.is_system();
    const auto owner = system ? std::optional(user) : std::nullopt;
    const auto folder = *home + "/.ssh";
    const auto file = environment.root.at(folder + "/authorized_keys");
    INGOT_TRY(files::make_directory(environment.root.at(folder), {.mode = 0700, .user = owner}), "");
    INGOT_ASSIGN(const auto existing, files::read_if_exists(file), "");
    INGOT_TRY(files::write_if_different(file, with_authorized_keys(existing.value_or(""), keys),
                                        {.mode = 0600, .user = owner}),
              "");
    return {};
}

Status apply_user(Environment& environment, const cloud_init::User& user) {
    const auto doing = "setting up user " + user.name;
    INGOT_TRY(make_groups(environment, user), doing);
    INGOT_ASSIGN(const auto home, home_of(environment, user.name), doing);
    INGOT_TRY(home ? adapt(environment, user) : create(environment, user), doing);
    if (user.hashed_password) {
        INGOT_TRY(change(environment, {"chpasswd", "--encrypted"}, user.name + ":" + *user.hashed_password + "\n"),
                  doing);
    }
    // useradd makes accounts that are locked.
    const bool open = home.has_value() || user.hashed_password.has_value();
    if (user.lock_password && open) { INGOT_TRY(change(environment, {"usermod", "--lock", "--", user.name}), doing); }
    INGOT_TRY(authorize_keys(environment, user.name, user.ssh_authorized_keys), doing);
    return {};
}

Status apply_sudo(Environment& environment, const std::vector<cloud_init::User>& users) {
    const auto content = render_sudoers(users);
    if (content.empty()) { return files::remove_file(environment.root.at(kSudoers)); }
    // A broken rule would lock everybody out of sudo, so visudo reads it first.
    const auto checked = environment.processes.run({.argv = {"visudo", "--check", "--file=-"}, .input = content});
    if (checked && checked->exit_code != 0) {
        return fail(ErrorKind::invalid_input, text::format("a sudo rule of the user-data is not valid: {}",
                                                           text::trim(checked->out + checked->err)));
    }
    INGOT_TRY(files::write_if_different(environment.root.at(kSudoers), content, {.mode = 0440}),
              "writing the rules of sudo");
    return {};
}

} // namespace ingot::firstboot
