#include "builder/inspect/diff.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/text/text.hpp"
#include "tests/support/golden.hpp"
#include "tests/unit/builder/inspect/example.hpp"

namespace ingot::builder::inspect {
namespace {

/// The example after an upgrade.
Image later_image() {
    auto image = example_image();
    auto& listing = image.listing;
    auto& status = listing.contents["/var/lib/dpkg/status"];
    status = text::replace_all(status, "Version: 17.1-1", "Version: 17.2-1");
    status = text::replace_all(status, "Version: 1.2-3", "Version: 1.2~rc1-1");
    status = text::replace_all(status, "Package: sudo\n", "Package: doas\n");
    std::erase_if(listing.entries, [](const Entry& entry) {
        return entry.path.ends_with("wants/ssh.service") || entry.path == "/usr/bin/<odd> \"name\"";
    });
    for (auto& entry : listing.entries) {
        if (entry.path == "/usr/bin/database") {
            entry.digest = std::string(64, 'b');
            entry.size += 500'000;
        }
        if (entry.path == "/usr/bin/ingot-agent") { entry.mode = 04755; }
        if (entry.path == "/usr") { entry.mtime = 77; } // dates do not count
    }
    listing.entries.push_back(file("/var/new", 5, 5));
    listing.image_size += 123'000;
    return image;
}

TEST(Difference, OfAnImageToItselfIsNone) {
    const auto difference = compare(example_image(), example_image(), "a", "b");
    EXPECT_TRUE(difference.empty());
    EXPECT_EQ(render_text(difference, false), "a and b hold the same.\n");
}

TEST(Difference, NamesWhatWentUpDownInAndOut) {
    const auto difference = compare(example_image(), later_image(), "monday", "friday");
    EXPECT_FALSE(difference.empty());
    tests::expect_golden("inspect/diff.txt", render_text(difference, true));
}

TEST(Difference, AsJson) {
    tests::expect_golden("inspect/diff.json",
                         json::to_text(to_json(compare(example_image(), later_image(), "monday", "friday"))));
}

} // namespace
} // namespace ingot::builder::inspect
