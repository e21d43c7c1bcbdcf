#include "cloud-init/cluster/check.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cloud-init/cluster/cluster.hpp"

namespace ingot::cloud_init {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Check, RecognisesFilesByContent) {
    const auto made = init_cluster({.name = "orders"}, clock::SystemClock().now()).value();
    EXPECT_EQ(recognise(render_cluster(made.cluster)), FileKind::cluster);
    EXPECT_EQ(recognise(render_secrets(made.secrets).reveal()), FileKind::secrets);
    EXPECT_EQ(recognise("#cloud-config\n[broken"), FileKind::user_data);
    EXPECT_EQ(recognise("ingot: {}\n"), FileKind::user_data);
    EXPECT_EQ(recognise("hostname: a\nruncmd: []\n"), FileKind::user_data);
    EXPECT_EQ(recognise("extends: base\npackages: [vim]\n"), FileKind::role_spec);
    EXPECT_EQ(recognise("name: x\nnetwrk: 10.0.0.0/8\ntopology: {}\n"), FileKind::cluster);
    for (const auto* text : {"", "a: b\n", "just words", "[1, 2]", "\xff"}) {
        EXPECT_EQ(recognise(text), FileKind::unknown) << text;
    }
}

TEST(Check, AppliesTheRulesOfTheKind) {
    EXPECT_THAT(check_text("#cloud-config\nhostname: a b\nfqdn: ..\n", "f").faults,
                ElementsAre(HasSubstr("f:2:11: "), HasSubstr("f:3:7: ")));
    EXPECT_THAT(check_text("hostname: a\n", "f").faults,
                ElementsAre(HasSubstr("first line has to be #cloud-config")));
    EXPECT_THAT(check_text("#cloud-config\nsnap: {}\n", "f").warnings, testing::Contains(HasSubstr("f:2:1: 'snap'")));
    EXPECT_THAT(check_text("a: b\n", "f").faults, ElementsAre(HasSubstr("f: no file of Ingot")));
    EXPECT_THAT(check_text("a: [b\n", "f").faults, ElementsAre(HasSubstr("f:2:1: '[' without its ']'")));
    const auto made = init_cluster({.name = "orders"}, clock::SystemClock().now()).value();
    EXPECT_THAT(check_text(render_cluster(made.cluster), "f").faults, IsEmpty());
    EXPECT_THAT(check_text(render_secrets(made.secrets).reveal(), "f").faults, IsEmpty());
}

} // namespace
} // namespace ingot::cloud_init
