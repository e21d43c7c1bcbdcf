#include "firstboot/node/clone.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

#include "common/files/durable_point.hpp"
#include "common/text/text.hpp"

namespace ingot::firstboot {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kState = "/var/lib/ingot";

/// An instance-id is whatever a provider calls it; a file name is not.
std::string as_file_name(std::string_view instance) {
    constexpr std::size_t kLongest = 64;
    std::string name(instance.substr(0, kLongest));
    std::ranges::replace_if(
        name,
        [](char letter) {
            return !((letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                     (letter >= '0' && letter <= '9') || letter == '-' || letter == '_');
        },
        '_');
    return name;
}

Status rename_durably(const fs::path& from, const fs::path& to) {
    std::error_code error;
    fs::rename(from, to, error);
    if (error == std::errc::device_or_resource_busy || error == std::errc::cross_device_link) {
        return fail(ErrorKind::refused,
                    text::format("{} is a mount point and cannot be moved aside: move what is in it, then restart "
                                 "ingot-agent",
                                 from.string()));
    }
    if (error) { return fail_errno(error.value(), text::format("moving {} to {}", from.string(), to.string())); }
    INGOT_TRY(files::sync_directory(from.parent_path()), "");
    INGOT_TRY(files::sync_directory(to.parent_path()), "");
    files::pass_durable_point(to);
    return {};
}

/// A name that is not taken: the first move may have been undone by hand, or the same disk cloned twice.
fs::path free_name(const fs::path& wanted) {
    auto name = wanted;
    for (int number = 2; files::exists(name); ++number) { name = text::format("{}.{}", wanted.string(), number); }
    return name;
}

/// The journal says what is done and goes on; the timeline is of this boot.
bool stays(std::string_view name) {
    return name.starts_with("journal.json") || name.starts_with("timeline") || name.starts_with("of-") ||
           name.starts_with('.');
}

} // namespace

CloneDecision decide_clone(const CloneSituation& situation) {
    if (situation.data.empty()) { return BeginAnew{}; }
    if (situation.data_instance == situation.instance_id) { return KeepIdentity{}; }
    switch (situation.choice) {
    case cloud_init::OnClone::rejoin: return KeepIdentity{};
    case cloud_init::OnClone::renew: return MoveAside{situation.data};
    case cloud_init::OnClone::refuse: break;
    }
    return RefuseClone{text::format(
        "this disk was set up as instance {}, the machine is now instance {}, and {} holds data: nothing is done "
        "with "
        "it before the user-data says what this is. `ingot: {{on_clone: rejoin}}` if it is the same node and the "
        "old instance is gone for good; `on_clone: renew` if it is a copy, to move the data aside and join as a new "
        "node",
        situation.data_instance, situation.instance_id, text::join(situation.data, " and "))};
}

std::vector<std::string> folders_with_data(const files::Root& root, const std::vector<std::string>& folders) {
    std::vector<std::string> found;
    for (const auto& folder : folders) {
        const auto names = files::list(root.at(folder));
        // One that cannot be listed is one that may hold something.
        const bool empty = names ? names->empty() : names.error().kind == ErrorKind::not_found;
        if (!empty) { found.push_back(folder); }
    }
    return found;
}

Status move_aside(const files::Root& root, const std::vector<std::string>& folders, std::string_view instance) {
    const auto label = as_file_name(instance);
    // The records first: while there is data of another instance, a boot after a power cut asks the same again.
    const auto names = files::list(root.at(kState)).value_or(std::vector<std::string>{});
    const auto aside = root.at(text::format("{}/of-{}", kState, label));
    INGOT_TRY(files::make_directory(aside, {.mode = 0700}), "");
    for (const auto& name : names) {
        if (stays(name)) { continue; }
        INGOT_TRY(rename_durably(root.at(text::format("{}/{}", kState, name)), free_name(aside / name)), "");
    }
    for (const auto& folder : folders) {
        const auto from = root.at(folder);
        INGOT_TRY(rename_durably(from, free_name(text::format("{}.of-{}", from.string(), label))), "");
    }
    return {};
}

} // namespace ingot::firstboot
