// The keys of cloud-config about the machine itself: passwords, time, packages, power.
#include <algorithm>
#include <array>

#include "cloud-init/userdata/machine_reader.hpp"
#include "cloud-init/userdata/rules.hpp"
#include "common/text/text.hpp"

namespace ingot::cloud_init {

using document::Fields;
using document::Value;

namespace {

using Names = std::vector<std::string>;

void check_account(const Value& at, const std::string& where, const std::string& name, Findings& findings) {
    if (!is_account_name(name)) {
        findings.faults.add(at.position, text::format("{}: '{}' cannot name an account", where, name));
    }
}

EtcHosts read_etc_hosts(Fields& fields) {
    const auto word = text::lower(scalar_of(fields.optional("manage_etc_hosts")));
    if (word.empty() || word == "false" || word == "no" || word == "off") { return EtcHosts::untouched; }
    if (word == "localhost") { return EtcHosts::localhost; }
    if (word == "true" || word == "yes" || word == "on" || word == "template") { return EtcHosts::managed; }
    fault_at(fields, "manage_etc_hosts", text::format("expected true, false or localhost, found '{}'", word));
    return EtcHosts::untouched;
}

std::vector<Group> read_groups(Fields& fields, Findings& findings) {
    std::vector<Group> groups;
    const Value* value = fields.optional("groups");
    if (value == nullptr) { return groups; }
    const auto add = [&](const Value& at, const std::string& name, Names members) {
        check_account(at, "groups", name, findings);
        for (const auto& member : members) { check_account(at, "groups." + name, member, findings); }
        groups.push_back({.name = name, .members = std::move(members)});
    };
    const auto add_mapping = [&](const Value& mapping) {
        for (const auto& entry : *mapping.mapping()) { add(entry.value, entry.key, one_or_many(&entry.value)); }
    };
    if (value->mapping() != nullptr) {
        add_mapping(*value);
    } else if (value->scalar() != nullptr) {
        for (const auto& name : text::split(value->scalar()->text, ',')) {
            add(*value, std::string(text::trim(name)), {});
        }
    } else {
        for (const auto& item : *value->sequence()) {
            if (item.mapping() != nullptr) {
                add_mapping(item);
            } else {
                add(item, scalar_of(&item), {});
            }
        }
    }
    return groups;
}

void read_passwords(MachineConfig& config, Fields& fields, Findings& findings) {
    const Value* section = fields.optional("chpasswd");
    if (section == nullptr) { return; }
    Fields inner(*section, "chpasswd", findings.faults);
    config.expire_passwords = inner.flag("expire").value_or(true);
    for (const auto& item : items_of(inner, "users")) {
        Fields user(item, "chpasswd.users", findings.faults);
        const auto name = user.required_text("name");
        const auto type = user.text("type").value_or("hash");
        const auto hash = user.text("password").value_or("");
        if (!name.empty()) { check_account(item, "chpasswd.users", name, findings); }
        // What stands there is not shown: it may be a password.
        if (text::lower(type) != "hash" || !hash.starts_with('$') ||
            hash.find_first_of(": \t\r\n") != std::string::npos) {
            findings.faults.add(item.position, "chpasswd.users: expected the hash of a password",
                                "as 'mkpasswd' prints it: $y$…; plain passwords and RANDOM are not taken");
        }
        warn_of_others(item, "chpasswd.users", "chpasswd.users[]", findings);
        config.passwords.push_back({.user = name, .hash = hash});
    }
    warn_of_others(*section, "chpasswd", "chpasswd", findings);
}

std::optional<Ntp> read_ntp(Fields& fields, Findings& findings) {
    const Value* section = fields.value().find("ntp");
    if (section == nullptr) { return std::nullopt; }
    Ntp ntp;
    if (section->is_null()) { return ntp; }
    Fields inner(*section, "ntp", findings.faults);
    ntp.enabled = inner.flag("enabled").value_or(true);
    ntp.servers = inner.texts("servers").value_or(Names{});
    ntp.pools = inner.texts("pools").value_or(Names{});
    for (const auto* list : {&ntp.servers, &ntp.pools}) {
        for (const auto& name : *list) {
            if (name.empty() || name.find_first_of(" \t\r\n") != std::string::npos) {
                findings.faults.add(section->position, text::format("ntp: '{}' is no server", name));
            }
        }
    }
    warn_of_others(*section, "ntp", "ntp", findings);
    return ntp;
}

std::optional<std::string> read_timezone(Fields& fields) {
    auto zone = fields.text("timezone");
    if (!zone) { return std::nullopt; }
    const bool plain = !zone->empty() && !zone->starts_with('/') && zone->find("..") == std::string::npos &&
                       std::ranges::all_of(*zone, [](char letter) {
                           return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                                  (letter >= '0' && letter <= '9') || letter == '/' || letter == '_' ||
                                  letter == '-' || letter == '+';
                       });
    if (!plain) { fault_at(fields, "timezone", text::format("'{}' is no time zone", *zone), "as in Europe/Berlin"); }
    return zone;
}

std::optional<std::string> read_locale(Fields& fields) {
    auto locale = fields.text("locale");
    if (locale && locale->find_first_of(" \t\r\n\"'$`\\=") != std::string::npos) {
        fault_at(fields, "locale", text::format("'{}' is no locale", *locale), "as in C.UTF-8");
    }
    return locale;
}

std::optional<CaCerts> read_ca_certs(const Value& root, Findings& findings) {
    const Value* section = root.find("ca_certs");
    if (section == nullptr || section->is_null()) { return std::nullopt; }
    Fields inner(*section, "ca_certs", findings.faults);
    CaCerts certificates{.remove_defaults = inner.flag("remove_defaults").value_or(false),
                         .trusted = one_or_many(inner.optional("trusted"))};
    for (const auto& pem : certificates.trusted) {
        if (pem.find("-----BEGIN CERTIFICATE-----") == std::string::npos) {
            findings.faults.add(section->position, "ca_certs.trusted: expected certificates in PEM form");
        }
    }
    warn_of_others(*section, "ca_certs", "ca_certs", findings);
    return certificates;
}

bool is_file_word(std::string_view text) {
    return !text.empty() && !text.starts_with('.') && std::ranges::all_of(text, [](char letter) {
        return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
               (letter >= '0' && letter <= '9') || letter == '_' || letter == '-' || letter == '.';
    });
}

std::optional<Apt> read_apt(const Value& root, Findings& findings) {
    const Value* section = root.find("apt");
    if (section == nullptr || section->is_null()) { return std::nullopt; }
    Fields fields(*section, "apt", findings.faults);
    Apt apt;
    apt.http_proxy = fields.text("http_proxy").value_or(fields.text("proxy").value_or(""));
    apt.https_proxy = fields.text("https_proxy").value_or("");
    apt.conf = fields.text("conf").value_or("");
    for (const auto* proxy : {&apt.http_proxy, &apt.https_proxy}) {
        if (proxy->find_first_of("\"\r\n;") != std::string::npos) {
            findings.faults.add(section->position, "apt: a proxy is one address");
        }
    }
    const Value* sources = fields.optional("sources");
    if (sources != nullptr && sources->mapping() != nullptr) {
        for (const auto& entry : *sources->mapping()) {
            const auto where = "apt.sources." + entry.key;
            Fields one(entry.value, where, findings.faults);
            AptSource source{.file = one.text("filename").value_or(entry.key),
                             .source = one.text("source").value_or(""),
                             .key = one.text("key").value_or("")};
            if (source.file.ends_with(".list")) { source.file.resize(source.file.size() - 5); }
            if (!is_file_word(source.file)) {
                findings.faults.add(entry.position, text::format("{}: '{}' cannot name a file", where, source.file));
            }
            if (!source.source.empty() && !source.source.starts_with("deb")) {
                findings.faults.add(entry.position, text::format("{}.source has to begin with deb", where));
            }
            warn_of_others(entry.value, where, "apt.sources{}", findings);
            apt.sources.push_back(std::move(source));
        }
    }
    warn_of_others(*section, "apt", "apt", findings);
    return apt;
}

Names read_packages(Fields& root, Findings& findings) {
    Names packages;
    const auto add = [&](const Value& at, const std::string& name) {
        const auto plain =
            name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.:~=_/") ==
            std::string::npos;
        if (name.empty() || name.starts_with('-') || !plain) {
            findings.faults.add(at.position, text::format("packages: '{}' names no package", name));
        }
        packages.push_back(name);
    };
    for (const auto& item : items_of(root, "packages")) {
        if (item.mapping() != nullptr) {
            for (const auto& entry : *item.mapping()) {
                if (entry.key != "apt") {
                    findings.warn(entry.position,
                                  text::format("packages.{}: only apt installs packages here", entry.key));
                    continue;
                }
                for (const auto& name : one_or_many(&entry.value)) { add(entry.value, name); }
            }
        } else if (const auto words = one_or_many(&item); words.size() == 2) {
            add(item, words[0] + "=" + words[1]);
        } else {
            add(item, words.size() == 1 ? words.front() : "");
        }
    }
    return packages;
}

std::optional<PowerState> read_power_state(const Value& root, Findings& findings) {
    const Value* section = root.find("power_state");
    if (section == nullptr || section->is_null()) { return std::nullopt; }
    Fields fields(*section, "power_state", findings.faults);
    PowerState power{.mode = fields.choice("mode", {"poweroff", "reboot", "halt"}).value_or("")};
    if (fields.required("mode") == nullptr) { return std::nullopt; }
    power.delay = fields.text("delay").value_or("now");
    const auto minutes = text::to_number(power.delay.starts_with('+') ? std::string_view(power.delay).substr(1)
                                                                      : std::string_view(power.delay));
    if (power.delay != "now" && (!minutes || *minutes < 0)) {
        fault_at(fields, "delay", text::format("expected now or minutes, found '{}'", power.delay));
    }
    power.message = fields.text("message").value_or("");
    const auto condition = text::lower(fields.text("condition").value_or("true"));
    if (condition == "false") { return std::nullopt; }
    if (condition != "true") { fault_at(fields, "condition", "only true and false are read"); }
    warn_of_others(*section, "power_state", "power_state", findings);
    return power;
}

std::optional<PhoneHome> read_phone_home(const Value& root, Findings& findings) {
    const Value* section = root.find("phone_home");
    if (section == nullptr || section->is_null()) { return std::nullopt; }
    Fields fields(*section, "phone_home", findings.faults);
    const Names all = {"pub_key_rsa", "pub_key_ecdsa", "pub_key_ed25519", "instance_id", "hostname", "fqdn"};
    PhoneHome home{.url = fields.required_text("url"), .post = one_or_many(fields.optional("post"))};
    if (home.post.empty() || home.post == Names{"all"}) { home.post = all; }
    for (const auto& key : home.post) {
        if (std::ranges::find(all, key) == all.end()) {
            fault_at(fields, "post", text::format("'{}' is none of {}", key, text::join(all, ", ")));
        }
    }
    if (!home.url.empty() && !home.url.starts_with("http://") && !home.url.starts_with("https://")) {
        fault_at(fields, "url", text::format("'{}' is no http(s) address", home.url));
    }
    constexpr int kMostTries = 100;
    home.tries = static_cast<int>(fields.number("tries", 1, kMostTries).value_or(home.tries));
    warn_of_others(*section, "phone_home", "phone_home", findings);
    return home;
}

} // namespace

MachineConfig read_machine_config(const Value& root, Findings& findings) {
    Fields fields(root, "", findings.faults);
    MachineConfig config;
    config.preserve_hostname = fields.flag("preserve_hostname").value_or(false);
    config.etc_hosts = read_etc_hosts(fields);
    config.groups = read_groups(fields, findings);
    if (const auto word = text::lower(scalar_of(fields.optional("ssh_pwauth")));
        !word.empty() && word != "unchanged") {
        config.ssh_pwauth = fields.flag("ssh_pwauth");
    }
    read_passwords(config, fields, findings);
    config.ntp = read_ntp(fields, findings);
    config.timezone = read_timezone(fields);
    config.locale = read_locale(fields);
    config.ca_certs = read_ca_certs(root, findings);
    read_disk_config(config, fields, findings);
    config.apt = read_apt(root, findings);
    config.package_update = fields.flag("package_update").value_or(false);
    config.package_upgrade = fields.flag("package_upgrade").value_or(false);
    config.packages = read_packages(fields, findings);
    config.power_state = read_power_state(root, findings);
    config.phone_home = read_phone_home(root, findings);
    config.final_message = fields.text("final_message");
    return config;
}

} // namespace ingot::cloud_init
