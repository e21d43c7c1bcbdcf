#include "installer/fetch/head.hpp"

#include <gtest/gtest.h>

namespace ingot::installer {
namespace {

TEST(AnswerHead, IsRead) {
    const auto head =
        parse_head("HTTP/1.1 206 Partial Content\r\nContent-Length: 10\r\ncontent-range: bytes 5-14/100\r\n"
                   "Connection: close\r\nX: y");
    ASSERT_TRUE(head);
    EXPECT_EQ(head->status, 206);
    EXPECT_EQ(head->length, 10U);
    EXPECT_EQ(head->range_first, 5U);
    EXPECT_TRUE(head->closes);
    EXPECT_FALSE(head->chunked);
    EXPECT_TRUE(parse_head("HTTP/1.0 200 OK")->closes);
    EXPECT_TRUE(parse_head("HTTP/1.1 200\nTransfer-Encoding: Chunked")->chunked);
    EXPECT_EQ(parse_head("HTTP/1.1 302 Found\nLocation: /x")->location, "/x");
}

TEST(AnswerHead, ThatIsNoneIsRefused) {
    for (const auto* wrong :
         {"", "SSH-2.0-x", "HTTP/1.1", "HTTP/1.1 abc", "HTTP/1.1 99", "HTTP/1.1 200\nContent-Length: -1",
          "HTTP/1.1 200\nContent-Length: 1\nContent-Length: 2", "HTTP/1.1 200\nTransfer-Encoding: gzip",
          "HTTP/1.1 200\nContent-Length: 99999999999999999999"}) {
        EXPECT_FALSE(parse_head(wrong)) << wrong;
    }
}

TEST(ChunkSize, IsHexadecimal) {
    EXPECT_EQ(chunk_size("1a;x=y"), 26U);
    EXPECT_EQ(chunk_size("0"), 0U);
    for (const auto* wrong : {"", "x", "-1", "1 2", "fffffffffffffffff"}) {
        EXPECT_EQ(chunk_size(wrong), std::nullopt);
    }
}

} // namespace
} // namespace ingot::installer
