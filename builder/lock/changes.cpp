// What changes between two sets of packages, as a person wants to read it.
#include "builder/lock/lock.hpp"

#include <algorithm>

#include "builder/packages/version.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::lock {

namespace {

std::string_view word_for(ChangeKind kind) {
    switch (kind) {
    case ChangeKind::added: return "added";
    case ChangeKind::removed: return "removed";
    case ChangeKind::up: return "up";
    case ChangeKind::down: return "down";
    case ChangeKind::rebuilt: return "rebuilt";
    }
    return "?";
}

} // namespace

std::vector<Change> changes_between(const packages::PackageSet& before, const packages::PackageSet& after) {
    std::vector<Change> changes;
    auto old = before.begin();
    auto fresh = after.begin();
    while (old != before.end() || fresh != after.end()) {
        if (fresh == after.end() || (old != before.end() && old->name < fresh->name)) {
            changes.push_back({ChangeKind::removed, old->name, old->version, {}});
            ++old;
        } else if (old == before.end() || fresh->name < old->name) {
            changes.push_back({ChangeKind::added, fresh->name, {}, fresh->version});
            ++fresh;
        } else {
            const auto order = packages::compare_versions(old->version, fresh->version);
            const auto kind = order < 0 ? ChangeKind::up : order > 0 ? ChangeKind::down : ChangeKind::rebuilt;
            if (order != 0 || old->sha256 != fresh->sha256) {
                changes.push_back({kind, old->name, old->version, fresh->version});
            }
            ++old;
            ++fresh;
        }
    }
    return changes;
}

std::string render(const std::vector<Change>& changes) {
    std::size_t widest = 0;
    for (const auto& change : changes) { widest = std::max(widest, change.name.size()); }
    std::string text;
    for (const auto& change : changes) {
        const auto versions = change.before.empty()  ? change.after
                              : change.after.empty() ? change.before
                                                     : text::format("{} → {}", change.before, change.after);
        text += text::format("  {:<8} {:<{}}  {}\n", word_for(change.kind), change.name, widest, versions);
    }
    return text;
}

} // namespace ingot::builder::lock
