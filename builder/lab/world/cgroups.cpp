#include "builder/lab/world/cgroups.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <sys/mount.h>
#include <unistd.h>

#include "builder/lab/model/state.hpp"
#include "builder/lab/world/namespaces.hpp"
#include "common/files/files.hpp"
#include "common/log/log.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::lab {

namespace {

namespace fs = std::filesystem;

/// cgroup files are written in one go and never created.
bool put(const fs::path& file, std::string_view value) {
    std::ofstream out(file);
    out << value << std::flush;
    return out.good();
}

bool offers(const fs::path& folder, std::string_view controller) {
    const auto listed = files::read(folder / "cgroup.controllers");
    if (!listed) { return false; }
    const auto words = text::split(text::trim(*listed), ' ');
    return std::ranges::find(words, controller) != words.end();
}

/// Hands the memory controller down, where there is one. Not having it is no failure.
void hand_down_memory(const fs::path& folder) {
    if (offers(folder, "memory")) { put(folder / "cgroup.subtree_control", "+memory"); }
}

/// Deepest first, so that each is empty of folders when its turn comes.
std::vector<fs::path> branch(const fs::path& folder) {
    std::vector<fs::path> found = {folder};
    std::error_code error;
    for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
        if (it->is_directory(error)) { found.push_back(it->path()); }
    }
    std::ranges::reverse(found);
    return found;
}

} // namespace

Status enter_lab_cgroup(const fs::path& root, std::string_view lab) {
    const auto own = root / cgroup_of(lab);
    INGOT_TRY(files::make_directory(own / "supervisor"), "making the lab's cgroup");
    hand_down_memory(root);
    hand_down_memory(own);
    if (!put(own / "supervisor" / "cgroup.procs", "0")) {
        return fail(ErrorKind::tool_failed, "the supervisor cannot enter its cgroup " + own.string());
    }
    return {};
}

Result<fs::path> make_machine_cgroup(const fs::path& root, std::string_view lab, std::string_view machine,
                                     std::optional<int> memory_mib) {
    const auto folder = root / cgroup_of(lab) / machine;
    INGOT_TRY(files::make_directory(folder), "making a machine's cgroup");
    if (memory_mib && files::exists(folder / "memory.max")) {
        const auto bytes = static_cast<unsigned long long>(*memory_mib) << 20U;
        if (!put(folder / "memory.max", std::to_string(bytes))) {
            log::warning(text::format("the memory of {} could not be limited", machine));
        }
    }
    return folder;
}

Status remove_cgroup(const fs::path& folder) {
    constexpr auto kPatience = std::chrono::seconds(10);
    constexpr auto kStep = std::chrono::milliseconds(10);
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    for (;;) {
        int error_number = 0;
        for (const auto& path : branch(folder)) {
            if (::rmdir(path.c_str()) != 0 && errno != ENOENT) { error_number = errno; }
        }
        if (error_number == 0) { return {}; }
        if (error_number != EBUSY || std::chrono::steady_clock::now() > deadline) {
            return fail_errno(error_number, "removing the cgroup " + folder.string());
        }
        std::this_thread::sleep_for(kStep);
    }
}

Status freeze_cgroup(const fs::path& folder, bool frozen) {
    constexpr auto kPatience = std::chrono::seconds(10);
    constexpr auto kStep = std::chrono::milliseconds(5);
    if (!put(folder / "cgroup.freeze", frozen ? "1" : "0")) {
        return fail(ErrorKind::tool_failed, "this kernel cannot freeze " + folder.string());
    }
    const std::string wanted = text::format("frozen {}", frozen ? 1 : 0);
    for (const auto deadline = std::chrono::steady_clock::now() + kPatience;;) {
        INGOT_ASSIGN(const auto events, files::read(folder / "cgroup.events"), "");
        const auto lines = text::lines(events);
        if (std::ranges::find(lines, wanted) != lines.end()) { return {}; }
        if (std::chrono::steady_clock::now() > deadline) {
            return fail(ErrorKind::transient, folder.string() + " does not become " + wanted);
        }
        std::this_thread::sleep_for(kStep);
    }
}

Status clean_lab_cgroup(std::string_view lab) {
    const auto code = in_private_mounts([lab] {
        const fs::path root = "/sys/fs/cgroup";
        if (::mount("cgroup2", root.c_str(), "cgroup2", 0, nullptr) != 0) { return 1; }
        const auto own = root / cgroup_of(lab);
        return !files::exists(own) || remove_cgroup(own) ? 0 : 1;
    });
    if (!code) { return code.error(); }
    if (*code != 0) {
        return fail(
            ErrorKind::transient,
            text::format("the cgroup {} of an earlier run of the lab cannot be removed; processes may still be in it",
                         cgroup_of(lab)));
    }
    return {};
}

} // namespace ingot::builder::lab
