#include <gtest/gtest.h>

#include <unistd.h>

#include "common/files/files.hpp"
#include "common/process/process.hpp"
#include "common/text/text.hpp"
#include "firstboot/datasource/datasource.hpp"
#include "firstboot/system/services.hpp"

namespace ingot::firstboot {
namespace {

/// A filesystem with a label, on a loop device, for as long as the object lives.
class LabelledDevice {
  public:
    LabelledDevice(process::Processes& processes, const std::filesystem::path& folder, const std::string& label)
        : processes_(processes) {
        const auto seed = folder / "seed";
        const auto image = (folder / "image").string();
        good_ = files::write(seed / "meta-data", "instance-id: from-disk\nlocal-hostname: db-9\n").has_value() &&
                files::write(seed / "user-data", "#cloud-config\n").has_value() &&
                run({"mkfs.ext4", "-q", "-L", label, "-d", seed.string(), image, "4M"}).has_value();
        const auto attached = run({"losetup", "--find", "--show", "--read-only", image});
        if (attached) { device_ = text::trim(attached->out); }
    }
    ~LabelledDevice() {
        if (!device_.empty()) { static_cast<void>(run({"losetup", "--detach", device_}).has_value()); }
    }
    LabelledDevice(const LabelledDevice&) = delete;
    LabelledDevice& operator=(const LabelledDevice&) = delete;
    LabelledDevice(LabelledDevice&&) = delete;
    LabelledDevice& operator=(LabelledDevice&&) = delete;
    [[nodiscard]] bool attached() const { return good_ && !device_.empty(); }

  private:
    Result<process::Output> run(std::vector<std::string> argv) {
        return process::run_checked(processes_, {.argv = std::move(argv)});
    }
    process::Processes& processes_;
    bool good_ = false;
    std::string device_{};
};

TEST(SeedDevice, IsReadWhereverItsLabelIsAndLeavesNoMountBehind) {
    if (::geteuid() != 0) { GTEST_SKIP() << "needs root"; }
    process::PosixProcesses processes;
    SystemctlServices services(processes);
    clock::SystemClock clock;
    Environment environment{
        .root = files::Root(), .processes = processes, .services = services, .clock = clock, .make_http = [] {
            return std::make_unique<http::CurlClient>();
        }};
    for (const auto* const label : {"cidata", "CIDATA"}) {
        const auto folder = files::TempDir::create().value();
        const LabelledDevice device(processes, folder.path(), label);
        if (!device.attached()) { GTEST_SKIP() << "needs mkfs.ext4 and a free loop device"; }
        const auto before = files::read("/proc/self/mounts").value();
        const auto metadata = read_seed_device(environment);
        ASSERT_TRUE(metadata.has_value()) << metadata.error().to_string();
        ASSERT_TRUE(metadata->has_value()) << label;
        EXPECT_EQ((*metadata)->instance_id, "from-disk");
        EXPECT_EQ((*metadata)->hostname, "db-9");
        EXPECT_EQ(files::read("/proc/self/mounts").value(), before);
    }
    EXPECT_FALSE(read_seed_device(environment).value().has_value());
}

} // namespace
} // namespace ingot::firstboot
