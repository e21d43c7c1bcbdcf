// A machine with an empty disk, a network with `ingot serve` in it, and nothing else: it is turned on, installs
// itself, restarts, and is what it is meant to be. Network and server are in a namespace of their own.
#include <cstdio>
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "common/crypto/crypto.hpp"
#include "common/files/files.hpp"
#include "common/process/background.hpp"
#include "common/process/process.hpp"
#include "common/text/text.hpp"
#include "tests/places/places.hpp"
#include "tests/vm/machine.hpp"

namespace ingot::tests {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

constexpr auto kPatience = 500s; ///< alone, the longest wait takes a minute
constexpr const char* kAtWork = "ingot: (ready|waiting: (?!.*(no metadata|private network)))";

fs::path images() {
    const char* folder = std::getenv("INGOT_VM_IMAGES");
    return folder == nullptr ? source_dir() / "build/vm-images" : fs::path(folder);
}

process::Output run(std::vector<std::string> argv) {
    process::PosixProcesses processes;
    auto output = processes.run({.argv = std::move(argv)});
    if (!output) { return {.exit_code = -1, .err = output.error().to_string()}; }
    return *std::move(output);
}

class BareMetal : public testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) { GTEST_SKIP() << "a network of one's own needs root"; }
        ASSERT_TRUE(fs::exists(images() / "proxy/install.img"))
            << "build it first: ingot build proxy --format raw.zst,netboot";
        folder_.emplace(*files::TempDir::create("ingot-metal-"));
        namespace_ = text::format("ingot-metal-{}", ::getpid());
        ASSERT_EQ(run({"ip", "netns", "add", namespace_}).exit_code, 0);
        for (const auto& words : {std::vector<std::string>{"link", "set", "lo", "up"},
                                  {"tuntap", "add", "tap0", "mode", "tap"},
                                  {"addr", "add", "10.0.0.1/24", "dev", "tap0"},
                                  {"link", "set", "tap0", "up"}}) {
            auto argv = inside({"ip"});
            argv.insert(argv.end(), words.begin(), words.end());
            ASSERT_EQ(run(argv).exit_code, 0) << words.front();
        }
        const auto cluster =
            run({INGOT_PROGRAM, "cluster", "init", "metal", "--directory", path("cluster").string()});
        ASSERT_EQ(cluster.exit_code, 0) << cluster.err;
        const auto user_data =
            run({INGOT_PROGRAM, "user-data", "proxy", "--cluster", path("cluster/cluster.yaml").string(), "--secrets",
                 path("cluster/secrets.yaml").string()});
        ASSERT_EQ(user_data.exit_code, 0) << user_data.err;
        ASSERT_TRUE(files::write(path("proxy.yaml"), user_data.out));
    }
    void TearDown() override {
        server_.reset();
        if (!namespace_.empty()) { run({"ip", "netns", "delete", namespace_}); }
        if (!HasFailure() || !folder_) { return; }
        const auto names = *files::list(folder_->path());
        for (const auto& name : names) {
            if (name.ends_with(".log")) {
                std::printf("--- %s\n%s\n", name.c_str(), files::read(path(name)).value_or("").c_str());
            }
        }
    }
    [[nodiscard]] fs::path path(const std::string& name) const { return folder_->path() / name; }
    [[nodiscard]] std::vector<std::string> inside(std::vector<std::string> argv) const {
        std::vector<std::string> words = {"ip", "netns", "exec", namespace_};
        words.insert(words.end(), argv.begin(), argv.end());
        return words;
    }

    void serve(const std::string& disk) {
        ASSERT_TRUE(files::write(
            path("serve.yaml"),
            text::format("roles:\n  - {{role: proxy, count: 1, user_data: proxy.yaml, disk: '{}'}}\n", disk)));
        auto child = process::Background::start(
            {.argv = inside({INGOT_PROGRAM, "serve", images().string(), "--config", path("serve.yaml").string(),
                             "--state", path("state.json").string(), "--dhcp", "tap0", "--dhcp-range",
                             "10.0.0.11,10.0.0.50"}),
             .log_file = path("server.log")});
        ASSERT_TRUE(child) << child.error().to_string();
        server_.emplace(*std::move(child));
    }
    [[nodiscard]] std::string server_said() const { return files::read(path("server.log")).value_or(""); }

    void make_disk(const std::string& name) const {
        ASSERT_EQ(run({"qemu-img", "create", "-q", "-f", "raw", path(name).string(), "4G"}).exit_code, 0);
    }
    [[nodiscard]] std::vector<std::string> disk(const std::string& name) const {
        return {
            "-drive",
            text::format("file={},if=none,id={},format=raw,cache=unsafe,discard=unmap", path(name).string(), name),
            "-device", text::format("virtio-blk-pci,drive={0},serial={0}", name)};
    }
    /// Network first, always; the machine's numbers are what every cheap board has.
    static std::vector<std::string> network(const std::string& more = "") {
        return {"-m",      "1536",
                "-netdev", "tap,id=net,ifname=tap0,script=no,downscript=no",
                "-device", "virtio-net-pci,netdev=net,bootindex=1,mac=52:54:00:00:00:01" + more,
                "-smbios", "type=1,serial=To be filled by O.E.M.,uuid=03000200-0400-0500-0006-000700080009"};
    }
    /// A UEFI without option ROM of iPXE: its own drivers ask.
    [[nodiscard]] std::vector<std::string> uefi() const {
        if (!fs::exists(path("vars.fd"))) { fs::copy_file("/usr/share/OVMF/OVMF_VARS_4M.fd", path("vars.fd")); }
        return {"-machine", "q35",
                "-drive",   "if=pflash,format=raw,unit=0,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd",
                "-drive",   text::format("if=pflash,format=raw,unit=1,file={}", path("vars.fd").string())};
    }
    [[nodiscard]] Machine start(const std::string& log, std::initializer_list<std::vector<std::string>> parts) const {
        std::vector<std::string> arguments;
        for (const auto& part : parts) { arguments.insert(arguments.end(), part.begin(), part.end()); }
        return Machine(std::move(arguments), path(log), inside({}));
    }
    static void expect_agent(Machine& machine) {
        const auto line = machine.wait_for(text::format("{}|ingot: failed", kAtWork), kPatience);
        ASSERT_TRUE(line) << "the agent did not get to work";
        EXPECT_THAT(*line, Not(HasSubstr("failed")));
        EXPECT_TRUE(machine.wait_for("proxy-1 login:", 60s)) << "the machine has not taken its name from the seed";
    }
    static void expect_installed(Machine& machine) {
        const auto line = machine.wait_for("is installed: |not installed; restarting", kPatience);
        ASSERT_TRUE(line) << "it was not installed";
        ASSERT_THAT(*line, HasSubstr("all verified"));
        std::printf("timing: %s\n", line->c_str());
        EXPECT_TRUE(machine.wait_for_end(60s)) << "it does not restart";
    }

    std::optional<files::TempDir> folder_;
    std::string namespace_;
    std::optional<process::Background> server_;
};

TEST_F(BareMetal, ByBiosItInstallsItselfOnceAndLeavesOtherDisksAlone) {
    ASSERT_NO_FATAL_FAILURE(make_disk("precious"));
    ASSERT_EQ(run({"mkfs.ext4", "-q", "-L", "precious", path("precious").string()}).exit_code, 0);
    ASSERT_NO_FATAL_FAILURE(make_disk("empty"));
    const auto before = *crypto::sha256_file(path("precious"));

    ASSERT_NO_FATAL_FAILURE(serve("serial=precious"));
    {
        auto machine = start("1-refused.log", {network(), disk("precious"), disk("empty")});
        EXPECT_TRUE(machine.wait_for("not empty: it holds ext4 labelled 'precious'", kPatience));
        EXPECT_TRUE(machine.wait_for("not installed; restarting in 5 minutes", 60s));
    }
    server_.reset();
    ASSERT_NO_FATAL_FAILURE(serve("serial=empty"));
    {
        auto machine = start("2-install.log", {network(), disk("precious"), disk("empty")});
        ASSERT_NO_FATAL_FAILURE(expect_installed(machine));
    }
    EXPECT_EQ(*crypto::sha256_file(path("precious")), before);
    EXPECT_THAT(server_said(), HasSubstr("proxy-1 says: installed"));
    {
        // From the network again, with the new disk as the only one: the server sends it there.
        auto machine = start("3-disk.log", {network(), disk("empty")});
        ASSERT_NO_FATAL_FAILURE(expect_agent(machine));
        EXPECT_THAT(machine.said(), Not(HasSubstr("efi: EFI v")));
        EXPECT_THAT(machine.said(), HasSubstr("EXT4-fs (vda3): resized filesystem"));
    }
    EXPECT_THAT(server_said(), HasSubstr("proxy-1 is told: boot the disk"));
}

TEST_F(BareMetal, ByUefiAndHttpItInstallsItselfOnceAlsoWhereNobodyKeepsCount) {
    ASSERT_NO_FATAL_FAILURE(make_disk("empty"));
    ASSERT_NO_FATAL_FAILURE(serve("serial=empty"));
    const std::vector<std::string> http_only = {"-fw_cfg", "name=opt/org.tianocore/IPv4PXESupport,string=n",
                                                "-fw_cfg", "name=opt/org.tianocore/IPv6PXESupport,string=n"};
    {
        auto machine = start("1-install.log", {uefi(), http_only, network(",romfile="), disk("empty")});
        ASSERT_NO_FATAL_FAILURE(expect_installed(machine));
        EXPECT_THAT(machine.said(), HasSubstr("efi: EFI v"));
    }
    EXPECT_THAT(server_said(), HasSubstr("GET /loader/snponly.efi"));
    // A server that forgets: it would have everything installed again.
    server_.reset();
    fs::remove(path("state.json"));
    ASSERT_NO_FATAL_FAILURE(serve("serial=empty"));
    auto machine = start("2-kexec.log", {uefi(), http_only, network(",romfile="), disk("empty")});
    ASSERT_NO_FATAL_FAILURE(expect_agent(machine));
    EXPECT_THAT(machine.said(), HasSubstr("this image is installed there already"));
    EXPECT_THAT(machine.said(), HasSubstr("starting what is installed"));
}

} // namespace
} // namespace ingot::tests
