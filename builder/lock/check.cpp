// Does this lock belong to this spec? A build that fetched "just this one more" would not be a locked build.
#include "builder/lock/lock.hpp"

#include <algorithm>

#include "common/text/text.hpp"

namespace ingot::builder::lock {

namespace {

constexpr auto kHint = "ingot lock {} writes it anew";

struct Checking {
    const Lock& lock;
    const spec::Role& role;
    Faults faults{};

    void fault(const Position& position, std::string message) {
        faults.add(position, std::move(message), text::format(kHint, role.name));
    }
    /// Where the lock as a whole is meant.
    [[nodiscard]] Position top() const { return {.file = lock.file}; }
};

void check_layer(Checking& checking, const LockedLayer& locked, const spec::Layer& layer) {
    for (const auto& wanted : layer.packages) {
        const bool known =
            std::ranges::binary_search(locked.asked_for, wanted.text) || find(checking.lock, wanted.text) != nullptr;
        if (!known) {
            checking.fault(wanted.position,
                           text::format("the package '{}' is not in {}", wanted.text, checking.lock.file));
        }
    }
    for (const auto& name : locked.asked_for) {
        if (std::ranges::find(layer.packages, name, &spec::Word::text) != layer.packages.end()) { continue; }
        checking.fault(locked.position,
                       text::format("'{}' was asked for when this was written, and {}.yaml does not ask for it now",
                                    name, layer.name));
    }
}

void check_layers(Checking& checking) {
    const auto& locked = checking.lock.layers;
    const auto& layers = checking.role.layers;
    const bool same = std::ranges::equal(locked, layers, {}, &LockedLayer::name, &spec::Layer::name);
    if (!same) {
        checking.fault(checking.top(),
                       text::format("it is for other layers than {}.yaml and what that extends", checking.role.name));
        return;
    }
    for (std::size_t index = 0; index < layers.size(); ++index) {
        check_layer(checking, locked[index], layers[index]);
    }
}

void check_repositories(Checking& checking, const std::vector<packages::SourceEntry>& sources,
                        const std::vector<std::pair<std::string, std::string>>& keys) {
    for (const auto& repository : checking.lock.repositories) {
        if (repository.uris.empty()) { continue; } // the Debian archive: its suite is the role's
        const auto source = std::ranges::find(sources, repository.name, &packages::SourceEntry::name);
        if (source == sources.end()) {
            checking.fault(checking.top(), text::format("the spec has no source '{}' any more", repository.name));
            continue;
        }
        const bool same = source->uris == repository.uris && source->suites == repository.suites &&
                          source->components == repository.components;
        if (!same) {
            checking.fault(checking.top(), text::format("the source '{}' is another one now", repository.name));
        }
        const auto key = std::ranges::find(keys, repository.name, [](const auto& pair) { return pair.first; });
        if (key != keys.end() && key->second != repository.key_sha256) {
            checking.fault(checking.top(),
                           text::format("the key of the source '{}' is another one now", repository.name));
        }
    }
    for (const auto& layer : checking.lock.layers) {
        for (const auto& entry : layer.packages) {
            const bool known = entry.repository.empty() ||
                               std::ranges::find(checking.lock.repositories, entry.repository, &Repository::name) !=
                                   checking.lock.repositories.end();
            if (!known) {
                checking.fault(entry.position, text::format("{}: there is no repository '{}' in this lock",
                                                            entry.package.name, entry.repository));
            }
        }
    }
}

} // namespace

Faults check(const Lock& lock, const spec::Role& role, std::string_view architecture,
             const std::vector<packages::SourceEntry>& sources,
             const std::vector<std::pair<std::string, std::string>>& keys) {
    Checking checking{.lock = lock, .role = role};
    const auto compare = [&](std::string_view what, std::string_view locked, std::string_view now) {
        if (locked == now) { return; }
        checking.fault(checking.top(), text::format("it is for the {} '{}', not '{}'", what, locked, now));
    };
    compare("role", lock.role, role.name);
    compare("suite", lock.suite, role.suite);
    compare("architecture", lock.architecture, architecture);
    if (!checking.faults.empty()) { return std::move(checking.faults); }
    check_layers(checking);
    check_repositories(checking, sources, keys);
    return std::move(checking.faults);
}

} // namespace ingot::builder::lock
