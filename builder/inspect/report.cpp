#include "builder/inspect/report.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>

#include "builder/inspect/dpkg.hpp"
#include "common/clock/clock.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::inspect {

namespace {

constexpr std::size_t kLargest = 24; ///< files that are kept of each package

struct LargestFirst {
    bool operator()(const auto& a, const auto& b) const {
        return a.size.compressed != b.size.compressed ? a.size.compressed > b.size.compressed : a.name < b.name;
    }
};

struct Node {
    Size size{};
    std::map<std::string, Node, std::less<>> children{};
    std::vector<SizedFile> files{};
};

void keep_largest(std::vector<SizedFile>& files) {
    std::ranges::sort(files, [](const SizedFile& a, const SizedFile& b) {
        return std::pair(b.compressed, std::string_view(a.path)) < std::pair(a.compressed, std::string_view(b.path));
    });
    files.resize(std::min(files.size(), kLargest));
}

DirectorySize sorted(std::string name, Node& node) {
    keep_largest(node.files);
    DirectorySize directory{.name = std::move(name), .size = node.size, .largest = std::move(node.files)};
    for (auto& [child_name, child] : node.children) { directory.children.push_back(sorted(child_name, child)); }
    std::ranges::sort(directory.children, LargestFirst());
    return directory;
}

DirectorySize directories_of(const Listing& listing) {
    Node top;
    for (const auto& entry : listing.entries) {
        if (entry.kind == Kind::directory) { continue; }
        const Size size{.installed = entry.size, .compressed = entry.stored, .files = 1};
        auto* node = &top;
        node->size += size;
        const std::string_view path = entry.path;
        for (std::size_t begin = 1, end = path.find('/', 1); end != std::string_view::npos;
             begin = end + 1, end = path.find('/', begin)) {
            node = &node->children[std::string(path.substr(begin, end - begin))];
            node->size += size;
        }
        if (entry.stored > 0) { node->files.push_back({entry.path, entry.size, entry.stored}); }
    }
    return sorted("/", top);
}

std::vector<PackageSize> packages_of(const Listing& listing, const std::vector<std::string>& owner,
                                     const Packages& packages) {
    std::map<std::string, PackageSize> by_name;
    for (const auto& [name, package] : packages) {
        by_name[name] = {.name = name, .version = package.version, .section = package.section};
    }
    for (std::size_t i = 0; i < listing.entries.size(); ++i) {
        const auto& entry = listing.entries[i];
        if (owner[i].empty()) { continue; }
        auto& package = by_name[owner[i]];
        package.name = owner[i];
        package.size += {.installed = entry.size, .compressed = entry.stored, .files = 1};
        if (entry.size > 0) { package.largest.push_back({entry.path, entry.size, entry.stored}); }
    }
    const auto why = reasons(packages, listing.content("/var/lib/apt/extended_states"));
    std::vector<PackageSize> all;
    for (auto& [name, package] : by_name) {
        keep_largest(package.largest);
        if (const auto found = why.find(name); found != why.end()) { package.why = found->second; }
        all.push_back(std::move(package));
    }
    std::ranges::sort(all, LargestFirst());
    return all;
}

std::string kernel_of(const Listing& listing) {
    // A squashfs has its kernel beside it, and the modules inside.
    for (const std::string_view prefix : {"/boot/vmlinuz-", "/usr/lib/modules/"}) {
        for (const auto& entry : listing.entries) {
            if (!entry.path.starts_with(prefix) || entry.path.size() == prefix.size()) { continue; }
            const auto version = entry.path.substr(prefix.size());
            return version.substr(0, version.find('/'));
        }
    }
    return {};
}

std::string pretty_name(std::string_view os_release) {
    for (const auto& line : text::lines(os_release)) {
        constexpr std::string_view kKey = "PRETTY_NAME=";
        if (line.starts_with(kKey)) { return text::replace_all(line.substr(kKey.size()), "\"", ""); }
    }
    return {};
}

} // namespace

Size& Size::operator+=(const Size& other) {
    installed += other.installed;
    compressed += other.compressed;
    files += other.files;
    return *this;
}

Report make_report(const Image& image, std::string_view named) {
    const auto& listing = image.listing;
    const auto packages = parse_status(listing.content("/var/lib/dpkg/status"));
    const auto owner = owners(listing);
    Report report{.image = std::string(named),
                  .role = std::string(text::trim(listing.content("/usr/lib/ingot/role"))),
                  .system = pretty_name(listing.content("/usr/lib/os-release")),
                  .kernel = kernel_of(listing),
                  .packed_as = listing.packed_as,
                  .root_file = image.root_file.filename().string(),
                  .image_size = listing.image_size,
                  .package_count = packages.size(),
                  .packages = packages_of(listing, owner, packages),
                  .directories = directories_of(listing),
                  .units = find_units(listing),
                  .users = find_users(listing.content("/etc/passwd"), listing.content("/etc/shadow")),
                  .privileged = find_privileged(listing, owner)};
    report.size = report.directories.size;
    report.listeners = find_listeners(listing, report.units);
    if (const auto agent = packages.find("ingot-agent"); agent != packages.end()) {
        report.agent_version = agent->second.version;
    }
    if (const auto libc = packages.find("libc6"); libc != packages.end()) {
        report.architecture = libc->second.architecture;
    }
    if (image.manifest) {
        report.role = image.manifest->role;
        report.architecture = image.manifest->architecture;
        report.date = clock::to_rfc3339(clock::WallTime{std::chrono::seconds(image.manifest->date)});
        report.git_revision = image.manifest->git_revision;
        report.files = image.manifest->files;
    }
    return report;
}

} // namespace ingot::builder::inspect
