#include "firstboot/system/settings.hpp"

#include "common/log/log.hpp"
#include "common/text/text.hpp"

namespace ingot::firstboot {

using cloud_init::MachineConfig;

namespace {

constexpr std::string_view kWritten = "# Written by ingot-agent from the user-data.\n";

Status run(Environment& environment, std::vector<std::string> argv, std::string input = {},
           std::chrono::milliseconds timeout = std::chrono::minutes(2)) {
    INGOT_TRY(process::run_checked(environment.processes,
                                   {.argv = std::move(argv), .input = std::move(input), .timeout = timeout}),
              "");
    return {};
}

Step password_step(const MachineConfig& config, Environment& environment) {
    return {.name = "system.passwords",
            .description = "setting passwords",
            .frequency = Frequency::per_instance,
            .apply = [config, &environment]() -> Status {
                std::string lines;
                for (const auto& change : config.passwords) {
                    lines += text::format("{}:{}\n", change.user, change.hash);
                }
                INGOT_TRY(run(environment, {"chpasswd", "--encrypted"}, lines), "setting passwords");
                for (const auto& change : config.passwords) {
                    if (!config.expire_passwords) { break; }
                    INGOT_TRY(run(environment, {"chage", "--lastday", "0", "--", change.user}), "setting passwords");
                }
                return {};
            }};
}

Step sshd_step(bool passwords, Environment& environment) {
    return {.name = "system.ssh-passwords",
            .description = "saying whether sshd takes passwords",
            .apply = [passwords, &environment]() -> Status {
                // Before the image's own file: sshd takes the first value it finds.
                INGOT_ASSIGN(const bool changed,
                             files::write_if_different(
                                 environment.root.at("/etc/ssh/sshd_config.d/40-ingot-user-data.conf"),
                                 text::format("{}PasswordAuthentication {}\n", kWritten, passwords ? "yes" : "no")),
                             "writing sshd's configuration");
                if (!changed) { return {}; }
                return environment.services.reload("ssh.service");
            }};
}

Step ntp_step(const cloud_init::Ntp& ntp, Environment& environment) {
    return {
        .name = "system.ntp", .description = "setting the time servers", .apply = [ntp, &environment]() -> Status {
            if (!ntp.enabled) { return environment.services.stop("systemd-timesyncd.service"); }
            INGOT_ASSIGN(const bool changed,
                         files::write_if_different(
                             environment.root.at("/etc/systemd/timesyncd.conf.d/60-ingot-user-data.conf"),
                             render_timesyncd(ntp)),
                         "");
            if (!changed) { return {}; }
            return environment.services.restart("systemd-timesyncd.service");
        }};
}

Step timezone_step(const std::string& zone, Environment& environment) {
    return {.name = "system.timezone",
            .description = "setting the time zone to " + zone,
            .apply = [zone, &environment]() -> Status {
                const auto file = "/usr/share/zoneinfo/" + zone;
                if (!files::exists(environment.root.at(file))) {
                    return fail(ErrorKind::invalid_input, text::format("this image has no time zone {}", zone));
                }
                INGOT_TRY(run(environment, {"ln", "--symbolic", "--force", "--no-dereference", file,
                                            environment.root.at("/etc/localtime").string()}),
                          "setting the time zone");
                INGOT_TRY(files::write_if_different(environment.root.at("/etc/timezone"), zone + "\n"), "");
                return {};
            }};
}

Step certificates_step(const cloud_init::CaCerts& certificates, Environment& environment) {
    return {
        .name = "system.ca-certificates",
        .description = "trusting the certificates of the user-data",
        .frequency = Frequency::per_instance,
        .apply = [certificates, &environment]() -> Status {
            if (certificates.remove_defaults) {
                INGOT_TRY(files::write(environment.root.at("/etc/ca-certificates.conf"), kWritten), "");
            }
            int number = 0;
            for (const auto& pem : certificates.trusted) {
                const auto file = text::format("/usr/local/share/ca-certificates/ingot-user-data-{}.crt", ++number);
                INGOT_TRY(
                    files::write_if_different(environment.root.at(file), pem.ends_with('\n') ? pem : pem + "\n"), "");
            }
            return run(environment, {"update-ca-certificates", "--fresh"});
        }};
}

/// Keys of sources as files that apt reads; a binary key cannot stand in YAML, so they are armored (.asc).
Status write_sources(const cloud_init::Apt& apt, Environment& environment) {
    for (const auto& source : apt.sources) {
        const auto keyring = text::format("/etc/apt/keyrings/{}.asc", source.file);
        if (!source.key.empty()) {
            INGOT_TRY(files::write_if_different(environment.root.at(keyring), source.key), "");
        }
        if (source.source.empty()) { continue; }
        INGOT_TRY(files::write_if_different(
                      environment.root.at(text::format("/etc/apt/sources.list.d/{}.list", source.file)),
                      render_apt_source(source, source.key.empty() ? std::string_view() : std::string_view(keyring))),
                  "");
    }
    return {};
}

Step apt_step(const cloud_init::Apt& apt, Environment& environment) {
    return {.name = "system.apt", .description = "setting up apt", .apply = [apt, &environment]() -> Status {
                if (const auto conf = render_apt_conf(apt); !conf.empty()) {
                    INGOT_TRY(
                        files::write_if_different(environment.root.at("/etc/apt/apt.conf.d/60ingot-user-data"), conf),
                        "");
                }
                return write_sources(apt, environment);
            }};
}

/// apt waits for another apt, and asks nobody anything.
std::vector<std::string> apt_get(std::vector<std::string> words) {
    std::vector<std::string> argv{
        "apt-get", "--quiet=2",          "--yes", "--no-install-recommends",        "-o", "DPkg::Lock::Timeout=120",
        "-o",      "Acquire::Retries=3", "-o",    "Dpkg::Options::=--force-confold"};
    argv.insert(argv.end(), words.begin(), words.end());
    return argv;
}

Status run_apt(Environment& environment, std::vector<std::string> words) {
    INGOT_TRY(process::run_checked(environment.processes, {.argv = apt_get(std::move(words)),
                                                           .environment = {{"DEBIAN_FRONTEND", "noninteractive"}},
                                                           .timeout = std::chrono::minutes(30)}),
              "");
    return {};
}

} // namespace

Step tolerant(Step step) {
    step.apply = [apply = std::move(step.apply), description = step.description]() -> Status {
        if (const auto result = apply(); !result) {
            log::warning(text::format("{}: {}; going on without", description, result.error().to_string()));
        }
        return {};
    };
    return step;
}

std::string render_hosts(std::string_view existing, const std::string& name, const std::string& fqdn, bool anew) {
    const auto own =
        text::format("127.0.1.1 {}{}{}", fqdn, fqdn.empty() || fqdn == name ? "" : " ", fqdn == name ? "" : name);
    if (anew) {
        return text::format("{}{}\n127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n"
                            "ff02::1 ip6-allnodes\nff02::2 ip6-allrouters\n",
                            kWritten, own);
    }
    std::string content;
    bool written = false;
    for (const auto& line : text::lines(existing)) {
        const bool mine = line.starts_with("127.0.1.1") && (line.size() == 9 || line[9] == ' ' || line[9] == '\t');
        if (mine && written) { continue; }
        content += (mine ? own : line) + "\n";
        written = written || mine;
    }
    return written ? content : content + own + "\n";
}

std::string render_timesyncd(const cloud_init::Ntp& ntp) {
    auto all = ntp.servers;
    all.insert(all.end(), ntp.pools.begin(), ntp.pools.end());
    return text::format("{}[Time]\nNTP={}\n", kWritten, text::join(all, " "));
}

std::string render_apt_conf(const cloud_init::Apt& apt) {
    std::string content;
    if (!apt.http_proxy.empty()) { content += text::format("Acquire::http::Proxy \"{}\";\n", apt.http_proxy); }
    if (!apt.https_proxy.empty()) { content += text::format("Acquire::https::Proxy \"{}\";\n", apt.https_proxy); }
    content += apt.conf;
    if (!content.empty() && !content.ends_with('\n')) { content += '\n'; }
    return content;
}

std::string render_apt_source(const cloud_init::AptSource& source, std::string_view keyring) {
    std::string content;
    for (const auto& line : text::lines(source.source)) {
        const auto word = line.starts_with("deb-src ") ? std::string_view("deb-src ") : std::string_view("deb ");
        if (keyring.empty() || !line.starts_with(word) || line.find("signed-by=") != std::string::npos) {
            content += line + "\n";
        } else if (line.substr(word.size()).starts_with('[')) {
            content += text::format("{}[signed-by={} {}\n", word, keyring, line.substr(word.size() + 1));
        } else {
            content += text::format("{}[signed-by={}] {}\n", word, keyring, line.substr(word.size()));
        }
    }
    return content;
}

std::vector<Step> hosts_steps(const MachineConfig& config, const std::string& name, const std::string& fqdn,
                              Environment& environment) {
    if (config.etc_hosts == cloud_init::EtcHosts::untouched || name.empty()) { return {}; }
    const bool anew = config.etc_hosts == cloud_init::EtcHosts::managed;
    return {tolerant(
        {.name = "system.hosts",
         .description = "writing /etc/hosts",
         .apply = [name, fqdn, anew, &environment]() -> Status {
             const auto path = environment.root.at("/etc/hosts");
             INGOT_ASSIGN(const auto existing, files::read_if_exists(path), "");
             INGOT_TRY(files::write_if_different(path, render_hosts(existing.value_or(""), name, fqdn, anew)), "");
             return {};
         }})};
}

std::vector<Step> group_steps(const MachineConfig& config, Environment& environment) {
    if (config.groups.empty()) { return {}; }
    return {tolerant({.name = "system.groups",
                      .description = "setting up groups",
                      .frequency = Frequency::per_instance,
                      .apply = [groups = config.groups, &environment]() -> Status {
                          for (const auto& group : groups) {
                              INGOT_TRY(run(environment, {"groupadd", "--force", "--", group.name}), "");
                              for (const auto& member : group.members) {
                                  INGOT_TRY(run(environment, {"gpasswd", "--add", member, group.name}), "");
                              }
                          }
                          return {};
                      }})};
}

std::vector<Step> access_steps(const MachineConfig& config, Environment& environment) {
    std::vector<Step> steps;
    if (!config.passwords.empty()) { steps.push_back(tolerant(password_step(config, environment))); }
    if (config.ssh_pwauth) { steps.push_back(tolerant(sshd_step(*config.ssh_pwauth, environment))); }
    return steps;
}

std::vector<Step> settings_steps(const MachineConfig& config, Environment& environment) {
    std::vector<Step> steps;
    if (config.ntp) { steps.push_back(tolerant(ntp_step(*config.ntp, environment))); }
    if (config.timezone) { steps.push_back(tolerant(timezone_step(*config.timezone, environment))); }
    if (config.locale) {
        steps.push_back(tolerant({.name = "system.locale",
                                  .description = "setting the locale",
                                  .apply = [locale = *config.locale, &environment]() -> Status {
                                      INGOT_TRY(files::write_if_different(environment.root.at("/etc/default/locale"),
                                                                          text::format("LANG={}\n", locale)),
                                                "");
                                      return {};
                                  }}));
    }
    if (config.ca_certs) { steps.push_back(tolerant(certificates_step(*config.ca_certs, environment))); }
    return steps;
}

std::vector<Step> package_steps(const MachineConfig& config, Environment& environment) {
    std::vector<Step> steps;
    if (config.apt) { steps.push_back(tolerant(apt_step(*config.apt, environment))); }
    if (!config.package_update && !config.package_upgrade && config.packages.empty()) { return steps; }
    steps.push_back(tolerant({.name = "system.packages",
                              .description = "installing packages",
                              .frequency = Frequency::per_instance,
                              .apply = [config, &environment]() -> Status {
                                  // Images carry no lists of packages: without them nothing can be installed.
                                  INGOT_TRY(run_apt(environment, {"update"}), "");
                                  if (config.package_upgrade) { INGOT_TRY(run_apt(environment, {"upgrade"}), ""); }
                                  if (config.packages.empty()) { return {}; }
                                  std::vector<std::string> words{"install", "--"};
                                  words.insert(words.end(), config.packages.begin(), config.packages.end());
                                  return run_apt(environment, std::move(words));
                              }}));
    return steps;
}

} // namespace ingot::firstboot
