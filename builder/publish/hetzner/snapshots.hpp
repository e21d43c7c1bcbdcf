// Snapshots that ingot made, by their labels.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "builder/publish/hetzner/api.hpp"
#include "builder/publish/hetzner/choose.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::publish::hetzner {

struct Filter {
    std::string role{};         ///< empty: all
    std::string architecture{}; ///< "x86", "arm"; empty: both
};

/// Newest first.
Result<std::vector<Snapshot>> list_snapshots(Api& api, const Filter& filter);

/// The whole snapshot of the image with this manifest; nothing if there is none.
Result<std::optional<Snapshot>> find_published(Api& api, std::string_view digest);

/// Deletes all but the newest `keep` of each role and architecture; with `dry_run`, only says which those would be.
Result<std::vector<Snapshot>> prune(Api& api, const Filter& filter, std::size_t keep, bool dry_run);

/// A table for people. Pure.
std::string render(const std::vector<Snapshot>& snapshots);
json::Json to_json(const std::vector<Snapshot>& snapshots);

} // namespace ingot::builder::publish::hetzner
