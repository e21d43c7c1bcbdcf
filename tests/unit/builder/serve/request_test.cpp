#include "builder/serve/model/request.hpp"

#include <gtest/gtest.h>

namespace ingot::builder::serve {
namespace {

TEST(Routes, AreFewAndExact) {
    EXPECT_EQ(route_of("/boot.ipxe").route, Route::first_script);
    EXPECT_EQ(route_of("/ipxe").route, Route::order);
    EXPECT_EQ(route_of("/status").route, Route::status);
    EXPECT_EQ(route_of("/loader/snponly.efi").second, "snponly.efi");
    const auto image = route_of("/images/db/disk.raw.zst");
    EXPECT_EQ(image.route, Route::image);
    EXPECT_EQ(image.first, "db");
    EXPECT_EQ(image.second, "disk.raw.zst");
    EXPECT_EQ(route_of("/seed/abc/user-data").route, Route::seed);
    EXPECT_EQ(route_of("/report/abc").route, Route::report);
    for (const auto* path :
         {"", "/", "boot.ipxe", "//boot.ipxe", "/images/db", "/images/db/", "/images//x", "/images/../x",
          "/images/db/..", "/images/db/.serve-state.json", "/images/db/a/b", "/images/DB/x", "/images/db/a b",
          "/loader/", "/loader/../x", "/seed//user-data", "/report/", "/images/db/%2e%2e", "/images/db/a\\b"}) {
        EXPECT_EQ(route_of(path).route, Route::none) << path;
    }
    EXPECT_EQ(route_of("/images/db/" + std::string(1000, 'a')).route, Route::none);
}

TEST(Ranges, OfAFile) {
    constexpr std::uint64_t kSize = 100;
    const RangeAnswer whole{.kind = RangeKind::whole, .part = {0, kSize}};
    const auto part = [](std::uint64_t offset, std::uint64_t length) {
        return RangeAnswer{.kind = RangeKind::part, .part = {offset, length}};
    };
    const RangeAnswer none{.kind = RangeKind::unsatisfiable};
    struct Row {
        const char* header;
        RangeAnswer expected;
    };
    for (const auto& row :
         {Row{"", whole}, Row{"bytes=0-9", part(0, 10)}, Row{"bytes=90-", part(90, 10)},
          Row{"bytes=90-200", part(90, 10)}, Row{"bytes=-10", part(90, 10)}, Row{"bytes=-200", part(0, 100)},
          Row{"bytes=99-99", part(99, 1)}, Row{"bytes=100-", none}, Row{"bytes=-0", none}, Row{"bytes=5-4", whole},
          Row{"bytes=0-1,5-6", whole}, Row{"bytes=a-b", whole}, Row{"bytes=-", whole}, Row{"bytes", whole},
          Row{"lines=0-9", whole}, Row{"bytes=+1-2", whole}, Row{"bytes=1-2x", whole},
          Row{"bytes=99999999999999999999-", whole}}) {
        EXPECT_EQ(range_of(row.header, kSize), row.expected) << row.header;
    }
    EXPECT_EQ(range_of("bytes=0-", 0), none);
}

TEST(Hosts, AreWhatCanBeToldAgain) {
    for (const auto* good : {"10.0.0.1:8080", "server", "[fd00::1]:80"}) { EXPECT_TRUE(is_host(good)) << good; }
    for (const auto* bad : {"", "a b", "a/b", "a\nset x y", "${x}", "a@b"}) { EXPECT_FALSE(is_host(bad)) << bad; }
}

TEST(LogText, IsPrintableAndEnds) {
    EXPECT_EQ(printable("a\x1b[31m\nb"), "a?[31m?b");
    EXPECT_LE(printable(std::string(5000, 'x')).size(), 210U);
}

} // namespace
} // namespace ingot::builder::serve
