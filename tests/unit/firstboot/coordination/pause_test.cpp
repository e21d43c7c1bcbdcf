#include "firstboot/coordination/pause.hpp"

#include <gtest/gtest.h>

namespace ingot::firstboot {
namespace {

TEST(PauseBoard, ReadsWhatInitiatorAndProxiesWrote) {
    const Listing listing{
        .entries = {{.key = "/ingot/orders/switchover/pause", .value = R"({"id":"a1","by":"db-1"})"},
                    {.key = "/ingot/orders/switchover/paused/proxy-1", .value = R"({"id":"a1","state":"paused"})"},
                    {.key = "/ingot/orders/switchover/paused/proxy-2", .value = R"({"id":"a1","state":"busy"})"},
                    {.key = "/ingot/orders/switchover/paused/proxy-3", .value = "rubbish"},
                    {.key = "/ingot/other/switchover/pause", .value = R"({"id":"b"})"}},
        .revision = 7};
    const auto board = pause_board_from("orders", listing);
    ASSERT_TRUE(board.request.has_value());
    EXPECT_EQ(board.request->id, "a1");
    EXPECT_EQ(board.request->by, "db-1");
    ASSERT_EQ(board.answers.size(), 2U);
    EXPECT_EQ(board.revision, 7);

    const auto all = tally(board, "a1", {"proxy-1", "proxy-2", "proxy-3"});
    EXPECT_EQ(all.busy, std::vector<std::string>{"proxy-2"});
    EXPECT_EQ(all.silent, std::vector<std::string>{"proxy-3"});
    EXPECT_FALSE(all.complete());
    EXPECT_TRUE(tally(board, "a1", {"proxy-1"}).complete());
    // Answers to an earlier request do not count.
    EXPECT_FALSE(tally(board, "a2", {"proxy-1"}).complete());
    EXPECT_TRUE(tally(board, "a2", {}).complete());
}

} // namespace
} // namespace ingot::firstboot
