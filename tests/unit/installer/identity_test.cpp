#include "common/identity/identity.hpp"

#include <gtest/gtest.h>

namespace ingot::identity {
namespace {

TEST(Mac, HasOneSpelling) {
    for (const auto* text :
         {"52:54:00:12:34:56", "52-54-00-12-34-56", "525400123456", " 52:54:00:12:34:56\n", "52-54-00-12-34-56"}) {
        EXPECT_EQ(mac_of(text), "52:54:00:12:34:56") << text;
    }
    EXPECT_EQ(mac_of("AA:BB:CC:DD:EE:FF"), "aa:bb:cc:dd:ee:ff");
    for (const auto* text : {"", "52:54:00:12:34", "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01",
                             "52:54:00:12:34:5g", "52:54:00:12:34:56:78"}) {
        EXPECT_EQ(mac_of(text), std::nullopt) << text;
    }
}

TEST(Uuid, FillersAreNone) {
    EXPECT_EQ(uuid_of("4C4C4544-0042-3510-8051-B4C04F564433"), "4c4c4544-0042-3510-8051-b4c04f564433");
    for (const auto* text :
         {"", "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff",
          "03000200-0400-0500-0006-000700080009", "Not Settable", "4c4c4544004235108051b4c04f564433",
          "4c4c4544-0042-3510-8051-b4c04f56443g", "FEFEFEFE-FEFE-FEFE-FEFE-FEFEFEFEFEFE"}) {
        EXPECT_EQ(uuid_of(text), std::nullopt) << text;
    }
}

TEST(Serial, FillersAreNone) {
    EXPECT_EQ(serial_of(" CZJ1234XYZ "), "CZJ1234XYZ");
    for (const auto* text :
         {"", "To be filled by O.E.M.", "To Be Filled By O.E.M.", "Default string", "System Serial Number",
          "0123456789", "123456789", "00000000", "None", "N/A", "1", "..", "xxxxxxxx", "bad\x01thing"}) {
        EXPECT_EQ(serial_of(text), std::nullopt) << text;
    }
}

} // namespace
} // namespace ingot::identity
