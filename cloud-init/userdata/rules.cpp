#include "cloud-init/userdata/rules.hpp"

#include <algorithm>
#include <array>
#include <ranges>
#include <utility>

#include "common/text/text.hpp"

namespace ingot::cloud_init {

namespace {

constexpr std::string_view kLower = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kDigits = "0123456789";

bool is_lower(char character) { return kLower.find(character) != std::string_view::npos; }
bool is_digit(char character) { return kDigits.find(character) != std::string_view::npos; }

/// `first` and then `rest` may hold lower-case letters and these; digits too in `rest`.
bool has_form(std::string_view text, std::size_t limit, std::string_view first, std::string_view rest) {
    if (text.empty() || text.size() > limit) { return false; }
    if (!is_lower(text.front()) && first.find(text.front()) == std::string_view::npos) { return false; }
    return std::ranges::all_of(text.substr(1), [&](char character) {
        return is_lower(character) || is_digit(character) || rest.find(character) != std::string_view::npos;
    });
}

} // namespace

bool is_cluster_name(std::string_view text) { return has_form(text, 31, "", "-") && !text.ends_with('-'); }

bool is_host_label(std::string_view text) { return has_form(text, 63, kDigits, "-") && !text.ends_with('-'); }

bool is_host_name(std::string_view text, std::size_t limit) {
    if (text.empty() || text.size() > limit) { return false; }
    return std::ranges::all_of(text::split(text::lower(text), '.'),
                               [](const std::string& label) { return is_host_label(label); });
}

bool is_database_name(std::string_view text) { return has_form(text, 63, "_", "_-"); }

std::optional<std::string> why_reserved_role(std::string_view name) {
    if (name.starts_with("pg_")) { return "PostgreSQL keeps names that begin with pg_ for itself"; }
    if (name.starts_with("ingot_")) { return "Ingot keeps names that begin with ingot_ for itself"; }
    constexpr std::array<std::string_view, 8> kReserved = {"postgres", "replicator", "rewind_user",  "public",
                                                           "none",     "user",       "current_user", "session_user"};
    if (std::ranges::find(kReserved, name) != kReserved.end()) { return "this name has a meaning of its own"; }
    return std::nullopt;
}

std::optional<std::string> why_reserved_database(std::string_view name) {
    constexpr std::array<std::string_view, 6> kReserved = {"postgres",    "template0", "template1",
                                                           "replication", "all",       "pgbouncer"};
    if (std::ranges::find(kReserved, name) != kReserved.end()) { return "this name has a meaning of its own"; }
    return std::nullopt;
}

bool is_account_name(std::string_view text) { return has_form(text, 32, "_", "_.-"); }

bool is_absolute_path(std::string_view text) {
    constexpr std::size_t kLongest = 1024;
    if (text.size() < 2 || text.size() > kLongest || text.front() != '/') { return false; }
    if (std::ranges::any_of(text, [](char character) {
            return static_cast<unsigned char>(character) < 0x20U || character == 0x7F;
        })) {
        return false;
    }
    return std::ranges::none_of(text::split(text.substr(1), '/'),
                                [](const std::string& part) { return part.empty() || part == "." || part == ".."; });
}

bool is_uuid(std::string_view text) {
    constexpr std::string_view kForm = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    if (text.size() != kForm.size()) { return false; }
    for (std::size_t index = 0; index < text.size(); ++index) {
        const bool hex = is_digit(text[index]) || (text[index] >= 'a' && text[index] <= 'f');
        if (kForm[index] == '-' ? text[index] != '-' : !hex) { return false; }
    }
    return true;
}

bool is_ssh_key(std::string_view text) {
    if (text.find_first_of("\r\n") != std::string_view::npos) { return false; }
    const auto words = text::split(text, ' ');
    for (std::size_t index = 0; index + 1 < words.size(); ++index) {
        const auto& type = words[index];
        // The first four bytes of a key are the length of its type, hence "AAAA".
        const bool known = type.starts_with("ssh-") || type.starts_with("ecdsa-sha2-") ||
                           type.starts_with("sk-ssh-") || type.starts_with("sk-ecdsa-");
        if (known && words[index + 1].starts_with("AAAA")) { return true; }
    }
    return false;
}

bool is_parameter_name(std::string_view text) {
    return has_form(text::lower(text), 63, "_", "_.") && std::ranges::count(text, '.') <= 1 && !text.ends_with('.');
}

std::optional<std::string> why_controlled_parameter(std::string_view name) {
    constexpr std::string_view kArchive = "Ingot sets it for pgBackRest; see backup";
    constexpr std::string_view kTls = "Ingot sets up TLS with certificates of the cluster's own CAs";
    constexpr std::string_view kPatroni = "Patroni sets it";
    constexpr std::string_view kPlace = "Ingot decides where files are";
    constexpr std::string_view kListen = "Ingot listens on the node's address in the private network, port 5432";
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 26> kControlled = {{
        {"listen_addresses", kListen},
        {"port", kListen},
        {"archive_command", kArchive},
        {"archive_library", kArchive},
        {"archive_mode", kArchive},
        {"restore_command", kArchive},
        {"archive_cleanup_command", kArchive},
        {"primary_conninfo", kPatroni},
        {"primary_slot_name", kPatroni},
        {"promote_trigger_file", kPatroni},
        {"hot_standby", kPatroni},
        {"wal_level", kPatroni},
        {"wal_log_hints", kPatroni},
        {"cluster_name", kPatroni},
        {"synchronous_standby_names", "Patroni sets it; see synchronous"},
        {"data_directory", kPlace},
        {"config_file", kPlace},
        {"hba_file", kPlace},
        {"ident_file", kPlace},
        {"external_pid_file", kPlace},
        {"unix_socket_directories", kPlace},
        {"unix_socket_group", kPlace},
        {"unix_socket_permissions", kPlace},
        {"include", "write the parameters out"},
        {"include_dir", "write the parameters out"},
        {"include_if_exists", "write the parameters out"},
    }};
    const auto lower = text::lower(name);
    const auto* const known = std::ranges::find(kControlled, lower, [](const auto& pair) { return pair.first; });
    if (known != kControlled.end()) { return std::string(known->second); }
    if (lower == "ssl" || lower.starts_with("ssl_")) { return std::string(kTls); }
    if (lower.starts_with("recovery_target") || lower.starts_with("recovery_end")) { return std::string(kPatroni); }
    return std::nullopt;
}

} // namespace ingot::cloud_init
