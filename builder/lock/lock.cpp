#include "builder/lock/lock.hpp"

#include <algorithm>

#include "builder/packages/locations.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::lock {

namespace {

using packages::PackageSet;

bool is_debian(const packages::SourceEntry& source) {
    return source.name == "debian" || source.name == "debian-security";
}

std::string key_of(std::string_view name, const std::vector<std::pair<std::string, std::string>>& keys) {
    const auto found = std::ranges::find(keys, name, [](const auto& pair) { return pair.first; });
    return found == keys.end() ? std::string() : found->second;
}

/// Plain where YAML leaves no doubt, else in quotes.
std::string word(std::string_view text) {
    constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._+~-";
    if (!text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos) { return std::string(text); }
    auto quoted = text::replace_all(std::string(text), "\\", "\\\\");
    return "\"" + text::replace_all(std::move(quoted), "\"", "\\\"") + "\"";
}

std::string words(const std::vector<std::string>& texts) {
    std::vector<std::string> list;
    list.reserve(texts.size());
    for (const auto& text : texts) { list.push_back(word(text)); }
    return "[" + text::join(list, ", ") + "]";
}

std::string line_of(const LockedPackage& entry) {
    const auto& package = entry.package;
    return text::format("      - {{name: {}, version: {}, architecture: {}, size: {}, sha256: {}, repository: {}, "
                        "file: {}{}}}\n",
                        word(package.name), word(package.version), word(package.architecture), package.size,
                        word(package.sha256), word(entry.repository), word(entry.file),
                        entry.essential ? ", essential: true" : "");
}

} // namespace

Lock lock_of(const spec::Role& role, std::string_view architecture, const std::vector<LayerPackages>& layers,
             const std::vector<packages::SourceEntry>& sources,
             const std::vector<std::pair<std::string, std::string>>& keys) {
    Lock lock{.role = role.name, .suite = role.suite, .architecture = std::string(architecture)};
    for (const auto& source : sources) {
        Repository repository{.name = source.name, .suites = source.suites, .components = source.components};
        if (!is_debian(source)) {
            repository.uris = source.uris;
            repository.key_sha256 = key_of(source.name, keys);
        }
        lock.repositories.push_back(std::move(repository));
    }
    for (std::size_t index = 0; index < layers.size() && index < role.layers.size(); ++index) {
        const auto& from = layers[index];
        LockedLayer layer{.name = role.layers[index].name};
        for (const auto& wanted : role.layers[index].packages) { layer.asked_for.push_back(wanted.text); }
        std::ranges::sort(layer.asked_for);
        for (const auto& package : from.packages) {
            auto location = packages::location_of(package.uri, sources);
            layer.packages.push_back({.package = package,
                                      .repository = std::move(location.repository),
                                      .file = std::move(location.file),
                                      .essential = std::ranges::binary_search(from.essential, package.name, {},
                                                                              &packages::Package::name)});
        }
        lock.layers.push_back(std::move(layer));
    }
    return lock;
}

std::string render(const Lock& lock) {
    std::string text = text::format("# Written by `ingot lock {}`, read by `ingot build --locked`; "
                                    "`ingot lock --update` changes it.\n",
                                    lock.role);
    text += text::format("version: 1\nrole: {}\nsuite: {}\narchitecture: {}\nrepositories:\n", word(lock.role),
                         word(lock.suite), word(lock.architecture));
    for (const auto& repository : lock.repositories) {
        text += text::format("  {}:\n", repository.name);
        if (!repository.uris.empty()) { text += text::format("    uris: {}\n", words(repository.uris)); }
        text += text::format("    suites: {}\n    components: {}\n", words(repository.suites),
                             words(repository.components));
        if (!repository.key_sha256.empty()) { text += text::format("    key_sha256: {}\n", repository.key_sha256); }
    }
    text += "layers:\n";
    for (const auto& layer : lock.layers) {
        text += text::format("  {}:\n    asked_for: {}\n", layer.name, words(layer.asked_for));
        text += layer.packages.empty() ? "    packages: []\n" : "    packages:\n";
        for (const auto& entry : layer.packages) { text += line_of(entry); }
    }
    return text;
}

std::vector<LayerPackages> packages_of(const Lock& lock, const std::vector<packages::SourceEntry>& sources) {
    std::vector<LayerPackages> layers;
    for (const auto& layer : lock.layers) {
        LayerPackages result;
        for (const auto& entry : layer.packages) {
            auto package = entry.package;
            package.uri = packages::uri_of({.repository = entry.repository, .file = entry.file}, sources);
            if (entry.essential) { result.essential.push_back(package); }
            result.packages.push_back(std::move(package));
        }
        layers.push_back(std::move(result));
    }
    return layers;
}

PackageSet all_of(const Lock& lock) {
    PackageSet all;
    for (const auto& layer : lock.layers) {
        for (const auto& entry : layer.packages) { all.push_back(entry.package); }
    }
    std::ranges::sort(all, {}, &packages::Package::name);
    return all;
}

const LockedPackage* find(const Lock& lock, std::string_view name) {
    for (const auto& layer : lock.layers) {
        const auto found =
            std::ranges::find(layer.packages, name,
                              [](const LockedPackage& entry) -> const std::string& { return entry.package.name; });
        if (found != layer.packages.end()) { return &*found; }
    }
    return nullptr;
}

} // namespace ingot::builder::lock
