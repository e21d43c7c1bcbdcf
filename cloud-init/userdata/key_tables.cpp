// The tables that `ingot-agent explain` prints and that docs/user-data.md is checked against.
#include "cloud-init/userdata/key_tables.hpp"

#include <array>

namespace ingot::cloud_init {

namespace {

constexpr std::array<KeyInfo, 33> kApplied = {{
    {"apt", "mapping", "", "apt: {http_proxy: 'http://10.0.0.1:3128'}",
     "http_proxy (or proxy), https_proxy, conf, and sources by name with source and key. Debian's own sources stay "
     "as the image has them; keyid is not fetched from key servers"},
    {"bootcmd", "list of commands", "", "bootcmd: [[modprobe, tun]]",
     "Run at every boot, early, before users and files; INSTANCE_ID in the environment. A command that fails is "
     "noted and the next one runs"},
    {"ca_certs", "mapping", "", "ca_certs: {trusted: ['-----BEGIN CERTIFICATE-----…']}",
     "trusted: certificates added to those of the system; remove_defaults: only they count"},
    {"chpasswd", "mapping", "", "chpasswd: {expire: false, users: [{name: ann, password: '$y$…'}]}",
     "users with name and password, a hash. Plain passwords and RANDOM are faults: user-data can be read by every "
     "program of the machine. expire (default true): the password has to be changed at the first login"},
    {"disk_setup", "mapping of mappings", "", "disk_setup: {/dev/sdb: {table_type: gpt, layout: true}}",
     "Partitions for a disk that holds nothing at all. A disk with anything on it is left as it is; overwrite is "
     "ignored with a warning"},
    {"final_message", "text", "", "final_message: 'up at $TIMESTAMP'",
     "Logged when the node is ready. $UPTIME, $TIMESTAMP, $DATASOURCE and $VERSION are replaced"},
    {"fqdn", "host name", "", "fqdn: db-1.example.org", "Its first label is the host name unless hostname is given"},
    {"fs_setup", "list of mappings", "", "fs_setup: [{device: /dev/sdb1, filesystem: ext4, label: data}]",
     "device, filesystem, label, partition (auto, none, a number). Made only where there is nothing; overwrite and "
     "replace_fs are ignored with a warning"},
    {"groups", "names and mappings", "", "groups: [ops, {dba: [ann]}]", "Groups with members; made if missing"},
    {"growpart", "mapping", "{mode: auto}", "growpart: {mode: off}",
     "The root's partition grows to the end of its disk, by systemd-repart, at every boot; mode off leaves it. "
     "devices other than / are left alone"},
    {"hostname", "host name", "", "hostname: db-1", "At most 64 characters. Before the provider's name"},
    {"ingot", "mapping", "", "", "What this node is in its cluster: see above. Not part of cloud-init"},
    {"locale", "text", "", "locale: C.UTF-8", "LANG in /etc/default/locale. Not generated: the image brings C.UTF-8"},
    {"manage_etc_hosts", "true, false or localhost", "false", "manage_etc_hosts: localhost",
     "true writes /etc/hosts anew, localhost only the line of 127.0.1.1, at every boot"},
    {"merge_how", "text or list", "", "merge_how: list(append)+dict(recurse_array)+str()",
     "How this part is merged into the parts before it, as cloud-init's code does it; also merge_type. Without it, "
     "later parts replace whole keys"},
    {"merge_type", "text or list", "", "merge_type: list(append)+dict()+str()", "Another name of merge_how"},
    {"mounts", "list of lists", "", "mounts: [[/dev/sdb1, /srv, ext4, 'defaults,nofail', '0', '2']]",
     "Lines of /etc/fstab: device, folder, type, options. A node's role waits until they are mounted. Without "
     "options: defaults,nofail,x-systemd.device-timeout=30s"},
    {"ntp", "mapping", "", "ntp: {servers: [10.0.0.1]}",
     "servers and pools of systemd-timesyncd; enabled: false stops it. Other clients are not installed"},
    {"package_update", "true or false", "false", "package_update: true", "apt-get update before packages"},
    {"package_upgrade", "true or false", "false", "package_upgrade: true",
     "apt-get upgrade. Nodes are better replaced by a newer image"},
    {"packages", "list of packages", "", "packages: [htop, [tmux, 3.3a-3]]",
     "Installed by apt-get; a text, or name and version. What cannot be installed is noted and does not keep the "
     "node from its role"},
    {"phone_home", "mapping", "", "phone_home: {url: 'http://10.0.0.1/$INSTANCE_ID', post: [hostname], tries: 5}",
     "A form is posted when the node is ready: pub_key_ed25519, pub_key_ecdsa, pub_key_rsa, instance_id, hostname, "
     "fqdn"},
    {"power_state", "mapping", "", "power_state: {mode: reboot, delay: now}",
     "mode poweroff, reboot or halt; delay now (one minute) or minutes; message. Once, when everything else is done. "
     "condition is "
     "a fault"},
    {"preserve_hostname", "true or false", "false", "preserve_hostname: true", "The host name is left as it is"},
    {"resize_rootfs", "true, false or noblock", "true", "resize_rootfs: false",
     "The root's filesystem grows into its partition, by systemd-growfs, at every boot. noblock is as true: growing "
     "takes no time worth a second process"},
    {"runcmd", "list of commands", "", "runcmd: ['systemctl restart ssh', [touch, /tmp/x]]",
     "Once per instance; a text is a line for the shell, a list a command with its arguments. Each result is kept in "
     "/var/lib/ingot/runcmd.json; one that fails is noted and the next one runs"},
    {"ssh_authorized_keys", "list of texts", "", "ssh_authorized_keys: ['ssh-ed25519 AAAA…']",
     "For root and for the users entry default. Root is not locked out: disable_root is not applied"},
    {"ssh_pwauth", "true or false", "unchanged", "ssh_pwauth: false", "Whether sshd takes passwords"},
    {"swap", "mapping", "", "swap: {filename: /swap.img, size: 1G}",
     "A swap file: size in bytes or with K, M, G, or auto (as large as the memory, at most maxsize)"},
    {"timezone", "text", "", "timezone: Europe/Berlin", "/etc/localtime; the zone has to be in the image"},
    {"users", "list of names and mappings", "", "users: [default, {name: ann, groups: [sudo]}]",
     "default, names, or mappings: name, gecos, shell, homedir, primary_group, groups, sudo, passwd or "
     "hashed_passwd, lock_passwd, uid, no_user_group, expiredate, inactive, system, no_create_home, "
     "ssh_authorized_keys"},
    {"vendor_data", "mapping", "", "vendor_data: {enabled: false}",
     "enabled: false leaves out what the provider adds"},
    {"write_files", "list of mappings", "", "write_files: [{path: /etc/motd, content: hello}]",
     "path, content, encoding (b64, base64, gz, gz+b64 …), owner, permissions, append, defer. After users, so that "
     "files can belong to them; one bad file does not keep the others from being written"},
}};

} // namespace

std::span<const KeyInfo> applied_keys() { return kApplied; }

const std::vector<std::string>& applied_key_names() {
    static const std::vector<std::string> kNames = [] {
        std::vector<std::string> names;
        for (const auto& key : kApplied) { names.emplace_back(key.name); }
        return names;
    }();
    return kNames;
}

const std::vector<std::string>& known_keys() {
    static const std::vector<std::string> kNames = {"allow_public_ssh_keys",
                                                    "ansible",
                                                    "apk_repos",
                                                    "apt_pipelining",
                                                    "apt_reboot_if_required",
                                                    "apt_update",
                                                    "apt_upgrade",
                                                    "autoinstall",
                                                    "byobu_by_default",
                                                    "ca-certs",
                                                    "chef",
                                                    "cloud_config_modules",
                                                    "cloud_final_modules",
                                                    "cloud_init_modules",
                                                    "create_hostname_file",
                                                    "datasource",
                                                    "datasource_list",
                                                    "debug",
                                                    "device_aliases",
                                                    "disable_ec2_metadata",
                                                    "disable_root",
                                                    "disable_root_opts",
                                                    "drivers",
                                                    "fan",
                                                    "grub-dpkg",
                                                    "grub_dpkg",
                                                    "keyboard",
                                                    "landscape",
                                                    "launch-index",
                                                    "locale_configfile",
                                                    "lxd",
                                                    "manage_resolv_conf",
                                                    "mcollective",
                                                    "migrate",
                                                    "mount_default_fields",
                                                    "network",
                                                    "no_ssh_fingerprints",
                                                    "output",
                                                    "package_reboot_if_required",
                                                    "password",
                                                    "prefer_fqdn_over_hostname",
                                                    "puppet",
                                                    "random_seed",
                                                    "reporting",
                                                    "resolv_conf",
                                                    "rh_subscription",
                                                    "rpi",
                                                    "rsyslog",
                                                    "salt_minion",
                                                    "snap",
                                                    "spacewalk",
                                                    "ssh",
                                                    "ssh_deletekeys",
                                                    "ssh_fp_console_blacklist",
                                                    "ssh_genkeytypes",
                                                    "ssh_import_id",
                                                    "ssh_key_console_blacklist",
                                                    "ssh_keys",
                                                    "ssh_publish_hostkeys",
                                                    "ssh_quiet_keygen",
                                                    "syslog_fix_perms",
                                                    "system_info",
                                                    "ubuntu_advantage",
                                                    "ubuntu_pro",
                                                    "updates",
                                                    "user",
                                                    "version",
                                                    "wireguard",
                                                    "yum_repo_dir",
                                                    "yum_repos",
                                                    "zypper"};
    return kNames;
}

} // namespace ingot::cloud_init
