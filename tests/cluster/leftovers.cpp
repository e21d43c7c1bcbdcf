#include "tests/cluster/leftovers.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::tests {

namespace {

namespace fs = std::filesystem;
using text::format;

constexpr std::array<std::string_view, 4> kRoles = {"etcd-", "db-", "proxy-", "backup-"};

std::string content(const fs::path& path) { return files::read(path).value_or(""); }

std::vector<std::string> names_in(const fs::path& folder) {
    return files::list(folder).value_or(std::vector<std::string>());
}

bool is_number(const std::string& text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// All processes of the lab are in its cgroup, whatever they are called.
void find_processes(const std::string& name, std::vector<std::string>& found) {
    for (const auto& entry : names_in("/proc")) {
        if (!is_number(entry)) { continue; }
        const auto cgroups = content(fs::path("/proc") / entry / "cgroup");
        if (cgroups.find("/ingot-lab-" + name + "/") == std::string::npos) { continue; }
        const auto command =
            text::replace_all(content(fs::path("/proc") / entry / "cmdline"), std::string(1, '\0'), " ");
        found.push_back(format("process {}: {}", entry, command.substr(0, 100)));
    }
}

void find_cgroups(const std::string& name, std::vector<std::string>& found) {
    for (const auto* root : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
        const auto path = fs::path(root) / ("ingot-lab-" + name);
        if (files::exists(path)) { found.push_back("cgroup " + path.string()); }
    }
}

/// What the labs that run have mounted, each in a world of its own.
std::string mounts_of_all_labs() {
    std::string mounts;
    for (const auto& entry : names_in("/proc")) {
        if (!is_number(entry)) { continue; }
        const auto words = text::split(content(fs::path("/proc") / entry / "cmdline"), '\0');
        if (words.size() > 3 && words[1] == "lab" && words[2] == "supervise") {
            mounts += content(fs::path("/proc") / entry / "mountinfo");
        }
    }
    return mounts;
}

/// Devices of the images that no lab has mounted.
void find_loop_devices(const std::string& images, std::vector<std::string>& found) {
    const auto mounts = mounts_of_all_labs();
    for (const auto& device : names_in("/sys/block")) {
        const auto backing = content(fs::path("/sys/block") / device / "loop/backing_file");
        if (!backing.empty() && backing.find(images) != std::string::npos &&
            mounts.find(format("/dev/{} ", device)) == std::string::npos) {
            found.push_back("loop device " + device);
        }
    }
}

} // namespace

int supervisor_pid(const std::string& name) {
    for (const auto& entry : names_in("/proc")) {
        if (!is_number(entry)) { continue; }
        const auto words = text::split(content(fs::path("/proc") / entry / "cmdline"), '\0');
        if (words.size() > 3 && words[1] == "lab" && words[2] == "supervise" && words[3] == name) {
            return std::stoi(entry);
        }
    }
    return 0;
}

std::vector<std::string> leftovers(const std::string& name, const std::string& images, bool state_is_kept) {
    std::vector<std::string> found;
    find_processes(name, found);
    if (const int pid = supervisor_pid(name); pid != 0) { found.push_back(format("supervisor {}", pid)); }
    for (const auto& line : text::lines(content("/proc/self/mountinfo"))) {
        if (line.find("ingot-lab") != std::string::npos ||
            line.find("/ingot/lab/" + name + "/") != std::string::npos || line.find(images) != std::string::npos) {
            found.push_back("mount " + line);
        }
    }
    find_loop_devices(images, found);
    for (const auto& device : names_in("/sys/class/net")) {
        if (device == "lab0" || (device.size() == 7 && device.starts_with("p0"))) {
            found.push_back("network device " + device);
        }
    }
    for (const auto& netns : names_in("/run/netns")) {
        // They are called as the machines are; the ones of other tests have names of their own.
        const auto is_machine = [&netns](std::string_view role) { return netns.starts_with(role); };
        if (std::ranges::any_of(kRoles, is_machine)) { found.push_back("network namespace " + netns); }
    }
    for (const auto& file : names_in("/run/ingot/lab")) {
        // A supervisor that was killed leaves its socket and lock; the next `up` or `down` takes them.
        if (file.starts_with(name + ".") && !state_is_kept) { found.push_back("/run/ingot/lab/" + file); }
    }
    if (state_is_kept) { return found; }
    find_cgroups(name, found);
    if (files::exists("/var/lib/ingot/lab/" + name)) { found.push_back("/var/lib/ingot/lab/" + name); }
    return found;
}

} // namespace ingot::tests
