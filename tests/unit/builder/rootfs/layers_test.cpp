#include "builder/rootfs/layers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/files/files.hpp"

namespace ingot::builder::rootfs {
namespace {

using namespace std::chrono_literals;

packages::Package package(const std::string& name, char hash) {
    return {.name = name, .version = "1", .architecture = "all", .size = 1, .sha256 = std::string(64, hash)};
}

TEST(LayerKey, IsTheSameForTheSameInputs) {
    const auto key = [] { return LayerKey("packages", "p").add("name", "base").add({package("apt", 'a')}); };
    EXPECT_EQ(key().hash(), key().hash());
    EXPECT_EQ(key().hash().size(), 64U);
}

TEST(LayerKey, ChangesWithEveryInput) {
    const auto base = LayerKey("packages", "p").add("name", "base").hash();
    EXPECT_NE(base, LayerKey("image", "p").add("name", "base").hash());
    EXPECT_NE(base, LayerKey("packages", "q").add("name", "base").hash());
    EXPECT_NE(base, LayerKey("packages", "p").add("name", "bas").hash());
    EXPECT_NE(LayerKey("packages", "").add({package("apt", 'a')}).hash(),
              LayerKey("packages", "").add({package("apt", 'b')}).hash());
}

TEST(LayerKey, IsNotFooledByLineEndsInAValue) {
    EXPECT_NE(LayerKey("k", "").add("a", "x\nb: y").hash(), LayerKey("k", "").add("a", "x").add("b", "y").hash());
}

class LayerCaching : public testing::Test {
  protected:
    LayerCaching() : folder_(*files::TempDir::create()), cache_(folder_.path()) {}
    Layer make(const LayerKey& key, std::string_view content) {
        const auto workspace = *cache_.workspace("x");
        EXPECT_TRUE(files::write(workspace / "upper/file", content));
        auto layer = cache_.keep(key, workspace, workspace / "upper", 1234);
        EXPECT_TRUE(layer) << layer.error().to_string();
        return *layer;
    }
    files::TempDir folder_;
    LayerCache cache_;
    LayerKey key_ = LayerKey("test", "");
};

TEST_F(LayerCaching, FindsWhatWasKept) {
    EXPECT_FALSE(cache_.find(key_.hash()));
    const auto made = make(key_, "hello");
    const auto found = cache_.find(key_.hash());
    ASSERT_TRUE(found);
    EXPECT_EQ(found->root, made.root);
    EXPECT_EQ(found->time, 1234);
    EXPECT_EQ(*files::read(found->root / "file"), "hello");
}

TEST_F(LayerCaching, ReplacesALayerThatIsMadeAgain) {
    make(key_, "one");
    make(key_, "two");
    EXPECT_EQ(*files::read(cache_.find(key_.hash())->root / "file"), "two");
}

TEST_F(LayerCaching, DoesNotSeeWhatAKilledBuildLeft) {
    const auto workspace = *cache_.workspace("dead");
    ASSERT_TRUE(files::write(workspace / "upper/file", "half"));
    EXPECT_FALSE(cache_.find(key_.hash()));
    ASSERT_TRUE(cache_.remove_leftovers());
    EXPECT_FALSE(files::exists(workspace));
}

TEST_F(LayerCaching, DoesNotTrustAFolderWithoutItsDescription) {
    ASSERT_TRUE(files::make_directory(folder_.path() / "layers" / key_.hash() / "root"));
    EXPECT_FALSE(cache_.find(key_.hash()));
}

TEST_F(LayerCaching, PrunesWhatNobodyUsedForLong) {
    make(key_, "old");
    const auto other = LayerKey("other", "");
    make(other, "new");
    std::filesystem::last_write_time(folder_.path() / "layers" / key_.hash(),
                                     std::filesystem::file_time_type::clock::now() - 48h);
    ASSERT_TRUE(cache_.prune(24h));
    EXPECT_FALSE(cache_.find(key_.hash()));
    EXPECT_TRUE(cache_.find(other.hash()));
}

} // namespace
} // namespace ingot::builder::rootfs
