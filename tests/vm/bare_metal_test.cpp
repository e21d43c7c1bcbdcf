// A machine with an empty disk, a network with `ingot serve` in it, and nothing else: it is turned on, installs
// itself, restarts, and is what it is meant to be. Network and server are in a namespace of their own.
#include <csignal>
#include <cstdio>
#include <fstream>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "common/crypto/crypto.hpp"
#include "common/files/files.hpp"
#include "common/process/background.hpp"
#include "common/text/text.hpp"
#include "tests/vm/machine.hpp"
#include "tests/vm/world.hpp"

namespace ingot::tests {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

constexpr auto kPatience = 500s; ///< alone, the longest wait takes a minute
constexpr const char* kBridge = "net0";
constexpr std::size_t kMebi = 1U << 20U;

/// Of a disk; empty if it cannot be read.
std::string first_mebi(const fs::path& disk) {
    std::string bytes(kMebi, '\0');
    std::ifstream in(disk, std::ios::binary);
    in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return in ? bytes : std::string();
}

/// Of all that a sparse file holds but zeros, and where; empty if it cannot be read.
std::string digest_of_data(const fs::path& file) {
    constexpr ::off_t kBlock = 4096;
    const files::Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    const auto size = static_cast<::off_t>(fs::file_size(file));
    const std::string zeros(kBlock, '\0');
    std::string block = zeros;
    std::string seen;
    for (::off_t at = 0; at < size; at += kBlock) {
        // Holes are passed over; which zeros are holes is the file system's affair, and changes with time.
        const auto data = ::lseek(fd.get(), at, SEEK_DATA);
        if (data < 0) { break; }
        at = data / kBlock * kBlock;
        if (::pread(fd.get(), block.data(), block.size(), at) != kBlock) { return {}; }
        if (block != zeros) { seen += text::format("{}: {}\n", at, crypto::sha256_hex(block)); }
    }
    return seen.empty() ? std::string() : crypto::sha256_hex(seen);
}

void change_a_byte(const fs::path& file, std::uint64_t at) {
    std::fstream both(file, std::ios::binary | std::ios::in | std::ios::out);
    both.seekg(static_cast<std::streamoff>(at));
    const auto byte = static_cast<char>(both.get() ^ 1);
    both.seekp(static_cast<std::streamoff>(at));
    both.put(byte);
    ASSERT_TRUE(both.flush()) << file;
}

class BareMetal : public testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) { GTEST_SKIP() << "a network of one's own needs root"; }
        ASSERT_TRUE(fs::exists(vm_image("proxy/install.img")) && fs::exists(vm_image("proxy/manifest.json.sig")))
            << "build it first: ingot build proxy --format raw.zst,netboot --sign KEY";
        folder_.emplace(*files::TempDir::create("ingot-metal-"));
        namespace_ = text::format("ingot-metal-{}", ::getpid());
        ASSERT_EQ(run({"ip", "netns", "add", namespace_}).exit_code, 0);
        // A bridge is the network: this side's address on it, and a port for the machine.
        ASSERT_NO_FATAL_FAILURE(ip(namespace_, {"link", "set", "lo", "up"}));
        ASSERT_NO_FATAL_FAILURE(ip(namespace_, {"link", "add", kBridge, "type", "bridge"}));
        ASSERT_NO_FATAL_FAILURE(ip(namespace_, {"addr", "add", "10.0.0.1/24", "dev", kBridge}));
        ASSERT_NO_FATAL_FAILURE(ip(namespace_, {"link", "set", kBridge, "up"}));
        ASSERT_NO_FATAL_FAILURE(ip(namespace_, {"tuntap", "add", "tap0", "mode", "tap"}));
        ASSERT_NO_FATAL_FAILURE(ip(namespace_, {"link", "set", "tap0", "master", kBridge, "up"}));
        ASSERT_TRUE(files::write(path("proxy.yaml"), Cluster("metal").user_data("proxy")));
    }
    void TearDown() override {
        end_server();
        other_server_.reset();
        for (const auto& name : {namespace_, other_namespace_}) {
            if (!name.empty()) { run({"ip", "netns", "delete", name}); }
        }
        if (!HasFailure() || !folder_) { return; }
        const auto names = *files::list(folder_->path());
        for (const auto& name : names) {
            if (name.ends_with(".log")) {
                std::printf("--- %s\n%s\n", name.c_str(), files::read(path(name)).value_or("").c_str());
            }
        }
    }
    [[nodiscard]] fs::path path(const std::string& name) const { return folder_->path() / name; }
    [[nodiscard]] static std::vector<std::string> inside(const std::string& name, std::vector<std::string> argv) {
        std::vector<std::string> words = {"ip", "netns", "exec", name};
        words.insert(words.end(), argv.begin(), argv.end());
        return words;
    }
    static void ip(const std::string& name, std::vector<std::string> words) {
        words.insert(words.begin(), "ip");
        const auto done = run(inside(name, words));
        ASSERT_EQ(done.exit_code, 0) << text::join(words, " ") << ": " << done.err;
    }
    static void start_server(std::optional<process::Background>& server, std::vector<std::string> argv,
                             const fs::path& log) {
        auto child = process::Background::start({.argv = std::move(argv), .log_file = log});
        ASSERT_TRUE(child) << child.error().to_string();
        server.emplace(*std::move(child));
    }

    void serve(const std::string& disk, const fs::path& images = vm_image("")) {
        end_server();
        ASSERT_TRUE(files::write(
            path("serve.yaml"),
            text::format("roles:\n  - {{role: proxy, count: 1, user_data: proxy.yaml, disk: '{}'}}\n", disk)));
        start_ingot(images, {"--dhcp-range", "10.0.0.11,10.0.0.50"});
    }
    void start_ingot(const fs::path& images, const std::vector<std::string>& more) {
        std::vector<std::string> argv = {INGOT_PROGRAM,
                                         "serve",
                                         images.string(),
                                         "--config",
                                         path("serve.yaml").string(),
                                         "--state",
                                         path("state.json").string(),
                                         "--dhcp",
                                         kBridge};
        argv.insert(argv.end(), more.begin(), more.end());
        start_server(server_, inside(namespace_, argv), path("server.log"));
    }
    /// Another host in the network gives addresses, and knows nothing of booting; `ingot serve` adds that.
    void serve_beside_another() {
        other_namespace_ = namespace_ + "-dhcp";
        ASSERT_EQ(run({"ip", "netns", "add", other_namespace_}).exit_code, 0);
        ASSERT_NO_FATAL_FAILURE(ip(
            namespace_, {"link", "add", "other", "type", "veth", "peer", "name", "eth0", "netns", other_namespace_}));
        ASSERT_NO_FATAL_FAILURE(ip(namespace_, {"link", "set", "other", "master", kBridge, "up"}));
        ASSERT_NO_FATAL_FAILURE(ip(other_namespace_, {"addr", "add", "10.0.0.2/24", "dev", "eth0"}));
        ASSERT_NO_FATAL_FAILURE(ip(other_namespace_, {"link", "set", "eth0", "up"}));
        start_server(other_server_,
                     inside(other_namespace_, {"dnsmasq", "--keep-in-foreground", "--log-facility=-", "--user=root",
                                               "--conf-file=/dev/null", "--port=0", "--interface=eth0",
                                               "--bind-interfaces", "--dhcp-range=10.0.0.100,10.0.0.150",
                                               "--pid-file=", "--dhcp-leasefile=" + path("other-leases").string()}),
                     path("other-server.log"));
        ASSERT_TRUE(files::write(path("serve.yaml"), "roles: []\n"));
        start_ingot(vm_image(""), {});
    }
    /// As a person ends it: it removes what it made for dnsmasq.
    void end_server() {
        if (!server_) { return; }
        server_->signal(SIGTERM);
        EXPECT_EQ(server_->wait(60s), 0);
        server_.reset();
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
    [[nodiscard]] Machine start(const std::string& log, std::initializer_list<std::vector<std::string>> parts) const {
        std::vector<std::string> arguments;
        for (const auto& part : parts) { arguments.insert(arguments.end(), part.begin(), part.end()); }
        return Machine(std::move(arguments), path(log), inside(namespace_, {}));
    }
    /// A folder of images like the true one, but with a copy of this file, which is to be changed.
    [[nodiscard]] fs::path copied(const std::string& changed, const std::string& folder) const {
        fs::create_directories(path(folder) / "proxy");
        const auto names = *files::list(vm_image("proxy"));
        for (const auto& name : names) {
            const auto file = path(folder) / "proxy" / name;
            if (name == changed) {
                fs::copy_file(vm_image("proxy") / name, file);
            } else {
                fs::create_symlink(vm_image("proxy") / name, file);
            }
        }
        return path(folder);
    }
    static void expect_agent(Machine& machine) {
        const auto line = machine.wait_for(text::format("{}|{}", kAtWork, kFailed), kPatience);
        ASSERT_TRUE(line) << "the agent did not get to work";
        EXPECT_THAT(*line, Not(HasSubstr(kFailed)));
        EXPECT_TRUE(machine.wait_for("proxy-1 login:", kPatience))
            << "the machine has not taken its name from the seed";
    }
    static void expect_installed(Machine& machine) {
        const auto line = machine.wait_for("is installed: |not installed; restarting", kPatience);
        ASSERT_TRUE(line) << "it was not installed";
        ASSERT_THAT(*line, HasSubstr("all verified"));
        std::printf("timing: %s\n", line->c_str());
        EXPECT_TRUE(machine.wait_for_end(60s)) << "it does not restart";
    }

    /// The images are not what was signed: nothing of it may boot, and the console says why.
    void expect_refused(const std::string& log, const std::string& reason) const {
        auto machine = start(log, {network(), disk("precious"), disk("empty")});
        const auto line = machine.wait_for("ingot-install: .*" + reason + "|is installed: ", kPatience);
        ASSERT_TRUE(line) << "the installer said nothing";
        ASSERT_THAT(*line, Not(HasSubstr("is installed: ")));
        std::printf("tampered: %s\n", line->c_str());
        EXPECT_TRUE(machine.wait_for("not installed; restarting in 5 minutes", 60s));
    }

    std::optional<files::TempDir> folder_;
    std::string namespace_, other_namespace_;
    std::optional<process::Background> server_, other_server_;
};

TEST_F(BareMetal, ByBiosItInstallsItselfOnceButNoTamperedImageAndLeavesOtherDisksAlone) {
    ASSERT_NO_FATAL_FAILURE(make_disk("precious"));
    ASSERT_EQ(run({"mkfs.ext4", "-q", "-L", "precious", path("precious").string()}).exit_code, 0);
    ASSERT_NO_FATAL_FAILURE(make_disk("empty"));
    const auto before = digest_of_data(path("precious"));
    ASSERT_FALSE(before.empty());

    ASSERT_NO_FATAL_FAILURE(serve("serial=precious"));
    {
        auto machine = start("1-refused.log", {network(), disk("precious"), disk("empty")});
        EXPECT_TRUE(machine.wait_for("not empty: it holds ext4 labelled 'precious'", kPatience));
        EXPECT_TRUE(machine.wait_for("not installed; restarting in 5 minutes", 60s));
    }
    const auto other_manifest = copied("manifest.json", "other-manifest");
    const auto manifest = *files::read(other_manifest / "proxy/manifest.json");
    ASSERT_NO_FATAL_FAILURE(
        change_a_byte(other_manifest / "proxy/manifest.json", manifest.find("\"sha256\": ") + 12));
    ASSERT_NO_FATAL_FAILURE(serve("serial=empty", other_manifest));
    ASSERT_NO_FATAL_FAILURE(expect_refused("2-other-manifest.log", "the signature is not this key's"));
    EXPECT_EQ(first_mebi(path("empty")), std::string(kMebi, '\0')) << "not even begun";

    const auto other_payload = copied("disk.raw.zst", "other-payload");
    const auto payload = other_payload / "proxy/disk.raw.zst";
    ASSERT_NO_FATAL_FAILURE(change_a_byte(payload, fs::file_size(payload) / 2));
    ASSERT_NO_FATAL_FAILURE(serve("serial=empty", other_payload));
    ASSERT_NO_FATAL_FAILURE(
        expect_refused("3-other-payload.log", "boots nothing .*piece .* is not the one that was built"));
    {
        auto start_of_disk = first_mebi(path("empty"));
        ASSERT_EQ(start_of_disk.size(), kMebi);
        const auto mark = start_of_disk.find("INGOT-INSTALL");
        ASSERT_EQ(mark, kMebi / 2) << "it had begun";
        start_of_disk.replace(mark, 4096, 4096, '\0');
        EXPECT_EQ(start_of_disk, std::string(kMebi, '\0')) << "no boot sector, no partition table";
        auto machine = start("4-unbootable.log", {{"-machine", "pc,graphics=off", "-m", "256"}, disk("empty")});
        EXPECT_TRUE(machine.wait_for("No bootable device", 60s)) << "the firmware starts something of it";
    }
    EXPECT_EQ(digest_of_data(path("precious")), before);

    ASSERT_NO_FATAL_FAILURE(serve("serial=empty"));
    {
        auto machine = start("5-install.log", {network(), disk("precious"), disk("empty")});
        ASSERT_NO_FATAL_FAILURE(expect_installed(machine));
    }
    EXPECT_EQ(digest_of_data(path("precious")), before);
    EXPECT_THAT(server_said(), HasSubstr("proxy-1 says: installed"));
    {
        // From the network again, with the new disk as the only one: the server sends it there.
        auto machine = start("6-disk.log", {network(), disk("empty")});
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
        auto machine =
            start("1-install.log", {uefi_firmware(path("vars.fd")), http_only, network(",romfile="), disk("empty")});
        ASSERT_NO_FATAL_FAILURE(expect_installed(machine));
        EXPECT_THAT(machine.said(), HasSubstr("efi: EFI v"));
    }
    EXPECT_THAT(server_said(), HasSubstr("GET /loader/snponly.efi"));
    // A server that forgets: it would have everything installed again.
    end_server(); // it writes its state at its end
    fs::remove(path("state.json"));
    ASSERT_NO_FATAL_FAILURE(serve("serial=empty"));
    auto machine =
        start("2-kexec.log", {uefi_firmware(path("vars.fd")), http_only, network(",romfile="), disk("empty")});
    ASSERT_NO_FATAL_FAILURE(expect_agent(machine));
    EXPECT_THAT(machine.said(), HasSubstr("this image is installed there already"));
    EXPECT_THAT(machine.said(), HasSubstr("starting what is installed"));
}

TEST_F(BareMetal, BesideAPlainDhcpServerBiosAndUefiAreSentToTheScript) {
    ASSERT_NO_FATAL_FAILURE(serve_beside_another());
    const auto expect_script = [](Machine machine) {
        // As far as a machine gets that is to become nothing: our script says so.
        EXPECT_TRUE(machine.wait_for("Ingot: nothing to boot here", kPatience)) << machine.said();
    };
    expect_script(start("1-bios.log", {{"-machine", "pc,graphics=off"}, network()}));
    EXPECT_THAT(server_said(), HasSubstr("GET /boot.ipxe"));
    // Its own drivers, not iPXE: it asks the way PXE is written, and is given iPXE by TFTP first.
    expect_script(start("2-uefi.log", {uefi_firmware(path("vars.fd")), network(",romfile=")}));
    EXPECT_THAT(server_said(), HasSubstr("tftp/snponly.efi to 10.0.0.1"));
    EXPECT_THAT(files::read(path("other-server.log")).value_or(""), HasSubstr("DHCPACK(eth0)"))
        << "the address is the other server's";
}

} // namespace
} // namespace ingot::tests
