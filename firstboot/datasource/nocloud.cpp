#include <cerrno>
#include <thread>

#include <sched.h>
#include <sys/mount.h>

#include "common/text/text.hpp"
#include "firstboot/datasource/datasource.hpp"

namespace ingot::firstboot {

namespace {

struct Device {
    std::string path;
    std::string type;
};

/// Devices whose filesystem has one of NoCloud's labels, with their types.
Result<std::vector<Device>> seed_devices(Environment& environment) {
    constexpr int kNone = 2;
    std::vector<Device> devices;
    for (const auto* const label : {"LABEL=cidata", "LABEL=CIDATA"}) {
        INGOT_ASSIGN(const auto output,
                     environment.processes.run({.argv = {"blkid", "--cache-file", "/dev/null", "--output", "export",
                                                         "--match-token", label},
                                                .timeout = std::chrono::seconds(10)}),
                     "looking for a filesystem labelled cidata");
        if (output.exit_code == kNone) { continue; }
        for (const auto& line : text::lines(output.out)) {
            constexpr std::string_view kName = "DEVNAME=";
            constexpr std::string_view kType = "TYPE=";
            if (line.starts_with(kName)) { devices.push_back({.path = line.substr(kName.size()), .type = {}}); }
            if (line.starts_with(kType) && !devices.empty()) { devices.back().type = line.substr(kType.size()); }
        }
    }
    return devices;
}

/// Mounts read-only in a mount namespace of its own, which ends with the thread: nobody else sees it and
/// nothing is left to unmount.
template <typename Read>
Status with_private_mount(const Device& device, const char* place, Read&& read) {
    Status result;
    std::thread([&] {
        if (::unshare(CLONE_NEWNS) != 0) {
            result = fail_errno(errno, "making a mount namespace");
        } else if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
            result = fail_errno(errno, "making mounts private");
        } else if (::mount(device.path.c_str(), place, device.type.c_str(),
                           MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0) {
            result = fail_errno(errno, text::format("mounting {} ({})", device.path, device.type));
        } else {
            result = read();
        }
    }).join();
    return result;
}

} // namespace

Result<std::optional<Metadata>> read_seed_folder(const files::Root& root, std::string_view folder) {
    const auto file = [&](std::string_view name) {
        return files::read_if_exists(root.at(text::format("{}/{}", folder, name)));
    };
    INGOT_ASSIGN(const auto meta_data, file("meta-data"), "reading the NoCloud seed");
    INGOT_ASSIGN(auto user_data, file("user-data"), "reading the NoCloud seed");
    if (!meta_data || !user_data) { return std::optional<Metadata>{}; }
    INGOT_ASSIGN(auto metadata, parse_nocloud(*meta_data, *std::move(user_data)), "");
    return std::optional(std::move(metadata));
}

Result<std::optional<Metadata>> read_seed_device(Environment& environment) {
    constexpr const char* kPlace = "/mnt"; // any folder does: only this thread's namespace sees the mount
    INGOT_ASSIGN(const auto devices, seed_devices(environment), "");
    for (const auto& device : devices) {
        std::optional<Metadata> found;
        INGOT_TRY(with_private_mount(device, kPlace,
                                     [&found]() -> Status {
                                         INGOT_ASSIGN(found, read_seed_folder(files::Root(), kPlace), "");
                                         return {};
                                     }),
                  "reading the NoCloud seed on " + device.path);
        if (found) { return found; }
    }
    return std::optional<Metadata>{};
}

Result<Metadata> read_seed_url(Environment& environment, const std::string& url) {
    constexpr int kOk = 200;
    const auto http = environment.make_http();
    const auto fetch = [&](const std::string& name) -> Result<std::string> {
        INGOT_ASSIGN(auto response,
                     http->send({.url = url + name, .timeout = std::chrono::seconds(5), .response_limit = 1U << 20U}),
                     "reading the NoCloud seed");
        if (response.status != kOk) {
            return fail(ErrorKind::transient, text::format("GET {}{}: HTTP {}", url, name, response.status));
        }
        return std::move(response.body);
    };
    INGOT_ASSIGN(const auto meta_data, fetch("meta-data"), "");
    INGOT_ASSIGN(auto user_data, fetch("user-data"), "");
    return parse_nocloud(meta_data, std::move(user_data));
}

} // namespace ingot::firstboot
