#include "builder/packages/package_json.hpp"
#include "builder/packages/package_set.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::builder::packages {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

const std::string kHash(64, 'a');
const std::string kOther(64, 'b');

Package package(std::string name, std::string hash = kHash) {
    return {.name = std::move(name), .version = "1", .architecture = "amd64", .size = 10, .sha256 = std::move(hash)};
}

TEST(PackageSet, ReadsWhatAptPrints) {
    const auto set =
        parse_uris("'http://m/pool/z/zlib/zlib1g_1.3.1%2bdfsg-1_amd64.deb' zlib1g_1%3a1.3.1+dfsg-1_amd64.deb 88752 "
                   "SHA256:" +
                   kHash +
                   "\n"
                   "'http://m/pool/a/adduser/adduser_3.152_all.deb' adduser_3.152_all.deb 190932 SHA256:" +
                   kOther + "\n");
    ASSERT_TRUE(set) << set.error().to_string();
    ASSERT_THAT(*set, SizeIs(2));
    EXPECT_EQ(set->at(0).name, "adduser") << "sorted by name";
    const auto& zlib = set->at(1);
    EXPECT_EQ(zlib.version, "1:1.3.1+dfsg-1");
    EXPECT_EQ(zlib.architecture, "amd64");
    EXPECT_EQ(zlib.size, 88752U);
    EXPECT_EQ(zlib.sha256, kHash);
    EXPECT_EQ(zlib.file_name(), "zlib1g_1%3a1.3.1+dfsg-1_amd64.deb");
    EXPECT_EQ(total_size(*set), 88752U + 190932U);
}

TEST(PackageSet, LeavesOutOurOwnPackageButNotThatOfALocalMirror) {
    const auto line = [](const char* path, const char* file) {
        return "'file:" + std::string(path) + "' " + file + " 744 SHA256:" + kHash + "\n";
    };
    const auto set = parse_uris(line("/x/ingot-agent_0.1_amd64.deb", "ingot-agent_0.1_amd64.deb") +
                                    line("/mirror/pool/apt_3_amd64.deb", "apt_3_amd64.deb"),
                                {"ingot-agent"});
    ASSERT_TRUE(set) << set.error().to_string();
    ASSERT_THAT(*set, SizeIs(1));
    EXPECT_EQ(set->front().name, "apt");
}

TEST(PackageSet, RefusesALineWithoutAHashThatCountsAsOne) {
    for (const auto* line :
         {"'http://m/a_1_all.deb' a_1_all.deb 10 MD5Sum:abc\n", "'http://m/a_1_all.deb' a_1_all.deb 10\n",
          "'http://m/a_1_all.deb' a_1_all.deb x SHA256:00\n", "'http://m/a.deb' a.deb 10 SHA256:00\n", "'broken\n"}) {
        EXPECT_FALSE(parse_uris(line)) << line;
    }
}

TEST(PackageSet, OfARoleIsWhatItAddsToTheLayerBelow) {
    const auto rest =
        difference({package("apt"), package("bash"), package("etcd")}, {package("apt"), package("bash")});
    ASSERT_TRUE(rest);
    ASSERT_THAT(*rest, SizeIs(1));
    EXPECT_EQ(rest->front().name, "etcd");
}

TEST(PackageSet, OfARoleMustNotChangeTheLayerBelow) {
    EXPECT_THAT(difference({package("apt", kOther)}, {package("apt")}).error().message, HasSubstr("apt"));
    EXPECT_FALSE(difference({package("bash")}, {package("apt")}));
}

TEST(PackageSet, SurvivesJson) {
    const PackageSet set = {package("a"), package("b", kOther)};
    const auto back = from_json(to_json(set));
    ASSERT_TRUE(back) << back.error().to_string();
    EXPECT_EQ(*back, set);
    EXPECT_FALSE(from_json(json::Json::parse(R"([{"name":"a","version":"1","sha256":"short"}])")));
    EXPECT_FALSE(from_json(json::Json::object()));
}

TEST(PackageSet, MarksWhatNobodyAskedForAsAutomatic) {
    EXPECT_EQ(render_extended_states({package("apt"), package("libapt")}, {"apt"}, "amd64"),
              "Package: libapt\nArchitecture: amd64\nAuto-Installed: 1\n\n");
}

} // namespace
} // namespace ingot::builder::packages
