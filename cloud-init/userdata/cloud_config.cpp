// Ordinary cloud-config: users, files and commands, read as cloud-init means them. A key that is valid but not
// applied is a warning, not a fault: the same file serves other images too.
#include <algorithm>
#include <array>

#include "cloud-init/userdata/field_tables.hpp"
#include "cloud-init/userdata/key_tables.hpp"
#include "cloud-init/userdata/parts.hpp"
#include "cloud-init/userdata/rules.hpp"
#include "common/gzip/gzip.hpp"
#include "common/text/text.hpp"

namespace ingot::cloud_init {

using document::Entry;
using document::Fields;
using document::Value;

namespace {

using Names = std::vector<std::string>;

bool contains(const Names& names, std::string_view name) { return std::ranges::find(names, name) != names.end(); }

void warn_of(const Value& value, std::string_view where, const Names& applied, const Names& known,
             Findings& findings) {
    const document::Mapping* entries = value.mapping();
    if (entries == nullptr) { return; }
    Names all;
    for (const Entry& entry : *entries) {
        if (contains(applied, entry.key) || entry.key.starts_with('\x01')) { continue; }
        const auto path = where.empty() ? entry.key : text::format("{}.{}", where, entry.key);
        if (contains(known, entry.key)) {
            findings.warn(entry.position, text::format("'{}' is not applied by this version", path));
            continue;
        }
        if (all.empty()) {
            all = applied;
            all.insert(all.end(), known.begin(), known.end());
        }
        const auto near = text::nearest(entry.key, all);
        findings.warn(entry.position, text::format("unknown key '{}'{}", path,
                                                   near ? text::format(" (did you mean '{}'?)", *near) : ""));
    }
}

} // namespace

void warn_of_others(const Value& value, std::string_view where, std::string_view row, Findings& findings) {
    const auto names = field_names(row);
    warn_of(value, where, names.applied, names.known, findings);
}

namespace {

std::optional<std::string> read_host(Fields& fields, std::string_view key, std::size_t limit) {
    auto name = fields.text(key);
    if (name && !is_host_name(*name, limit)) {
        fault_at(fields, key, text::format("'{}' is no host name", *name));
        return std::nullopt;
    }
    return name;
}

std::optional<std::string> read_path(Fields& fields, std::string_view key) {
    auto path = fields.text(key);
    if (path && !is_absolute_path(*path)) {
        fault_at(fields, key, text::format("'{}' is no absolute path", *path));
        return std::nullopt;
    }
    return path;
}

void check_account(Fields& fields, std::string_view key, const std::string& name) {
    if (is_account_name(name)) { return; }
    fault_at(fields, key, text::format("'{}' cannot name an account", name),
             "a lower-case letter or '_', then letters, digits, '_', '.' or '-', at most 32");
}

/// A text or a list of texts; `separator` splits a text, unless it is NUL.
Names read_one_or_many(Fields& fields, std::string_view key, char separator) {
    const Value* value = fields.optional(key);
    if (value == nullptr) { return {}; }
    if (value->sequence() != nullptr) { return fields.texts(key).value_or(Names{}); }
    const auto whole = fields.text(key);
    if (!whole) { return {}; }
    Names parts;
    for (const auto& part : separator == '\0' ? Names{*whole} : text::split(*whole, separator)) {
        parts.emplace_back(text::trim(part));
    }
    return parts;
}

Names read_sudo(Fields& fields) {
    const Value* value = fields.optional("sudo");
    if (value == nullptr) { return {}; }
    if (const auto* scalar = value->scalar();
        scalar != nullptr && !scalar->quoted && text::lower(scalar->text) == "false") {
        return {}; // as cloud-init has it: no rule at all
    }
    auto rules = read_one_or_many(fields, "sudo", '\0');
    for (const auto& rule : rules) {
        if (rule.empty() || rule.find('\n') != std::string::npos) {
            fault_at(fields, "sudo", "a rule has to be one line", "as in ALL=(ALL) NOPASSWD:ALL");
        }
    }
    return rules;
}

std::optional<std::string> read_password_hash(Fields& fields) {
    for (const std::string_view key : {"hashed_passwd", "passwd"}) {
        const auto hash = fields.text(key);
        if (!hash) { continue; }
        // What stands there is not shown: it may be a password.
        if (!hash->starts_with('$') || hash->find_first_of(": \t\n") != std::string::npos) {
            fault_at(fields, key, "expected the hash of a password", "as 'mkpasswd' prints it: $y$…");
        }
        return hash;
    }
    return std::nullopt;
}

bool is_date(std::string_view text) {
    constexpr std::size_t kLength = 10;
    if (text.size() != kLength) { return false; }
    for (std::size_t index = 0; index < text.size(); ++index) {
        const bool dash = index == 4 || index == 7;
        if (dash ? text[index] != '-' : text[index] < '0' || text[index] > '9') { return false; }
    }
    return true;
}

User read_user(const Value& value, const std::string& where, Findings& findings) {
    Fields fields(value, where, findings.faults);
    User user;
    user.name = fields.required_text("name");
    if (!user.name.empty()) { check_account(fields, "name", user.name); }
    user.gecos = fields.text("gecos");
    if (user.gecos && user.gecos->find_first_of(":\n") != std::string::npos) {
        fault_at(fields, "gecos", "':' and line ends cannot stand there");
    }
    user.shell = read_path(fields, "shell");
    user.home = read_path(fields, "homedir");
    user.primary_group = fields.text("primary_group");
    if (user.primary_group) { check_account(fields, "primary_group", *user.primary_group); }
    user.groups = read_one_or_many(fields, "groups", ',');
    for (const auto& group : user.groups) { check_account(fields, "groups", group); }
    user.sudo = read_sudo(fields);
    user.hashed_password = read_password_hash(fields);
    user.lock_password = fields.flag("lock_passwd").value_or(true);
    user.system = fields.flag("system").value_or(false);
    user.create_home = !fields.flag("no_create_home").value_or(false);
    user.ssh_authorized_keys = read_ssh_keys(fields, "ssh_authorized_keys");
    constexpr std::int64_t kLargestId = 2'147'483'647;
    if (const auto uid = fields.number("uid", 1, kLargestId)) { user.uid = static_cast<int>(*uid); }
    user.create_own_group = !fields.flag("no_user_group").value_or(false);
    user.expires = fields.text("expiredate");
    if (user.expires && !is_date(*user.expires)) {
        fault_at(fields, "expiredate", text::format("'{}' is no date", *user.expires), "as in '2027-12-31'");
    }
    constexpr std::int64_t kMostDays = 100'000;
    if (const auto days = fields.number("inactive", 0, kMostDays)) { user.inactive_days = static_cast<int>(*days); }
    warn_of_others(value, where, "users[]", findings);
    return user;
}

/// The entry "default" comes out as a user of that name and nothing else; the agent knows what the image's own is.
std::vector<User> read_users(Fields& root, Findings& findings) {
    std::vector<User> users;
    const Value* section = root.optional("users");
    if (section == nullptr) { return users; }
    if (section->sequence() == nullptr) {
        fault_at(root, "users", text::format("expected a list, found {}", section->kind()));
        return users;
    }
    std::vector<std::string> seen;
    for (std::size_t index = 0; index < section->sequence()->size(); ++index) {
        const Value& item = (*section->sequence())[index];
        const auto where = text::format("users[{}]", index);
        User user;
        if (const auto* name = item.scalar()) {
            user.name = name->text;
            if (!is_account_name(user.name)) {
                findings.faults.add(item.position, text::format("{}: '{}' cannot name an account", where, user.name));
            }
        } else {
            user = read_user(item, where, findings);
        }
        if (user.name.empty()) { continue; }
        if (contains(seen, user.name)) {
            findings.faults.add(item.position, text::format("{}: the user '{}' is given twice", where, user.name));
        }
        seen.push_back(user.name);
        users.push_back(std::move(user));
    }
    return users;
}

/// cloud-init reads a text as octal and a bare number as decimal, so that a bare 644 means 01204 there:
/// refused, because nobody wants that. A bare 0644 is octal in YAML 1.1 and, by luck, what people mean.
std::optional<std::uint32_t> read_permissions(Fields& fields) {
    const Value* value = fields.optional("permissions");
    if (value == nullptr) { return std::nullopt; }
    const auto* scalar = value->scalar();
    std::string_view digits = scalar == nullptr ? std::string_view() : std::string_view(scalar->text);
    const bool octal = scalar != nullptr && (scalar->quoted || digits.starts_with('0'));
    if (digits.starts_with("0o")) { digits.remove_prefix(2); }
    const bool valid =
        !digits.empty() && digits.size() <= 5 && digits.find_first_not_of("01234567") == std::string_view::npos;
    std::uint32_t mode = 0;
    for (const char digit : valid ? digits : std::string_view()) {
        mode = mode * 8 + static_cast<std::uint32_t>(digit - '0');
    }
    constexpr std::uint32_t kAllBits = 07777;
    if (valid && octal && mode <= kAllBits) { return mode; }
    fault_at(fields, "permissions", "expected an octal mode", "as in '0644'");
    return std::nullopt;
}

/// `room`: what the contents of all files together may still grow into.
void decode_content(Fields& fields, WriteFile& file, std::size_t& room) {
    const auto encoding = text::lower(fields.text("encoding").value_or("text/plain"));
    if (encoding == "text/plain" || encoding.empty()) { return; }
    const bool zipped = encoding.starts_with("gz");
    const auto bare = encoding.substr(encoding.find('+') == std::string::npos ? 0 : encoding.find('+') + 1);
    const bool coded = bare == "b64" || bare == "base64";
    const auto head = encoding.substr(0, encoding.find('+'));
    const bool known = coded ? (!zipped || head == "gz" || head == "gzip") && (zipped || bare == encoding)
                             : encoding == "gz" || encoding == "gzip";
    if (!known) {
        fault_at(fields, "encoding", text::format("'{}' is no encoding of cloud-init", encoding),
                 "b64, base64, gz+b64 or text/plain");
        return;
    }
    if (zipped && room == 0) { return; } // said already
    Result<std::string> decoded = std::move(file.content);
    if (coded) { decoded = crypto::base64_decode(*decoded); }
    if (decoded && zipped) {
        decoded = gzip::decompress(*decoded, room);
        if (decoded) {
            room -= decoded->size();
        } else if (decoded.error().kind == ErrorKind::refused) {
            room = 0;
            decoded = fail(ErrorKind::refused, "what is compressed in write_files grows to more than 16 MiB in all");
        }
    }
    if (decoded) {
        file.content = *std::move(decoded);
    } else {
        fault_at(fields, "content", decoded.error().message);
    }
}

WriteFile read_file(const Value& value, const std::string& where, std::size_t& room, Findings& findings) {
    Fields fields(value, where, findings.faults);
    WriteFile file;
    file.path = fields.required_text("path");
    const Value* path = value.find("path");
    if (path != nullptr && path->scalar() != nullptr && !is_absolute_path(file.path)) {
        fault_at(fields, "path", text::format("'{}' is no absolute path", file.path));
    }
    file.content = fields.text("content").value_or("");
    decode_content(fields, file, room);
    file.owner = fields.text("owner").value_or(file.owner);
    const auto parts = text::split(file.owner, ':');
    if (parts.size() > 2 || !std::ranges::all_of(parts, [](const auto& part) { return is_account_name(part); })) {
        fault_at(fields, "owner", text::format("'{}' is no owner", file.owner), "as in root:root");
    }
    file.permissions = read_permissions(fields).value_or(file.permissions);
    file.append = fields.flag("append").value_or(false);
    file.defer = fields.flag("defer").value_or(false);
    if (const Value* source = value.find("source"); source != nullptr && !source->is_null()) {
        fault_at(fields, "source", "content from an address is not supported by this version");
    }
    warn_of_others(value, where, "write_files[]", findings);
    return file;
}

std::vector<WriteFile> read_files(Fields& root, Findings& findings) {
    std::vector<WriteFile> files;
    const Value* section = root.optional("write_files");
    if (section == nullptr) { return files; }
    if (section->sequence() == nullptr) {
        fault_at(root, "write_files", text::format("expected a list, found {}", section->kind()));
        return files;
    }
    std::size_t room = std::size_t{16} << 20U;
    for (std::size_t index = 0; index < section->sequence()->size(); ++index) {
        files.push_back(
            read_file((*section->sequence())[index], text::format("write_files[{}]", index), room, findings));
    }
    return files;
}

std::vector<RunCommand> read_commands(Fields& root, std::string_view key, Findings& findings) {
    std::vector<RunCommand> commands;
    const Value* section = root.optional(key);
    if (section == nullptr) { return commands; }
    if (section->sequence() == nullptr) {
        fault_at(root, key, text::format("expected a list, found {}", section->kind()));
        return commands;
    }
    for (std::size_t index = 0; index < section->sequence()->size(); ++index) {
        const Value& item = (*section->sequence())[index];
        const auto where = text::format("{}[{}]", key, index);
        if (item.is_null()) { continue; } // as cloud-init does
        if (const auto* line = item.scalar()) {
            commands.emplace_back(line->text);
        } else if (item.sequence() != nullptr && !item.sequence()->empty()) {
            if (auto argv = document::as_texts(item, findings.faults)) { commands.emplace_back(*std::move(argv)); }
        } else {
            findings.faults.add(item.position,
                                text::format("{}: expected a line for the shell or a list of arguments", where));
        }
    }
    return commands;
}

} // namespace

CloudConfig read_cloud_config(const Value& root, Findings& findings) {
    Fields fields(root, "", findings.faults);
    constexpr std::size_t kHostLimit = 64;
    constexpr std::size_t kNameLimit = 253;
    CloudConfig config;
    config.hostname = read_host(fields, "hostname", kHostLimit);
    config.fqdn = read_host(fields, "fqdn", kNameLimit);
    config.ssh_authorized_keys = read_ssh_keys(fields, "ssh_authorized_keys");
    config.users = read_users(fields, findings);
    config.write_files = read_files(fields, findings);
    config.runcmd = read_commands(fields, "runcmd", findings);
    config.bootcmd = read_commands(fields, "bootcmd", findings);
    config.machine = read_machine_config(root, findings);
    warn_of(root, "", applied_key_names(), known_keys(), findings);
    return config;
}

} // namespace ingot::cloud_init
