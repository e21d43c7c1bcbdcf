#include "installer/line/line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::installer {
namespace {

using testing::HasSubstr;

TEST(KernelLine, SaysWhatIsWanted) {
    const auto digest = std::string(64, 'a');
    const auto wanted = parse_line(
        "BOOT_IMAGE=vmlinuz initrd=initrd boot=ingot ingot.install=http://h/x/boot.ipxe ingot.map=" + digest +
        " ingot.disk=serial=S1,size>=1G ingot.wipe=S1 rw ds=nocloud;s=http://h/seed/ "
        "ingot.report=http://h/r BOOTIF=01-52\n");
    ASSERT_TRUE(wanted) << wanted.error().to_string();
    EXPECT_EQ(wanted->image, "http://h/x/boot.ipxe");
    EXPECT_EQ(wanted->map_sha256, digest);
    EXPECT_EQ(wanted->disk, "serial=S1,size>=1G");
    EXPECT_EQ(wanted->wipe, "S1");
    EXPECT_EQ(wanted->report, "http://h/r");
    EXPECT_EQ(wanted->seed, "http://h/seed/");
}

TEST(KernelLine, FaultsAreNamed) {
    struct Row {
        const char* line;
        const char* reason;
    };
    for (const auto& row : {Row{"ingot.disk=serial=S1", "ingot.install="},
                            Row{"ingot.install=http://h/ ingot.disc=serial=S1", "ingot.disc"},
                            Row{"ingot.install=http://h/ ingot.map=abc", "not a SHA-256"},
                            Row{"ingot.install=http://h/ ds=nocloud;s=/seed", "no http://"},
                            Row{"ingot.install=http://h/ ds=nocloud;s=http://h/;i=x", "does not outlive"}}) {
        const auto wanted = parse_line(row.line);
        ASSERT_FALSE(wanted) << row.line;
        EXPECT_EQ(wanted.error().kind, ErrorKind::invalid_input);
        EXPECT_THAT(wanted.error().to_string(), HasSubstr(row.reason));
    }
}

TEST(KernelLine, AnotherDatasourceIsNoSeed) { EXPECT_EQ(parse_line("ingot.install=http://h/ ds=hetzner")->seed, ""); }

} // namespace
} // namespace ingot::installer
