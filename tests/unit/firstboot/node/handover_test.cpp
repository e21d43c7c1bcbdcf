#include "firstboot/node/handover.hpp"

#include <gtest/gtest.h>

namespace ingot::firstboot {
namespace {

TEST(Handover, SaysAgainWhatTheSetupHasFound) {
    const std::string compressed("\x1f\x8b\x00\xff packed", 11);
    const Handover handover{.metadata = {.datasource = "hetzner",
                                         .instance_id = "42",
                                         .hostname = "db-1",
                                         .user_data = compressed,
                                         .vendor_data = "#cloud-config\n"},
                            .facts = {.addresses = {"10.0.0.21", "fd00::21"},
                                      .memory_bytes = 18'446'744'073'709'551'615U,
                                      .cpus = 4,
                                      .image_role = "db"},
                            .data_instance = "41",
                            .included = {{"http://10.0.0.1/part", compressed}}};
    const auto again = handover_from_json(to_json_text(handover));
    ASSERT_TRUE(again) << again.error().to_string();
    EXPECT_EQ(again->metadata.datasource, "hetzner");
    EXPECT_EQ(again->metadata.instance_id, "42");
    EXPECT_EQ(again->metadata.hostname, "db-1");
    EXPECT_EQ(again->metadata.user_data, compressed);
    EXPECT_EQ(again->metadata.vendor_data, "#cloud-config\n");
    EXPECT_EQ(again->facts.addresses, handover.facts.addresses);
    EXPECT_EQ(again->facts.memory_bytes, handover.facts.memory_bytes);
    EXPECT_EQ(again->facts.cpus, 4U);
    EXPECT_EQ(again->facts.image_role, "db");
    EXPECT_EQ(again->data_instance, "41");
    EXPECT_EQ(again->included, handover.included);
}

TEST(Handover, ThatIsNoneIsNotTakenForOne) {
    EXPECT_FALSE(handover_from_json(""));
    EXPECT_FALSE(handover_from_json("{}"));
    EXPECT_FALSE(handover_from_json(R"({"instance_id":"1","data_instance":"1","user_data":"%"})"));
}

} // namespace
} // namespace ingot::firstboot
