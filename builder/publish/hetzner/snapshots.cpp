#include "builder/publish/hetzner/snapshots.hpp"

#include <algorithm>
#include <tuple>

#include "builder/publish/hetzner/server.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::publish::hetzner {

namespace {

std::string label(const Snapshot& snapshot, const char* key) {
    const auto found = snapshot.labels.find(key);
    return found == snapshot.labels.end() ? "-" : found->second;
}

} // namespace

Result<std::vector<Snapshot>> list_snapshots(Api& api, const Filter& filter) {
    auto path = text::format("/images?type=snapshot&label_selector={}", kManifest);
    if (!filter.role.empty()) { path += text::format("%2C{}%3D{}", kRole, filter.role); }
    if (!filter.architecture.empty()) { path += "&architecture=" + filter.architecture; }
    INGOT_ASSIGN(const auto values, api.list(path, "images"), "listing snapshots");
    std::vector<Snapshot> snapshots;
    for (const auto& value : values) {
        INGOT_ASSIGN(auto snapshot, to_snapshot(value), "");
        snapshots.push_back(std::move(snapshot));
    }
    std::ranges::sort(snapshots, [](const Snapshot& left, const Snapshot& right) {
        return std::tuple(left.created, left.id) > std::tuple(right.created, right.id);
    });
    return snapshots;
}

Result<std::optional<Snapshot>> find_published(Api& api, std::string_view digest) {
    const auto wanted = labels_of({}, digest).at(kManifest);
    INGOT_ASSIGN(const auto values,
                 api.list(text::format("/images?type=snapshot&label_selector={}%3D{}", kManifest, wanted), "images"),
                 "looking whether the image is there already");
    for (const auto& value : values) {
        INGOT_ASSIGN(auto snapshot, to_snapshot(value), "");
        if (snapshot.status == "available") { return std::optional(std::move(snapshot)); }
    }
    return std::optional<Snapshot>();
}

Result<std::vector<Snapshot>> prune(Api& api, const Filter& filter, std::size_t keep, bool dry_run) {
    INGOT_ASSIGN(auto all, list_snapshots(api, filter), "");
    auto old = superseded(std::move(all), keep);
    if (dry_run) { return old; }
    for (const auto& snapshot : old) {
        INGOT_TRY(remove(api, {.kind = "images", .id = snapshot.id, .name = snapshot.description}), "");
    }
    return old;
}

std::string render(const std::vector<Snapshot>& snapshots) {
    auto table = text::format("{:<12} {:<8} {:<10} {:<10} {:<4} {:>9} {:<20} {}\n", "SNAPSHOT", "ROLE", "SUITE",
                              "VERSION", "ARCH", "STORED", "CREATED", "DESCRIPTION");
    for (const auto& snapshot : snapshots) {
        table += text::format("{:<12} {:<8} {:<10} {:<10} {:<4} {:>6.2f} GB {:<20} {}{}\n", snapshot.id,
                              label(snapshot, kRole), label(snapshot, kSuite), label(snapshot, kVersion),
                              snapshot.architecture, snapshot.stored_gb, clock::to_rfc3339(snapshot.created),
                              snapshot.description,
                              snapshot.status == "available" ? "" : text::format(" ({})", snapshot.status));
    }
    return table;
}

json::Json to_json(const std::vector<Snapshot>& snapshots) {
    auto list = json::Json::array();
    for (const auto& snapshot : snapshots) {
        list.push_back({{"snapshot", snapshot.id},
                        {"status", snapshot.status},
                        {"architecture", snapshot.architecture},
                        {"stored_gb", snapshot.stored_gb},
                        {"disk_gb", snapshot.disk_gb},
                        {"created", clock::to_rfc3339(snapshot.created)},
                        {"description", snapshot.description},
                        {"labels", to_json(snapshot.labels)}});
    }
    return list;
}

} // namespace ingot::builder::publish::hetzner
