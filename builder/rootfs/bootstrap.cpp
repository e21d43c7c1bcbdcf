#include "builder/rootfs/bootstrap.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>

#include <fcntl.h>
#include <fnmatch.h>
#include <sys/stat.h>

#include "builder/rootfs/isolation.hpp"
#include "builder/rootfs/working_root.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::rootfs {

namespace {

namespace fs = std::filesystem;

/// dpkg options of the build. The image's own dpkg asks and syncs as ever.
constexpr std::array kDpkgOptions = {"--force-unsafe-io", "--force-confdef", "--force-confold"};

/// Since trixie, base-files brings these; before, whoever bootstraps has to.
Status merge_usr(const fs::path& root) {
    for (const auto* name : {"bin", "sbin", "lib", "lib64"}) {
        INGOT_TRY(files::make_directory(root / "usr" / name), "preparing the tree");
        std::error_code problem;
        fs::create_symlink(fs::path("usr") / name, root / name, problem);
        if (problem) { return fail_errno(problem.value(), "preparing the tree"); }
    }
    return {};
}

/// Several packages bring the same folder, each with a date of its own, and the last one unpacked wins: which one
/// that is differs from build to build when they are unpacked at the same time. So folders have the image's date.
Status date_directories(const fs::path& root, std::int64_t image_time) {
    const timespec date = {.tv_sec = image_time, .tv_nsec = 0};
    const std::array<timespec, 2> times = {date, date};
    std::error_code problem;
    fs::recursive_directory_iterator entry(root, problem);
    for (const fs::recursive_directory_iterator end; !problem && entry != end; entry.increment(problem)) {
        if (entry->is_symlink() || !entry->is_directory()) { continue; }
        if (::utimensat(AT_FDCWD, entry->path().c_str(), times.data(), 0) != 0) {
            return fail_errno(errno, "dating " + entry->path().string());
        }
    }
    if (problem) { return fail_errno(problem.value(), "dating the folders of " + root.string()); }
    return {};
}

/// Removes what is left out from a tree that was made without dpkg.
Status remove_trimmed(const fs::path& root, const spec::Trim& trim) {
    std::vector<fs::path> found;
    std::error_code problem;
    for (fs::recursive_directory_iterator at(root / "usr", problem), end; !problem && at != end;
         at.increment(problem)) {
        if (is_left_out("/" + at->path().lexically_relative(root).string(), trim)) { found.push_back(at->path()); }
    }
    if (problem) { return fail_errno(problem.value(), "looking for what is left out"); }
    for (auto path = found.rbegin(); path != found.rend(); ++path) { // what is in a folder before the folder
        if (fs::is_directory(fs::symlink_status(*path, problem)) && !fs::is_empty(*path, problem)) { continue; }
        fs::remove(*path, problem);
        if (problem) { return fail_errno(problem.value(), "leaving out " + path->string()); }
    }
    return {};
}

/// Unpacks without dpkg's database, as many at once as there are processors.
Status extract(process::Processes& processes, const fs::path& root, const packages::PackageSet& set,
               const spec::Trim& trim, std::int64_t image_time) {
    std::atomic<std::size_t> next = 0;
    std::mutex mutex;
    std::optional<Error> failure;
    const auto work = [&] {
        for (std::size_t index = next++; index < set.size(); index = next++) {
            const auto deb = root / (WorkingRoot::kDebs + 1) / set[index].file_name();
            auto done = run_checked(processes, {.argv = {"dpkg-deb", "--extract", deb.string(), root.string()}});
            if (done) { continue; }
            const std::lock_guard lock(mutex);
            failure = std::move(done).error().with_context("extracting " + set[index].name);
        }
    };
    {
        std::vector<std::jthread> threads;
        for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i) {
            threads.emplace_back(work);
        }
    }
    if (failure) { return *std::move(failure); }
    // What dpkg will leave out has been extracted too; what it keeps, it unpacks again.
    INGOT_TRY(remove_trimmed(root, trim), "");
    return date_directories(root, image_time);
}

/// Counts dpkg's lines: each package is unpacked, then set up.
std::function<void(std::string_view)> counter(std::size_t packages, const std::string& phase, const Report& report) {
    return [packages, phase, &report, done = std::size_t{0}](std::string_view line) mutable {
        if (!line.starts_with("Unpacking ") && !line.starts_with("Setting up ")) { return; }
        ++done;
        report(phase, text::format("{}%", std::min<std::size_t>(100, done * 100 / (2 * packages))));
    };
}

Status start_database(const fs::path& root) {
    for (const auto* name : {"status", "available"}) {
        INGOT_TRY(files::write(root / "var/lib/dpkg" / name, ""), "preparing dpkg's database");
    }
    return {};
}

Status install_essential(process::Processes& processes, const fs::path& root, const packages::PackageSet& set,
                         const spec::Trim& trim, std::int64_t image_time, const Report& report) {
    const auto phase = text::format("installing {} essential packages", set.size());
    report(phase, "");
    INGOT_TRY(extract(processes, root, set, trim, image_time), "");
    INGOT_TRY(start_database(root), "");
    // In whatever order: everything that a script could need is there already.
    std::vector<std::string> argv = {"dpkg", "--install", "--force-depends"};
    argv.insert(argv.end(), kDpkgOptions.begin(), kDpkgOptions.end());
    for (const auto& package : set) { argv.push_back((fs::path(WorkingRoot::kDebs) / package.file_name()).string()); }
    auto command = inside(root, std::move(argv), image_time);
    command.on_line = counter(set.size(), phase, report);
    INGOT_TRY(run_checked(processes, command), "installing the essential packages");
    return {};
}

Status install_rest(process::Processes& processes, const fs::path& root, const packages::PackageSet& set,
                    std::int64_t image_time, const fs::path& scratch, const Report& report) {
    const auto phase = text::format("installing {} packages", set.size());
    report(phase, "");
    for (const auto* name : {"none", "lists/partial", "archives/partial"}) {
        INGOT_TRY(files::make_directory(scratch / name), "");
    }
    std::vector<std::string> argv = {"apt-get", "-q", "-y", "--no-remove", "install"};
    const auto option = [&](const std::string& setting) {
        argv.emplace_back("-o");
        argv.push_back(setting);
    };
    const auto none = (scratch / "none").string();
    option("Dir::Etc=" + none);
    for (const auto* key : {"main", "sourcelist", "preferences", "trusted"}) {
        option(text::format("Dir::Etc::{}=/dev/null", key));
    }
    for (const auto* key : {"parts", "sourceparts", "preferencesparts", "trustedparts"}) {
        option(text::format("Dir::Etc::{}={}", key, none));
    }
    option("Dir::State=" + scratch.string());
    option("Dir::State::lists=" + (scratch / "lists").string());
    option("Dir::State::status=" + (root / "var/lib/dpkg/status").string());
    option("Dir::State::extended_states=" + (scratch / "extended_states").string());
    option("Dir::Cache=" + scratch.string());
    option("Dir::Cache::archives=" + (scratch / "archives").string());
    option("Dir::Cache::pkgcache=");
    option("Dir::Cache::srcpkgcache=");
    option("Dir::Log=/dev/null");
    option("APT::Install-Recommends=false");
    option("APT::Sandbox::User=root");
    option("APT::Immediate-Configure=off");
    option("Debug::NoLocking=true");
    option("DPkg::Chroot-Directory=" + root.string());
    option("DPkg::Use-Pty=false");
    option("DPkg::Install::Recursive::Minimum=1000");
    for (const auto* dpkg_option : kDpkgOptions) { option(std::string("DPkg::Options::=") + dpkg_option); }
    for (const auto& package : set) {
        argv.push_back((root / (WorkingRoot::kDebs + 1) / package.file_name()).string());
    }
    auto command = around(root, std::move(argv), image_time);
    // Parts are read before the command line counts: this keeps the machine's own settings and hooks out.
    INGOT_TRY(files::write(scratch / "apt.conf",
                           text::format("Dir::Etc::main \"/dev/null\";\nDir::Etc::parts \"{}\";\n", none)),
              "");
    command.environment["APT_CONFIG"] = (scratch / "apt.conf").string();
    command.on_line = counter(set.size(), phase, report);
    INGOT_TRY(run_checked(processes, command), phase);
    return {};
}

constexpr std::string_view kPolicy = "#!/bin/sh\n# No service starts while an image is built.\nexit 101\n";

} // namespace

bool is_left_out(const std::string& path, const spec::Trim& trim) {
    const auto fits = [&](const std::string& pattern) { return ::fnmatch(pattern.c_str(), path.c_str(), 0) == 0; };
    return std::ranges::any_of(trim.drop, fits) && std::ranges::none_of(trim.keep, fits);
}

std::string render_trim(const spec::Trim& trim) {
    std::string text = "# What this image leaves out of packages; see roles/ of Ingot.\n";
    for (const auto& pattern : trim.drop) { text += text::format("path-exclude={}\n", pattern); }
    for (const auto& pattern : trim.keep) { text += text::format("path-include={}\n", pattern); }
    return text;
}

Status install_packages(process::Processes& processes, const fs::path& root, const PackageLayer& layer,
                        std::int64_t image_time, const fs::path& scratch, const Report& report) {
    const auto in_tree = [&](std::string_view path) { return root / path.substr(1); };
    const auto policy = in_tree("/usr/sbin/policy-rc.d");
    constexpr mode_t kExecutable = 0755;
    const auto prepare = [&]() -> Status {
        if (!layer.trim.drop.empty()) {
            INGOT_TRY(files::write(in_tree("/etc/dpkg/dpkg.cfg.d/ingot-" + layer.name), render_trim(layer.trim)), "");
        }
        for (const auto& file : layer.before) { INGOT_TRY(files::write(in_tree(file.path), file.content), ""); }
        return files::write(policy, kPolicy, {.mode = kExecutable});
    };
    auto rest = layer.packages;
    if (layer.essential.empty()) {
        INGOT_TRY(prepare(), "preparing the tree");
    } else {
        // The links of merged /usr have to be there before any folder below them is made.
        INGOT_TRY(merge_usr(root), "");
        INGOT_TRY(prepare(), "preparing the tree");
        INGOT_TRY(install_essential(processes, root, layer.essential, layer.trim, image_time, report), "");
        INGOT_ASSIGN(rest, packages::difference(layer.packages, layer.essential), "");
    }
    if (!rest.empty()) { INGOT_TRY(install_rest(processes, root, rest, image_time, scratch, report), ""); }
    INGOT_TRY(files::remove_file(policy), "");
    return {};
}

} // namespace ingot::builder::rootfs
