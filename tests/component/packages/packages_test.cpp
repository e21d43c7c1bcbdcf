// Both packages on a Debian that has nothing else: apt finds what they depend on, and the programs run.
#include <filesystem>

#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/files/files.hpp"
#include "common/process/process.hpp"
#include "common/text/text.hpp"

namespace ingot::tests {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

process::Output run(const std::vector<std::string>& argv) {
    process::PosixProcesses processes;
    const auto output = processes.run(
        {.argv = argv, .environment = {{"DEBIAN_FRONTEND", "noninteractive"}}, .timeout = std::chrono::minutes(8)});
    return output ? *output : process::Output{.exit_code = 255, .err = output.error().to_string()};
}

/// Where this machine's own apt takes Debian from.
std::string mirror() {
    const auto listed = run({"apt-get", "indextargets", "--format", "$(REPO_URI)"});
    for (const auto& line : text::lines(listed.out)) {
        if (line.find("security") == std::string::npos) { return line; }
    }
    return {};
}

class Packages : public testing::TestWithParam<const char*> {};

TEST_P(Packages, InstallAndRunOnACleanDebian) {
    if (::geteuid() != 0) { GTEST_SKIP() << "needs root for a root of its own"; }
    const std::string suite = GetParam();
    const auto folder = *files::TempDir::create("ingot-packages-");
    const auto root = folder.path() / "root";
    const auto made = run({"mmdebstrap", "--mode=root", "--variant=apt", "--aptopt=APT::Install-Recommends \"false\"",
                           "--dpkgopt=force-unsafe-io",
                           "--customize-hook=copy-in " + std::string(INGOT_DEB) + " " + INGOT_AGENT_DEB + " /tmp",
                           "--customize-hook=chroot \"$1\" sh -c 'apt-get -y install /tmp/*.deb'",
                           "--skip=cleanup/apt", suite, root.string(), mirror()});
    ASSERT_EQ(made.exit_code, 0) << made.err;

    // In a mount namespace of its own, so that nothing stays mounted; with this machine's way to its mirror.
    std::error_code ignored;
    fs::copy_file("/etc/resolv.conf", root / "etc/resolv.conf", fs::copy_options::overwrite_existing, ignored);
    const auto inside = [&](const std::string& script) {
        return run(
            {"unshare", "--mount", "--propagation", "private", "sh", "-c",
             "mount -t proc proc \"$1/proc\" && mount --rbind /dev \"$1/dev\" && exec chroot \"$1\" sh -c \"$2\"",
             "sh", root.string(), script});
    };
    const auto version = inside("ingot --version; ingot-agent version");
    EXPECT_EQ(version.exit_code, 0) << version.err;
    EXPECT_THAT(version.out, testing::MatchesRegex("ingot [0-9.]+\ningot-agent [0-9.]+\n"));
    EXPECT_THAT(inside("ldd /usr/bin/ingot /usr/bin/ingot-agent").out, testing::Not(HasSubstr("not found")));
    EXPECT_EQ(inside("dpkg --audit").out, "");

    const auto explained = inside("cd /tmp && ingot build db --explain");
    EXPECT_EQ(explained.exit_code, 0) << explained.err;
    EXPECT_THAT(explained.out, HasSubstr("image db"));

    const auto completed =
        inside("bash -c 'source /usr/share/bash-completion/completions/ingot; COMP_WORDS=(ingot upload \"\"); "
               "COMP_CWORD=2; _ingot; echo ${COMPREPLY[*]}'");
    EXPECT_THAT(completed.out, HasSubstr("hetzner"));
    for (const auto* file :
         {"usr/share/man/man1/ingot.1.gz", "usr/share/man/man8/ingot-agent.8.gz",
          "usr/share/zsh/vendor-completions/_ingot", "usr/share/fish/vendor_completions.d/ingot-agent.fish"}) {
        EXPECT_TRUE(files::exists(root / file)) << file;
    }
    for (const auto* page : {"man1/ingot.1.gz", "man8/ingot-agent.8.gz"}) {
        const auto lint =
            run({"sh", "-c",
                 text::format("zcat {} | mandoc -T lint -W warning", (root / "usr/share/man" / page).string())});
        EXPECT_EQ(lint.exit_code, 0) << lint.out;
    }

    const auto removed = inside("apt-get -y purge ingot ingot-agent");
    EXPECT_EQ(removed.exit_code, 0) << removed.err;
}

INSTANTIATE_TEST_SUITE_P(Debian, Packages, testing::Values("bookworm", "trixie"),
                         [](const auto& suite) { return std::string(suite.param); });

} // namespace
} // namespace ingot::tests
