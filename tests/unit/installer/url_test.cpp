#include "installer/fetch/url.hpp"

#include <gtest/gtest.h>

namespace ingot::installer {
namespace {

TEST(Address, IsTakenApart) {
    EXPECT_EQ(*parse_url("http://10.0.0.1/a/b?c"),
              (Url{.tls = false, .host = "10.0.0.1", .port = "80", .target = "/a/b?c"}));
    EXPECT_EQ(*parse_url("https://[fd00::1]:8443"),
              (Url{.tls = true, .host = "fd00::1", .port = "8443", .target = "/"}));
    EXPECT_EQ(parse_url("http://h:8080/x")->to_string(), "http://h:8080/x");
    EXPECT_EQ(parse_url("https://[fd00::1]/x")->authority(), "[fd00::1]");
    EXPECT_EQ(parse_url("http://h?x")->target, "/?x");
}

TEST(Address, ThatIsNoneIsRefused) {
    for (const auto* wrong : {"", "ftp://h/", "http://", "http:///x", "http://h:0/", "http://h:99999/", "http://h:x/",
                              "http://u:p@h/", "http://h/a b", "http://[::1/", "http://h/\x01"}) {
        EXPECT_FALSE(parse_url(wrong)) << wrong;
    }
}

TEST(Address, BesideAnother) {
    EXPECT_EQ(beside("http://h/images/db/boot.ipxe", "disk.raw.zst")->target, "/images/db/disk.raw.zst");
    EXPECT_EQ(beside("http://h/images/db/", "m")->target, "/images/db/m");
    EXPECT_EQ(beside("http://h", "m")->target, "/m");
    EXPECT_EQ(beside("http://h/a/b?x=/y", "m")->target, "/a/m");
}

TEST(Address, OfARedirection) {
    const auto from = *parse_url("http://h:81/a");
    EXPECT_EQ(redirected(from, "/b")->to_string(), "http://h:81/b");
    EXPECT_EQ(redirected(from, "https://x/b")->to_string(), "https://x/b");
    EXPECT_FALSE(redirected(from, "b"));
}

} // namespace
} // namespace ingot::installer
