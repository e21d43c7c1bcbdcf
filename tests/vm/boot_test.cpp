// What an operator does with an image: gives it to a machine with a seed, turns it on, and looks at the console until
// the agent says what it waits for: the other machines of its cluster. they never come.
#include <cstdio>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "common/files/files.hpp"
#include "common/text/text.hpp"
#include "tests/support/file_server.hpp"
#include "tests/vm/machine.hpp"
#include "tests/vm/seed.hpp"
#include "tests/vm/world.hpp"

namespace ingot::tests {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kHost = "10.0.0.2"; ///< this machine, as one in QEMU's user network sees it
/// With two busy processors; alone it takes a quarter of it.
constexpr auto kPatience = 200s;
class Booting : public testing::Test {
  protected:
    static void SetUpTestSuite() { cluster_ = new Cluster("vmtest"); }
    static void TearDownTestSuite() { delete cluster_; }
    void SetUp() override {
        folder_.emplace(*files::TempDir::create("ingot-vm-"));
        started_ = std::chrono::steady_clock::now();
    }
    void TearDown() override {
        if (HasFailure()) { std::printf("%s\n", files::read(serial()).value_or("(no console)").c_str()); }
    }
    [[nodiscard]] fs::path path(const std::string& name) const { return folder_->path() / name; }
    [[nodiscard]] fs::path serial() const { return path("serial.log"); }

    static std::string meta_data(const std::string& node) {
        return text::format("instance-id: i-{0}\nlocal-hostname: {0}\n", node);
    }
    /// Arguments for a machine with that disk and a seed for `node` of `role`.
    std::vector<std::string> with_disk(const fs::path& disk, const std::string& format, const std::string& role,
                                       const std::string& node) {
        const auto written = write_seed_iso(path("seed.iso"), meta_data(node), cluster_->user_data(role));
        EXPECT_TRUE(written) << written.error().to_string();
        return {"-m",     "1024",
                "-drive", text::format("file={},if=virtio,format={}", disk.string(), format),
                "-drive", text::format("file={},media=cdrom,if=ide,format=raw", path("seed.iso").string()),
                "-nic",   "user,model=virtio-net-pci,restrict=on,net=10.0.0.0/24,dhcpstart=10.0.0.11"};
    }
    /// Waits for the agent and for the name it has given the machine.
    void expect_agent(Machine& machine, const std::string& node) {
        const auto line = machine.wait_for(text::format("{}|{}", kAtWork, kFailed), kPatience);
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started_;
        ASSERT_TRUE(line) << "the agent did not get to work";
        EXPECT_THAT(*line, Not(HasSubstr(kFailed)));
        std::printf("timing: %.0f s to: %s\n", took.count(), line->c_str());
        EXPECT_TRUE(machine.wait_for(node + " login:", 60s)) << "the machine has not taken its name from the seed";
    }

    static inline Cluster* cluster_ = nullptr;
    std::optional<files::TempDir> folder_;
    std::chrono::steady_clock::time_point started_;
};

TEST_F(Booting, RawByBiosAndTheRootGrowsToTheDisk) {
    ASSERT_TRUE(fs::exists(vm_image("db/disk.raw"))) << "build it first: ingot build db --format raw";
    constexpr std::uintmax_t kDisk = 4ULL << 30U;
    const auto disk = path("disk.raw");
    ASSERT_EQ(run({"cp", "--sparse=always", vm_image("db/disk.raw").string(), disk.string()}).exit_code, 0);
    fs::resize_file(disk, kDisk);
    Machine machine(with_disk(disk, "raw", "db", "db-1"), serial());
    ASSERT_NO_FATAL_FAILURE(expect_agent(machine, "db-1"));
    const auto said = machine.said();
    machine.kill();
    EXPECT_THAT(said, Not(HasSubstr("efi: EFI v")));
    EXPECT_THAT(said, HasSubstr("EXT4-fs (vda3): resized filesystem"));
    EXPECT_THAT(said, Not(HasSubstr("FAILED")));
    // The partition ends within the last 2 MiB of the disk.
    const auto table = run({"sgdisk", "-i", "3", disk.string()});
    const auto at = table.out.find("Last sector: ");
    ASSERT_NE(at, std::string::npos) << table.out << table.err;
    constexpr std::uintmax_t kSector = 512;
    EXPECT_GT(std::stoull(table.out.substr(at + 13)) * kSector, kDisk - (2U << 20U));
}

TEST_F(Booting, RawByUefi) {
    ASSERT_TRUE(fs::exists(vm_image("db/disk.raw"))) << "build it first: ingot build db --format raw";
    const auto disk = path("disk.qcow2"); // what is written goes here, the image stays as it is
    ASSERT_EQ(run({"qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", vm_image("db/disk.raw").string(),
                   disk.string(), "4G"})
                  .exit_code,
              0);
    auto arguments = with_disk(disk, "qcow2", "db", "db-2");
    const auto firmware = uefi_firmware(path("vars.fd"));
    arguments.insert(arguments.end(), firmware.begin(), firmware.end());
    Machine machine(std::move(arguments), serial());
    ASSERT_NO_FATAL_FAILURE(expect_agent(machine, "db-2"));
    EXPECT_THAT(machine.said(), HasSubstr("efi: EFI v"));
}

TEST_F(Booting, Qcow2) {
    ASSERT_TRUE(fs::exists(vm_image("etcd/disk.qcow2"))) << "build it first: ingot build etcd --format qcow2";
    const auto disk = path("disk.qcow2");
    fs::copy_file(vm_image("etcd/disk.qcow2"), disk);
    ASSERT_EQ(run({"qemu-img", "resize", "-q", disk.string(), "4G"}).exit_code, 0);
    Machine machine(with_disk(disk, "qcow2", "etcd", "etcd-1"), serial());
    ASSERT_NO_FATAL_FAILURE(expect_agent(machine, "etcd-1"));
    EXPECT_THAT(machine.said(), HasSubstr("EXT4-fs (vda3): resized filesystem"));
}

TEST_F(Booting, NetbootByPxeIntoRam) {
    ASSERT_TRUE(fs::exists(vm_image("proxy/boot.ipxe"))) << "build it first: ingot build proxy --format netboot";
    fs::create_directories(path("web/seed"));
    fs::create_directories(path("tftp"));
    fs::create_directory_symlink(vm_image("proxy"), path("web/proxy"));
    ASSERT_TRUE(files::write(path("web/seed/meta-data"), meta_data("proxy-1")));
    ASSERT_TRUE(files::write(path("web/seed/user-data"), cluster_->user_data("proxy")));
    const FileServer server(path("web"));
    // What an operator's own script does: it knows the machine's seed, and hands over.
    ASSERT_TRUE(files::write(path("tftp/start.ipxe"),
                             text::format("#!ipxe\nset base {0}proxy/\nset seed {0}seed/\nchain {0}proxy/boot.ipxe\n",
                                          server.address(kHost) + "/")));
    Machine machine({"-m", "2048", "-boot", "n", "-device", "virtio-net-pci,netdev=net", "-netdev",
                     text::format("user,id=net,net=10.0.0.0/24,dhcpstart=10.0.0.11,tftp={},bootfile=start.ipxe",
                                  path("tftp").string())},
                    serial());
    ASSERT_NO_FATAL_FAILURE(expect_agent(machine, "proxy-1"));
    EXPECT_TRUE(server.gave("/proxy/root.squashfs"));
    EXPECT_TRUE(server.gave("/seed/user-data"));
    EXPECT_THAT(machine.said(), Not(HasSubstr("FAILED")));
}

TEST_F(Booting, NetbootRefusesARootThatIsNotTheOneItWasToldOf) {
    ASSERT_TRUE(fs::exists(vm_image("proxy/boot.ipxe"))) << "build it first: ingot build proxy --format netboot";
    fs::create_directories(path("web"));
    for (const auto* name : {"vmlinuz", "initrd"}) {
        fs::create_symlink(vm_image("proxy") / name, path("web") / name);
    }
    auto script = *files::read(vm_image("proxy/boot.ipxe"));
    const auto at = script.find("ingot.sha256=") + 13;
    script.replace(at, 4, script.substr(at, 4) == "0000" ? "1111" : "0000");
    ASSERT_TRUE(files::write(path("web/boot.ipxe"), script));
    fs::create_symlink(vm_image("proxy/root.squashfs"), path("web/root.squashfs"));
    const FileServer server(path("web"));
    Machine machine({"-m", "2048", "-boot", "n", "-device", "virtio-net-pci,netdev=net", "-netdev",
                     text::format("user,id=net,net=10.0.0.0/24,bootfile={}boot.ipxe", server.address(kHost) + "/")},
                    serial());
    EXPECT_TRUE(machine.wait_for("ingot-netboot: what came has the digest", kPatience));
    EXPECT_THAT(machine.said(), Not(HasSubstr("Welcome to")));
}

} // namespace
} // namespace ingot::tests
