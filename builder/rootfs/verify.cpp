#include "builder/rootfs/verify.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <system_error>

#include "builder/rootfs/hygiene.hpp"
#include "builder/rootfs/isolation.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::rootfs {

namespace {

namespace fs = std::filesystem;

/// Anything below these means that a daemon came to life during the build.
constexpr std::array kMustBeEmpty = {"var/lib/etcd", "var/lib/ingot-etcd", "var/lib/pgbackrest/archive",
                                     "var/lib/pgbackrest/backup"};

std::vector<std::string> initialised(const fs::path& root) {
    std::vector<std::string> found;
    for (const auto* folder : kMustBeEmpty) {
        const auto names = files::list(root / folder);
        if (names && !names->empty()) { found.push_back(text::format("/{} has data in it", folder)); }
    }
    // /var/lib/postgresql/<version>/<cluster>
    std::error_code problem;
    for (fs::recursive_directory_iterator at(root / "var/lib/postgresql", problem), end; !problem && at != end;
         at.increment(problem)) {
        if (at->path().filename() == "PG_VERSION") {
            found.push_back("/" + at->path().lexically_relative(root).string() + " is a database cluster");
            at.disable_recursion_pending();
        }
    }
    if (const auto names = files::list(root / "etc/ssh")) {
        for (const auto& name : *names) {
            if (hygiene_of("/etc/ssh/" + name) != Hygiene::keep) {
                found.push_back("/etc/ssh/" + name + " is a host key");
            }
        }
    }
    return found;
}

} // namespace

std::vector<std::string> compare_installed(std::string_view listed, const packages::PackageSet& wanted,
                                           std::string_view own) {
    std::vector<std::string> differences;
    std::map<std::string, std::string, std::less<>> installed;
    for (const auto& line : text::lines(listed)) {
        const auto words = text::split(line, ' ');
        if (words.size() != 3) { continue; }
        if (words[2] != "installed") { differences.push_back(text::format("{} is {}", words[0], words[2])); }
        if (words[0] != own) { installed.emplace(words[0], words[1]); }
    }
    for (const auto& package : wanted) {
        const auto found = installed.find(package.name);
        if (found == installed.end()) {
            differences.push_back(package.name + " is not installed");
        } else if (found->second != package.version) {
            differences.push_back(text::format("{} is {}, not {}", package.name, found->second, package.version));
        }
    }
    for (const auto& [name, version] : installed) {
        if (!std::ranges::binary_search(wanted, name, {}, &packages::Package::name)) {
            differences.push_back(text::format("{} {} is installed, but nothing asked for it", name, version));
        }
    }
    return differences;
}

Status verify_image(process::Processes& processes, const fs::path& root, const packages::PackageSet& wanted,
                    std::string_view own, std::int64_t image_time) {
    auto faults = initialised(root);
    INGOT_ASSIGN(const auto audit, processes.run(inside(root, {"dpkg", "--audit"}, image_time)),
                 "running dpkg --audit");
    if (audit.exit_code != 0 || !text::trim(audit.out).empty()) {
        faults.push_back("dpkg --audit says: " + std::string(text::trim(audit.out + audit.err)));
    }
    INGOT_ASSIGN(const auto list,
                 run_checked(processes, inside(root,
                                               {"dpkg-query", "--show", "--showformat",
                                                "${Package} ${Version} ${db:Status-Status}\\n"},
                                               image_time)),
                 "listing the installed packages");
    for (auto& difference : compare_installed(list.out, wanted, own)) { faults.push_back(std::move(difference)); }
    if (faults.empty()) { return {}; }
    return fail(ErrorKind::tool_failed, "the tree is not as it should be: " + text::join(faults, "; "));
}

} // namespace ingot::builder::rootfs
