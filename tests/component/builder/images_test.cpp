// Looks into the three images: nothing has been initialised, nothing of the build machine is in them, dpkg is content
// and every library of the agent is found by the image's own loader.
#include <algorithm>
#include <map>
#include <set>

#include <fnmatch.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "builder/artefacts/manifest.hpp"
#include "common/crypto/crypto.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"
#include "tests/component/builder/images.hpp"

namespace ingot::tests {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

class Image : public testing::TestWithParam<const char*> {
  protected:
    void SetUp() override {
        if (const auto reason = why_not(); !reason.empty()) { GTEST_SKIP() << reason; }
        folder_ = images_folder() / GetParam();
        auto manifest = builder::artefacts::parse_manifest(*files::read(folder_ / "manifest.json"));
        ASSERT_TRUE(manifest) << manifest.error().to_string();
        manifest_ = *std::move(manifest);
    }
    /// Makes root_ the unpacked squashfs; unpacked once for all tests of a role.
    void unpack() {
        static std::map<std::string, files::TempDir> trees;
        auto known = trees.find(GetParam());
        if (known == trees.end()) {
            auto folder = files::TempDir::create("ingot-image-");
            ASSERT_TRUE(folder);
            const auto unpacked = run({"unsquashfs", "-quiet", "-no-progress", "-d",
                                       (folder->path() / "root").string(), (folder_ / "root.squashfs").string()});
            ASSERT_EQ(unpacked.exit_code, 0) << unpacked.out;
            known = trees.emplace(GetParam(), *std::move(folder)).first;
        }
        root_ = known->second.path() / "root";
    }
    process::Output inside(std::vector<std::string> argv) {
        argv.insert(argv.begin(), {"unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc",
                                   "--root=" + root_.string(), "--wd=/"});
        auto output = run(std::move(argv));
        // There is no device in this tree: what a program wrote to /dev/null became a file.
        EXPECT_TRUE(files::remove_tree(root_ / "dev/null"));
        return output;
    }
    struct PathRule {
        bool leaves_out;
        std::string pattern;
    };
    /// What dpkg in this image is told to leave out, in the order in which it reads it.
    std::vector<PathRule> path_rules() {
        std::vector<PathRule> rules;
        const auto folder = root_ / "etc/dpkg/dpkg.cfg.d";
        const auto names = files::list(folder).value_or(std::vector<std::string>());
        for (const auto& name : names) {
            const auto content = files::read(folder / name).value_or("");
            for (const auto& line : text::lines(content)) {
                for (const std::string_view word : {"path-exclude=", "path-include="}) {
                    if (line.starts_with(word)) {
                        rules.push_back({word == "path-exclude=", line.substr(word.size())});
                    }
                }
            }
        }
        return rules;
    }
    /// The last rule that fits counts.
    static bool is_left_out(const std::vector<PathRule>& rules, const std::string& path) {
        bool left_out = false;
        for (const auto& rule : rules) {
            if (::fnmatch(rule.pattern.c_str(), path.c_str(), 0) == 0) { left_out = rule.leaves_out; }
        }
        return left_out;
    }
    bool has(std::string_view path) { return files::exists(root_ / path); }
    bool is_empty_folder(std::string_view path) {
        const auto names = files::list(root_ / path);
        return !names || names->empty();
    }

    fs::path folder_;
    builder::artefacts::Manifest manifest_;
    fs::path root_;
};

INSTANTIATE_TEST_SUITE_P(Roles, Image, testing::ValuesIn(kRoles), [](const auto& test) { return test.param; });

TEST_P(Image, HasAManifestThatKnowsItsFiles) {
    EXPECT_EQ(manifest_.role, GetParam());
    EXPECT_FALSE(manifest_.packages.empty());
    EXPECT_FALSE(manifest_.agent_version.empty());
    ASSERT_EQ(manifest_.files.size(), 3U) << "squashfs, tar and the bill of materials";
    for (const auto& file : manifest_.files) {
        EXPECT_EQ(fs::file_size(folder_ / file.name), file.size) << file.name;
        EXPECT_EQ(*crypto::sha256_file(folder_ / file.name), file.sha256) << file.name;
    }
}

TEST_P(Image, HoldsTheSameFilesAsTarAndAsSquashfs) {
    const auto names = [](const std::string& listing, std::string_view prefix) {
        std::vector<std::string> lines;
        for (const auto& line : text::lines(listing)) {
            auto name = line.starts_with(prefix) ? line.substr(prefix.size()) : line;
            while (name.ends_with('/')) { name.pop_back(); }
            if (name.starts_with("./")) { name.erase(0, 2); }
            // Who boots a squashfs has the kernel beside it.
            if (name.starts_with("boot/vmlinuz-") || name.starts_with("boot/initrd.img-")) { continue; }
            if (!name.empty() && name != ".") { lines.push_back(std::move(name)); }
        }
        std::ranges::sort(lines);
        return lines;
    };
    const auto tar = run({"tar", "--list", "--file", (folder_ / "root.tar.zst").string()});
    ASSERT_EQ(tar.exit_code, 0) << tar.out;
    const auto squashfs = run({"unsquashfs", "-l", "-d", "", (folder_ / "root.squashfs").string()});
    ASSERT_EQ(squashfs.exit_code, 0) << squashfs.out;
    const auto in_tar = names(tar.out, "");
    const auto in_squashfs = names(squashfs.out, "/");
    std::vector<std::string> different;
    std::ranges::set_symmetric_difference(in_tar, in_squashfs, std::back_inserter(different));
    EXPECT_TRUE(different.empty()) << text::join(different, "\n");
    EXPECT_GT(in_tar.size(), 1000U);
}

TEST_P(Image, IsInOrderForDpkgAndApt) {
    ASSERT_NO_FATAL_FAILURE(unpack());
    const auto audit = inside({"dpkg", "--audit"});
    EXPECT_EQ(audit.exit_code, 0);
    EXPECT_EQ(audit.out, "");
    EXPECT_EQ(inside({"apt-get", "check"}).exit_code, 0);
    // dpkg --verify prints one line per file that is not as the package had it.
    const auto verified = inside({"dpkg", "--verify"});
    const auto rules = path_rules();
    EXPECT_FALSE(rules.empty());
    for (const auto& line : text::lines(verified.out)) {
        const auto path = line.substr(std::min(line.size(), line.find('/')));
        const bool trimmed = line.starts_with("missing") && is_left_out(rules, path);
        const bool kernel = line.starts_with("missing") && line.find(" /boot/vmlinuz-") != std::string::npos;
        const bool conffile = line.find(" c /etc/") != std::string::npos;
        EXPECT_TRUE(trimmed || kernel || conffile) << line;
    }
}

TEST_P(Image, HasEveryModuleThatItsModulesNeed) {
    ASSERT_NO_FATAL_FAILURE(unpack());
    std::set<std::string, std::less<>> names;
    std::vector<std::string> argv = {"modinfo", "--field", "depends"};
    std::error_code problem;
    for (fs::recursive_directory_iterator at(root_ / "usr/lib/modules", problem), end; at != end;
         at.increment(problem)) {
        const auto name = at->path().filename().string();
        if (name == "modules.builtin") { // those are in the kernel itself
            const auto content = files::read(at->path()).value_or("");
            for (const auto& line : text::lines(content)) {
                names.insert(text::replace_all(fs::path(line).stem().string(), "-", "_"));
            }
        }
        const auto ending = name.find(".ko");
        if (ending == std::string::npos) { continue; }
        names.insert(text::replace_all(name.substr(0, ending), "-", "_"));
        argv.push_back("/" + at->path().lexically_relative(root_).string());
    }
    for (const auto* needed : {"virtio_net", "virtio_blk", "nvme", "ahci", "xfs", "vfat", "isofs", "nfs", "dm_mod",
                               "raid1", "nf_tables", "squashfs", "overlay", "hv_netvsc"}) {
        EXPECT_TRUE(names.contains(needed)) << needed;
    }
    const auto depends = inside(argv);
    ASSERT_EQ(depends.exit_code, 0) << depends.out.substr(0, 500);
    for (const auto& line : text::lines(depends.out)) {
        for (const auto& name : text::split(line, ',')) {
            EXPECT_TRUE(name.empty() || names.contains(text::replace_all(name, "-", "_"))) << name;
        }
    }
}

TEST_P(Image, IsAsSmallAsWasAimedFor) {
    const std::uint64_t limit = std::string_view(GetParam()) == "db" ? 150'000'000 : 90'000'000;
    EXPECT_LE(fs::file_size(folder_ / "root.squashfs"), limit);
}

TEST_P(Image, HasNothingInitialised) {
    ASSERT_NO_FATAL_FAILURE(unpack());
    for (const auto* folder :
         {"var/lib/etcd", "var/lib/ingot-etcd", "etc/postgresql", "run", "tmp", "dev", "proc", "sys"}) {
        EXPECT_TRUE(is_empty_folder(folder)) << folder;
    }
    std::error_code problem;
    for (fs::recursive_directory_iterator at(root_ / "var", problem), end; at != end; at.increment(problem)) {
        EXPECT_NE(at->path().filename(), "PG_VERSION") << at->path();
        EXPECT_NE(at->path().extension(), ".wal") << at->path();
    }
    for (const auto* unit :
         {"etcd.service", "postgresql.service", "patroni.service", "haproxy.service", "pgbouncer.service"}) {
        const auto state = inside({"systemctl", "is-enabled", unit});
        const auto word = std::string(text::trim(state.out));
        EXPECT_TRUE(state.exit_code != 0 &&
                    (word == "masked" || word == "disabled" || word.find("No such file") != std::string::npos ||
                     word == "not-found" || word.find("Failed to get unit") != std::string::npos))
            << unit << " is " << word;
    }
}

TEST_P(Image, KnowsNothingOfTheBuildMachine) {
    ASSERT_NO_FATAL_FAILURE(unpack());
    EXPECT_EQ(*files::read(root_ / "etc/machine-id"), "");
    EXPECT_FALSE(has("etc/hostname"));
    EXPECT_FALSE(has("var/lib/dbus/machine-id"));
    EXPECT_FALSE(has("usr/sbin/policy-rc.d"));
    EXPECT_FALSE(has("etc/ssl/private/ssl-cert-snakeoil.key"));
    EXPECT_TRUE(fs::is_symlink(root_ / "etc/resolv.conf"));
    const auto ssh = *files::list(root_ / "etc/ssh");
    EXPECT_TRUE(std::ranges::none_of(ssh, [](const auto& name) { return name.starts_with("ssh_host_"); }));
    EXPECT_EQ(*files::read(root_ / "usr/lib/ingot/role"), std::string(GetParam()) + "\n");
}

TEST_P(Image, ResolvesEveryLibraryOfTheAgent) {
    ASSERT_NO_FATAL_FAILURE(unpack());
    const auto listed = inside({"dpkg-query", "--listfiles", "ingot-agent"});
    ASSERT_EQ(listed.exit_code, 0) << listed.out;
    int objects = 0;
    for (const auto& file : text::lines(listed.out)) {
        const auto path = root_ / file.substr(1);
        if (!fs::is_regular_file(fs::symlink_status(path))) { continue; }
        const auto content = files::read(path, std::uint64_t{1} << 30U);
        if (!content || !content->starts_with("\x7f"
                                              "ELF")) {
            continue;
        }
        ++objects;
        const auto resolved = inside({"/lib64/ld-linux-x86-64.so.2", "--list", file});
        EXPECT_EQ(resolved.exit_code, 0) << file << ": " << resolved.out;
        EXPECT_THAT(resolved.out, Not(HasSubstr("not found"))) << file;
        EXPECT_THAT(resolved.out, HasSubstr("libc.so.6")) << file;
    }
    EXPECT_GE(objects, 1);
    const auto help = inside({"/usr/bin/ingot-agent", "--help"});
    EXPECT_EQ(help.exit_code, 0) << help.out;
}

} // namespace
} // namespace ingot::tests
