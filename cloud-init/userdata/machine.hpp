// What ordinary cloud-config says about the machine itself, beside users, files and commands.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ingot::cloud_init {

struct Group {
    std::string name;
    std::vector<std::string> members{};
};

/// chpasswd: a hash for a user's password, or to be chosen by chance.
struct PasswordChange {
    std::string user;
    std::string hash;
};

enum class EtcHosts { untouched, localhost, managed };

struct Ntp {
    bool enabled = true;
    std::vector<std::string> servers{};
    std::vector<std::string> pools{};
};

struct CaCerts {
    bool remove_defaults = false;
    std::vector<std::string> trusted{}; ///< PEM
};

/// disk_setup of one device. Only ever done to a device that holds nothing.
struct DiskLayout {
    std::string device;
    bool gpt = true;
    std::vector<int> percents{}; ///< one partition each; empty: one with all of it
};

/// One of fs_setup. Only ever made where there is nothing.
struct FileSystem {
    std::string device; ///< with its partition
    std::string type;   ///< ext4, xfs, …
    std::string label{};
};

struct Mount {
    std::string device;
    std::string point; ///< "none" for swap
    std::string type = "auto";
    std::string options;
    std::string dump = "0";
    std::string pass = "2";
};

/// growpart and resize_rootfs: whether the root grows to the end of its disk.
struct Growth {
    bool partition = true;
    bool filesystem = true;
};

struct Swap {
    std::string file = "/swap.img";
    std::uint64_t bytes = 0; ///< 0: as large as the memory, at most `most`
    std::uint64_t most = 0;
};

struct AptSource {
    std::string file;   ///< name below /etc/apt/sources.list.d
    std::string source; ///< "deb http://…"
    std::string key{};  ///< PGP, armored
};

struct Apt {
    std::string http_proxy{};
    std::string https_proxy{};
    std::string conf{}; ///< apt.conf as written
    std::vector<AptSource> sources{};
};

struct PowerState {
    std::string mode; ///< poweroff, reboot, halt
    std::string delay = "now";
    std::string message{};
};

struct PhoneHome {
    std::string url; ///< may hold $INSTANCE_ID
    std::vector<std::string> post{};
    int tries = 10;
};

struct MachineConfig {
    bool preserve_hostname = false;
    EtcHosts etc_hosts = EtcHosts::untouched;
    std::vector<Group> groups{};
    std::optional<bool> ssh_pwauth{};
    bool expire_passwords = true;
    std::vector<PasswordChange> passwords{};
    std::optional<Ntp> ntp{};
    std::optional<std::string> timezone{};
    std::optional<std::string> locale{};
    std::optional<CaCerts> ca_certs{};
    Growth growth{};
    std::vector<DiskLayout> disks{};
    std::vector<FileSystem> filesystems{};
    std::vector<Mount> mounts{};
    std::optional<Swap> swap{};
    std::optional<Apt> apt{};
    bool package_update = false;
    bool package_upgrade = false;
    std::vector<std::string> packages{}; ///< "name" or "name=version"
    std::optional<PowerState> power_state{};
    std::optional<PhoneHome> phone_home{};
    std::optional<std::string> final_message{};
};

} // namespace ingot::cloud_init
