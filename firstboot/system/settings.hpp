// Settings of the machine that cloud-config names: hosts, passwords, time, locale, certificates, apt.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cloud-init/userdata/userdata.hpp"
#include "firstboot/steps/steps.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot {

/// A step whose failure is logged and does not hold up the node: what it sets is not worth a cluster without a
/// member.
Step tolerant(Step step);

// ---- texts, pure ----------------------------------------------------------------------------------

/// /etc/hosts with the machine's names on 127.0.1.1; all else is kept. `anew` writes the usual lines instead.
std::string render_hosts(std::string_view existing, const std::string& name, const std::string& fqdn, bool anew);
/// A drop-in of systemd-timesyncd.
std::string render_timesyncd(const cloud_init::Ntp& ntp);
/// A file of /etc/apt/apt.conf.d.
std::string render_apt_conf(const cloud_init::Apt& apt);
/// A file of /etc/apt/sources.list.d; `keyring` is put into the options of the line if the source has a key.
std::string render_apt_source(const cloud_init::AptSource& source, std::string_view keyring);

// ---- steps ----------------------------------------------------------------------------------------

std::vector<Step> hosts_steps(const cloud_init::MachineConfig& config, const std::string& name,
                              const std::string& fqdn, Environment& environment);
std::vector<Step> group_steps(const cloud_init::MachineConfig& config, Environment& environment);
/// Passwords and whether sshd takes them.
std::vector<Step> access_steps(const cloud_init::MachineConfig& config, Environment& environment);
std::vector<Step> settings_steps(const cloud_init::MachineConfig& config, Environment& environment);
std::vector<Step> package_steps(const cloud_init::MachineConfig& config, Environment& environment);

} // namespace ingot::firstboot
