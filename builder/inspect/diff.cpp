#include "builder/inspect/diff.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "builder/inspect/dpkg.hpp"
#include "builder/packages/version.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::inspect {

namespace {

/// Visits two sorted sequences side by side; either side may be nullptr.
template <typename Item, typename Key, typename Visit>
void side_by_side(const std::vector<Item>& before, const std::vector<Item>& after, Key key, Visit visit) {
    auto a = before.begin();
    auto b = after.begin();
    while (a != before.end() || b != after.end()) {
        if (b == after.end() || (a != before.end() && key(*a) < key(*b))) {
            visit(&*a++, static_cast<const Item*>(nullptr));
        } else if (a == before.end() || key(*b) < key(*a)) {
            visit(static_cast<const Item*>(nullptr), &*b++);
        } else {
            visit(&*a++, &*b++);
        }
    }
}

std::vector<PackageChange> compare_packages(const Packages& before, const Packages& after) {
    std::set<std::string> names;
    for (const auto& [name, package] : before) { names.insert(name); }
    for (const auto& [name, package] : after) { names.insert(name); }
    std::vector<PackageChange> changes;
    for (const auto& name : names) {
        const auto a = before.find(name);
        const auto b = after.find(name);
        PackageChange change{.name = name};
        if (a != before.end()) { change.before = a->second.version; }
        if (b != after.end()) { change.after = b->second.version; }
        if (change.before == change.after) { continue; }
        if (a == before.end()) {
            change.change = Change::added;
        } else if (b == after.end()) {
            change.change = Change::removed;
        } else {
            change.change = packages::compare_versions(change.before, change.after) < 0 ? Change::up : Change::down;
        }
        changes.push_back(std::move(change));
    }
    return changes;
}

std::string what_changed(const Entry& a, const Entry& b) {
    std::vector<std::string> found;
    if (a.kind != b.kind) { found.push_back(text::format("{} → {}", to_string(a.kind), to_string(b.kind))); }
    if (a.kind == b.kind && !a.again && !b.again && (a.digest != b.digest || a.size != b.size)) {
        found.emplace_back("content");
    }
    if (a.target != b.target) { found.push_back(text::format("target {} → {}", a.target, b.target)); }
    if (a.mode != b.mode && a.kind != Kind::link) {
        found.push_back(text::format("mode {:04o} → {:04o}", a.mode, b.mode));
    }
    if (a.uid != b.uid || a.gid != b.gid) {
        found.push_back(text::format("owner {}:{} → {}:{}", a.uid, a.gid, b.uid, b.gid));
    }
    if (a.capability != b.capability) {
        const auto shown = [](const std::string& bytes) {
            return bytes.empty() ? std::string("none") : capability_text(bytes);
        };
        found.push_back(text::format("capabilities {} → {}", shown(a.capability), shown(b.capability)));
    }
    return text::join(found, ", ");
}

std::vector<FileChange> compare_files(const Listing& before, const Listing& after) {
    const auto owners_before = owners(before);
    const auto owners_after = owners(after);
    std::vector<FileChange> changes;
    const auto visit = [&](const Entry* a, const Entry* b) {
        const auto owner = b != nullptr ? owners_after[static_cast<std::size_t>(b - after.entries.data())]
                                        : owners_before[static_cast<std::size_t>(a - before.entries.data())];
        FileChange change{.path = b != nullptr ? b->path : a->path, .owner = owner.empty() ? "(directories)" : owner};
        if (a != nullptr) { change.grown -= static_cast<std::int64_t>(a->size); }
        if (b != nullptr) { change.grown += static_cast<std::int64_t>(b->size); }
        if (a == nullptr) {
            change.change = Change::added;
        } else if (b == nullptr) {
            change.change = Change::removed;
        } else {
            change.what = what_changed(*a, *b);
            if (change.what.empty()) { return; }
        }
        changes.push_back(std::move(change));
    };
    side_by_side(
        before.entries, after.entries, [](const Entry& entry) -> const std::string& { return entry.path; }, visit);
    return changes;
}

std::vector<FileGroup> group(const std::vector<FileChange>& files) {
    std::map<std::string, FileGroup> groups;
    for (const auto& file : files) {
        auto& one = groups[file.owner];
        one.owner = file.owner;
        one.added += file.change == Change::added ? 1U : 0U;
        one.removed += file.change == Change::removed ? 1U : 0U;
        one.changed += file.change == Change::changed ? 1U : 0U;
        one.grown += file.grown;
    }
    std::vector<FileGroup> sorted;
    for (auto& [owner, one] : groups) { sorted.push_back(std::move(one)); }
    std::ranges::sort(sorted, [](const FileGroup& a, const FileGroup& b) {
        const auto bytes = [](const FileGroup& one) { return one.grown < 0 ? -one.grown : one.grown; };
        return bytes(a) != bytes(b) ? bytes(a) > bytes(b) : a.owner < b.owner;
    });
    return sorted;
}

/// What is only in one of two sets of lines, as changes of a kind.
void compare_lines(std::string_view kind, const std::set<std::string>& before, const std::set<std::string>& after,
                   std::vector<OtherChange>& changes) {
    for (const auto& line : before) {
        if (!after.contains(line)) { changes.push_back({Change::removed, std::string(kind), line}); }
    }
    for (const auto& line : after) {
        if (!before.contains(line)) { changes.push_back({Change::added, std::string(kind), line}); }
    }
}

template <typename Items, typename Line>
std::set<std::string> lines_of(const Items& items, Line line) {
    std::set<std::string> lines;
    for (const auto& item : items) { lines.insert(line(item)); }
    return lines;
}

std::vector<OtherChange> compare_others(const Report& a, const Report& b) {
    std::vector<OtherChange> changes;
    const auto compare = [&](std::string_view kind, const auto& before, const auto& after, auto line) {
        compare_lines(kind, lines_of(before, line), lines_of(after, line), changes);
    };
    const auto itself = [](const std::string& text) { return text; };
    compare("unit enabled", a.units.enabled, b.units.enabled,
            [](const EnabledUnit& unit) { return text::format("{} ({})", unit.name, unit.wanted_by); });
    compare("unit masked", a.units.masked, b.units.masked, itself);
    compare("listens", a.listeners, b.listeners,
            [](const Listener& one) { return text::format("{}: {}, {}", one.unit, one.address, one.when); });
    compare("user", a.users, b.users, [](const User& user) {
        return text::format("{} ({}:{}, {}, {}{})", user.name, user.uid, user.gid, user.home, user.shell,
                            user.locked ? "" : ", has a password");
    });
    compare("privileged file", a.privileged, b.privileged, [](const PrivilegedFile& file) {
        return text::format("{} ({:04o} {}:{}{})", file.path, file.mode, file.uid, file.gid,
                            file.capabilities.empty() ? "" : " " + file.capabilities);
    });
    const auto one = [](const std::string& text) {
        return text.empty() ? std::vector<std::string>{} : std::vector{text};
    };
    compare("kernel", one(a.kernel), one(b.kernel), itself);
    compare("system", one(a.system), one(b.system), itself);
    return changes;
}

} // namespace

std::string_view to_string(Change change) {
    switch (change) {
    case Change::added: return "added";
    case Change::removed: return "removed";
    case Change::up: return "up";
    case Change::down: return "down";
    case Change::changed: return "changed";
    }
    return "changed";
}

Difference compare(const Image& before, const Image& after, std::string_view before_name,
                   std::string_view after_name) {
    Difference difference{.before = make_report(before, before_name), .after = make_report(after, after_name)};
    difference.packages = compare_packages(parse_status(before.listing.content("/var/lib/dpkg/status")),
                                           parse_status(after.listing.content("/var/lib/dpkg/status")));
    difference.files = compare_files(before.listing, after.listing);
    difference.groups = group(difference.files);
    difference.others = compare_others(difference.before, difference.after);
    return difference;
}

} // namespace ingot::builder::inspect
