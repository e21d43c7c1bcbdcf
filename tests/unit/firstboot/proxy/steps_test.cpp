#include <algorithm>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "firstboot/proxy/proxy.hpp"
#include "firstboot/proxy/render.hpp"
#include "tests/unit/firstboot/fakes.hpp"
#include "tests/unit/firstboot/proxy/sample.hpp"

namespace ingot::firstboot::proxy {
namespace {

class ProxySteps : public ::testing::Test {
  protected:
    ProxySteps() {
        world.write("/etc/ingot/pki/node.crt", "certificate\n");
        world.write("/etc/ingot/pki/node.key", "key\n");
        world.write("/etc/hosts", "127.0.0.1 localhost\n");
    }
    Status apply(std::string_view name) const {
        const auto step = std::ranges::find(role.steps, name, &Step::name);
        return step == role.steps.end() ? fail(ErrorKind::bug, "no such step") : step->apply();
    }

    test::World world;
    Role role = make_proxy_role(sample_node(), world.environment);
};

TEST_F(ProxySteps, KeepTheKeyForRootAlone) {
    ASSERT_TRUE(apply("proxy.configure"));
    struct stat status{};
    ASSERT_EQ(::stat(world.environment.root.at("/etc/haproxy/ingot.pem").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0640U);
    EXPECT_EQ(world.read("/etc/haproxy/ingot.pem"), "certificate\nkey\n");
}

TEST_F(ProxySteps, RememberTheLastMembersAcrossABoot) {
    const Layout last = {{1, {"10.0.0.21"}}, {3, {"10.0.0.23"}}};
    world.write("/etc/haproxy/haproxy.cfg", render_haproxy(sample_node(), last));
    ASSERT_TRUE(apply("proxy.configure"));
    EXPECT_EQ(layout_from_config(world.read("/etc/haproxy/haproxy.cfg")), last);
}

TEST_F(ProxySteps, ReplaceDebiansExample) {
    world.write("/etc/haproxy/haproxy.cfg", "global\n\tlog /dev/log local0\n");
    ASSERT_TRUE(apply("proxy.configure"));
    EXPECT_EQ(world.read("/etc/haproxy/haproxy.cfg"), render_haproxy(sample_node(), {}));
    EXPECT_TRUE(world.services.calls.empty());
}

TEST_F(ProxySteps, LeaveARunningPoolAloneAndReloadNothingUnchanged) {
    ASSERT_TRUE(apply("proxy.configure"));
    world.services.states = {
        {"haproxy.service", "active"}, {"pgbouncer.service", "active"}, {"ingot-read-pool.service", "active"}};
    world.write("/etc/pgbouncer/pgbouncer.ini", render_pgbouncer(sample_node(), Pool::write, 40));
    ASSERT_TRUE(apply("proxy.configure"));
    EXPECT_EQ(world.read("/etc/pgbouncer/pgbouncer.ini"), render_pgbouncer(sample_node(), Pool::write, 40));
    EXPECT_TRUE(world.services.calls.empty());
}

TEST_F(ProxySteps, ReloadHaproxyForANewCertificate) {
    ASSERT_TRUE(apply("proxy.configure"));
    world.services.states = {{"haproxy.service", "active"}};
    world.write("/etc/ingot/pki/node.crt", "renewed\n");
    ASSERT_TRUE(apply("proxy.configure"));
    EXPECT_EQ(world.services.calls, std::vector<std::string>{"reload haproxy.service"});
}

TEST_F(ProxySteps, FollowARenewedCertificateAndReloadHaproxyForNothingElse) {
    ASSERT_TRUE(apply("proxy.configure"));
    world.services.states = {
        {"haproxy.service", "active"}, {"pgbouncer.service", "active"}, {"ingot-read-pool.service", "active"}};
    const auto duty = std::ranges::find(role.duties, "proxy.certificate", &Duty::name);
    ASSERT_NE(duty, role.duties.end());
    ASSERT_TRUE(duty->run());
    ASSERT_TRUE(duty->run());
    EXPECT_EQ(world.services.calls,
              (std::vector<std::string>{"reload pgbouncer.service", "reload ingot-read-pool.service"}));
    world.services.calls.clear();
    world.write("/etc/ingot/pki/node.crt", "renewed\n");
    ASSERT_TRUE(duty->run());
    EXPECT_EQ(world.services.calls, (std::vector<std::string>{"reload haproxy.service", "reload pgbouncer.service",
                                                              "reload ingot-read-pool.service"}));
    EXPECT_EQ(world.read("/etc/haproxy/ingot.pem"), "renewed\nkey\n");
}

TEST_F(ProxySteps, WaitAsLongAsHaproxyDoesNotAnswer) {
    const auto result = apply("proxy.ready");
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::transient);
}

} // namespace
} // namespace ingot::firstboot::proxy
