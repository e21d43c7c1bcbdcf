#include "builder/rootfs/hygiene.hpp"

#include <array>
#include <string>
#include <system_error>
#include <vector>

#include <fnmatch.h>

#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::rootfs {

namespace {

namespace fs = std::filesystem;

struct Rule {
    const char* pattern; ///< "*" does not match a "/"
    Hygiene verdict;
};

// The first rule that fits decides.
constexpr auto kRemove = Hygiene::remove;

constexpr std::array kRules = {
    // The machine's identity: each node makes its own. Empty, machine-id is made at boot without "first boot"
    // presets.
    Rule{"/etc/machine-id", Hygiene::empty},
    Rule{"/var/lib/dbus/machine-id", kRemove},
    Rule{"/etc/ssh/ssh_host_*", kRemove},
    Rule{"/etc/hostname", kRemove},
    Rule{"/var/lib/systemd/random-seed", kRemove},
    Rule{"/var/lib/systemd/credential.secret", kRemove},
    Rule{"/etc/nvme/hostnqn", kRemove},
    Rule{"/etc/nvme/hostid", kRemove},
    // A key that everybody who has the image would have.
    Rule{"/etc/ssl/certs/ssl-cert-snakeoil.pem", kRemove},
    Rule{"/etc/ssl/private/ssl-cert-snakeoil.key", kRemove},
    // Logs; the folders stay, daemons expect theirs.
    Rule{"/var/log/*.log", kRemove},
    Rule{"/var/log/*.gz", kRemove},
    Rule{"/var/log/*.xz", kRemove},
    Rule{"/var/log/wtmp*", kRemove},
    Rule{"/var/log/btmp*", kRemove},
    Rule{"/var/log/lastlog", kRemove},
    Rule{"/var/log/faillog", kRemove},
    Rule{"/var/log/apt/*", kRemove},
    Rule{"/var/log/journal/*", kRemove},
    Rule{"/var/log/postgresql/*", kRemove},
    Rule{"/var/log/README", kRemove}, // a link into the documentation that is left out
    // Indexes and caches that age, and back-up copies of databases; apt wants its folders.
    Rule{"/var/lib/apt/lists/partial", Hygiene::keep},
    Rule{"/var/cache/apt/archives/partial", Hygiene::keep},
    Rule{"/var/lib/apt/lists/*", kRemove},
    Rule{"/var/cache/apt/*.bin", kRemove},
    Rule{"/var/cache/apt/archives/*", kRemove},
    Rule{"/var/cache/ldconfig/*", kRemove},
    Rule{"/var/cache/man/*", kRemove},
    Rule{"/var/cache/debconf/*-old", kRemove},
    Rule{"/var/lib/dpkg/*-old", kRemove},
    Rule{"/var/lib/dpkg/lock*", kRemove},
    Rule{"/var/lib/dpkg/triggers/Lock", kRemove},
    Rule{"/var/lib/ucf/*.[0-9]", kRemove},
    Rule{"/var/backups/*", kRemove},
    Rule{"/etc/passwd-", kRemove},
    Rule{"/etc/group-", kRemove},
    Rule{"/etc/shadow-", kRemove},
    Rule{"/etc/gshadow-", kRemove},
    Rule{"/etc/subuid-", kRemove},
    Rule{"/etc/subgid-", kRemove},
    Rule{"/etc/.pwd.lock", kRemove},
    Rule{"/etc/apt/apt.conf.d/01autoremove-kernels", kRemove},
    Rule{"/root/.bash_history", kRemove},
    Rule{"/var/tmp/*", kRemove},
    // Ours, while packages were configured.
    Rule{"/usr/sbin/policy-rc.d", kRemove},
};

/// Links that lead to something that is gone now, in the one folder where packages put hashes of names.
Status remove_dangling_certificates(const fs::path& root) {
    const auto folder = root / "etc/ssl/certs";
    if (!files::exists(folder)) { return {}; }
    INGOT_ASSIGN(const auto names, files::list(folder), "");
    for (const auto& name : names) {
        std::error_code problem;
        const auto link = folder / name;
        if (!fs::is_symlink(link, problem)) { continue; }
        if (fs::read_symlink(link, problem) == "ssl-cert-snakeoil.pem") { INGOT_TRY(files::remove_tree(link), ""); }
    }
    return {};
}

Status settle_debconf(const fs::path& root) {
    const auto path = root / "var/cache/debconf/config.dat";
    INGOT_ASSIGN(const auto answers, files::read_if_exists(path), "");
    if (!answers) { return {}; }
    const auto settled = without_temporary_names(*answers);
    return settled == *answers ? Status{} : files::write(path, settled);
}

} // namespace

std::string without_temporary_names(std::string_view answers) {
    std::string settled;
    for (const auto& line : text::lines(answers)) {
        if (!line.starts_with(" NEW = /tmp/")) { settled += line + "\n"; }
    }
    return settled;
}

Hygiene hygiene_of(std::string_view path) {
    const std::string text(path);
    for (const auto& rule : kRules) {
        if (::fnmatch(rule.pattern, text.c_str(), FNM_PATHNAME) == 0) { return rule.verdict; }
    }
    return Hygiene::keep;
}

Status clean_tree(const fs::path& root) {
    std::vector<std::pair<fs::path, Hygiene>> verdicts;
    // Only these hold anything the rules speak of; /usr is large.
    for (const auto* top : {"etc", "var", "root", "usr/sbin"}) {
        std::error_code problem;
        for (fs::recursive_directory_iterator at(root / top, problem), end; !problem && at != end;
             at.increment(problem)) {
            const auto verdict = hygiene_of("/" + at->path().lexically_relative(root).string());
            if (verdict == Hygiene::keep) { continue; }
            verdicts.emplace_back(at->path(), verdict);
            if (at->is_directory() && !at->is_symlink()) { at.disable_recursion_pending(); }
        }
        if (problem && problem != std::errc::no_such_file_or_directory) {
            return fail_errno(problem.value(), "cleaning the tree");
        }
    }
    for (const auto& [path, verdict] : verdicts) {
        if (verdict == Hygiene::remove) {
            INGOT_TRY(files::remove_tree(path), "cleaning the tree");
        } else {
            INGOT_TRY(files::write(path, "", {.mode = 0444}), "cleaning the tree");
        }
    }
    INGOT_TRY(settle_debconf(root), "cleaning debconf's answers");
    return remove_dangling_certificates(root);
}

} // namespace ingot::builder::rootfs
