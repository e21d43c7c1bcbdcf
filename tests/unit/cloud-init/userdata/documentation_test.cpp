// docs/user-data.md says about every key what the program says.
#include <algorithm>

#include <gtest/gtest.h>

#include "cloud-init/userdata/key_tables.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"
#include "tests/places/places.hpp"

namespace ingot::cloud_init {
namespace {

TEST(Documentation, HasARowForEveryKeyThatIsApplied) {
    const auto page = files::read(tests::source_dir() / "docs/user-data.md").value();
    for (const auto& key : applied_keys()) {
        const auto row =
            text::format("| `{}` | {} | {} | {} | {} |\n", key.name, key.type, key.fallback,
                         key.example.empty() ? std::string() : text::format("`{}`", key.example), key.meaning);
        EXPECT_NE(page.find(row), std::string::npos) << "docs/user-data.md lacks this row:\n" << row;
    }
}

TEST(Documentation, EveryKeyHasATypeAndAMeaningAndIsApplied) {
    for (const auto& key : applied_keys()) {
        EXPECT_FALSE(key.type.empty()) << key.name;
        EXPECT_FALSE(key.meaning.empty()) << key.name;
        EXPECT_EQ(std::ranges::find(known_keys(), key.name), known_keys().end()) << key.name;
    }
}

} // namespace
} // namespace ingot::cloud_init
