#include "firstboot/etcd/render.hpp"

#include <gtest/gtest.h>

#include "tests/support/golden.hpp"

namespace ingot::firstboot {
namespace {

const NodeSpec kNode{.name = "etcd-1", .instance_id = "i-1", .address = "10.0.0.11"};
const Founding kFounding{.token = "0123456789abcdef0123456789abcdef",
                         .initial_cluster = initial_cluster({{"etcd-1", "10.0.0.11"}, {"etcd-2", "10.0.0.12"}})};

TEST(EtcdEnvironment, OfAFounder) {
    tests::expect_golden("etcd/found.env", render_etcd_environment(kNode, kFounding, StartMode::found));
}

TEST(EtcdEnvironment, OfAMemberWithData) {
    tests::expect_golden("etcd/existing.env", render_etcd_environment(kNode, kFounding, StartMode::existing));
}

} // namespace
} // namespace ingot::firstboot
