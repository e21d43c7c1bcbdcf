#include "builder/serve/model/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::builder::serve {
namespace {

using testing::HasSubstr;

TEST(ServeConfig, IsRead) {
    const auto config = parse_config(R"(machines:
  - name: etcd-1
    mac: 52-54-00-00-00-01
    serial: S123
    role: etcd
    user_data: etcd.yaml
    disk: transport=nvme,size>=100G
roles:
  - role: db
    count: 3
    user_data: db.yaml
    mode: ram
  - role: proxy
    count: 1
    names: front-{}
    user_data: /abs/proxy.yaml
)",
                                     "serve.yaml", "/srv");
    ASSERT_TRUE(config) << config.error().to_string();
    ASSERT_EQ(config->machines.size(), 1U);
    EXPECT_EQ(config->machines[0].mac, "52:54:00:00:00:01");
    EXPECT_EQ(config->machines[0].purpose.user_data, "/srv/etcd.yaml");
    EXPECT_EQ(config->machines[0].purpose.disk, "transport=nvme,size>=100G");
    ASSERT_EQ(config->roles.size(), 2U);
    EXPECT_EQ(config->roles[0].names, "db-{}");
    EXPECT_EQ(config->roles[0].purpose.mode, Mode::ram);
    EXPECT_EQ(config->roles[1].names, "front-{}");
    EXPECT_EQ(config->roles[1].purpose.user_data, "/abs/proxy.yaml");
}

TEST(ServeConfig, FaultsAreAllReportedAtOnce) {
    const auto config = parse_config(R"(machines:
  - name: Etcd_1
    mac: 00:00:00:00:00:00
    role: etcd
    user_data: a
  - name: a
    role: etcd
    user_data: a
  - name: b
    serial: To be filled by O.E.M.
    role: ../etc
    user_data: a
    disk: serial=A B
  - name: a
    mac: 52:54:00:00:00:01
    role: etcd
    disc: x
roles:
  - role: db
    user_data: a
    names: fixed
)",
                                     "serve.yaml", "/srv");
    ASSERT_FALSE(config);
    const auto said = config.error().to_string();
    for (const auto* reason : {"cannot be the name of a machine", "tells no machine from another",
                               "neither mac nor serial nor uuid", "no name of a role", "no boot loader passes on",
                               "stands there twice", "disc", "does not say how many", "gives no names"}) {
        EXPECT_THAT(said, HasSubstr(reason));
    }
}

} // namespace
} // namespace ingot::builder::serve
