#include "firstboot/coordination/gateway.hpp"

#include <gtest/gtest.h>

#include "common/crypto/crypto.hpp"

namespace ingot::firstboot::gateway {
namespace {

TEST(GatewayPrefix, EndsAtTheLastBytePlusOne) {
    EXPECT_EQ(prefix_end("/ingot/a/"), "/ingot/a0");
    EXPECT_EQ(prefix_end("a\xff"), "b");
    EXPECT_EQ(prefix_end("\xff\xff"), std::string(1, '\0'));
    EXPECT_EQ(prefix_end(""), std::string(1, '\0'));
}

TEST(GatewayPrefix, AnEmptyPrefixIsEveryKey) {
    const auto range = prefix_range("");
    EXPECT_EQ(json::string_at(range, "key"), "AA==");
    EXPECT_EQ(json::string_at(range, "range_end"), "AA==");
}

struct ErrorCase {
    std::string name;
    int status;
    std::string body;
    ErrorKind kind;
    std::string message;
};

class GatewayErrors : public testing::TestWithParam<ErrorCase> {};

TEST_P(GatewayErrors, AreToldApartByCodeAndMessageNotByStatus) {
    const auto& expected = GetParam();
    const auto answer = interpret({.status = expected.status, .body = expected.body}, "etcd");
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(to_string(answer.error().kind), to_string(expected.kind));
    if (!expected.message.empty()) { EXPECT_EQ(answer.error().to_string(), expected.message); }
}

INSTANTIATE_TEST_SUITE_P(
    Table, GatewayErrors,
    testing::Values(
        ErrorCase{"NoLeader", 503, R"({"error":"etcdserver: no leader","message":"etcdserver: no leader","code":14})",
                  ErrorKind::transient, "etcd: etcdserver: no leader"},
        ErrorCase{"NoLeaderOfTheSecondGateway", 503, R"({"code":14,"message":"etcdserver: no leader"})",
                  ErrorKind::transient, "etcd: etcdserver: no leader"},
        ErrorCase{"PreconditionAs412", 412, R"({"error":"etcdserver: not leader","code":9})", ErrorKind::tool_failed,
                  "etcd: etcdserver: not leader"},
        ErrorCase{"PreconditionAs400", 400, R"({"error":"x","message":"etcdserver: not leader","code":9})",
                  ErrorKind::tool_failed, "etcd: etcdserver: not leader"},
        ErrorCase{"LeaseGone", 404, R"({"error":"etcdserver: requested lease not found","code":5})",
                  ErrorKind::not_found, "etcd: etcdserver: requested lease not found"},
        ErrorCase{"StreamError", 503, R"({"error":{"grpc_code":14,"http_code":503,"message":"leader changed"}})",
                  ErrorKind::transient, "etcd: leader changed"},
        ErrorCase{"LessorMoved", 500, R"({"code":2,"message":"etcdserver: not a primary lessor"})",
                  ErrorKind::transient, "etcd: etcdserver: not a primary lessor"},
        ErrorCase{"Forbidden", 403, R"({"error":"etcdserver: permission denied","code":7})", ErrorKind::refused,
                  "etcd: etcdserver: permission denied"},
        ErrorCase{"PlainText", 421, "host not allowed\n", ErrorKind::transient, "etcd: HTTP 421: host not allowed"},
        ErrorCase{"BrokenGoodAnswer", 200, "{", ErrorKind::transient, ""}),
    [](const auto& test) { return test.param.name; });

std::vector<std::string> split_in_pieces_of(std::string_view stream, std::size_t size) {
    ObjectSplitter splitter;
    std::vector<std::string> objects;
    for (std::size_t at = 0; at < stream.size(); at += size) {
        splitter.feed(stream.substr(at, size), [&objects](std::string_view object) {
            objects.emplace_back(object);
            return true;
        });
    }
    return objects;
}

TEST(ObjectSplitter, CutsObjectsWhereverTheChunksEnd) {
    const std::string first = R"({"result":{"text":"} \" { \\"}})";
    const std::string second = R"({"result":{}})";
    for (std::size_t size = 1; size < first.size() + second.size(); ++size) {
        EXPECT_EQ(split_in_pieces_of(first + "\n" + second + "\n", size), (std::vector<std::string>{first, second}))
            << "in pieces of " << size;
    }
}

TEST(ObjectSplitter, StopsWhenTheTakerHasEnough) {
    ObjectSplitter splitter;
    int taken = 0;
    EXPECT_FALSE(splitter.feed("{}{}", [&taken](std::string_view) {
        ++taken;
        return false;
    }));
    EXPECT_EQ(taken, 1);
}

TEST(WatchNews, TellsAChangeFromSilenceAndFromALostWatch) {
    EXPECT_EQ(read_watch(R"({"result":{"header":{},"created":true}})"), WatchNews::nothing);
    EXPECT_EQ(read_watch(R"({"result":{"header":{},"events":[{"kv":{}}]}})"), WatchNews::change);
    EXPECT_EQ(read_watch(R"({"result":{"canceled":true,"compact_revision":"7"}})"), WatchNews::change);
    EXPECT_EQ(read_watch(R"({"result":{"canceled":true}})"), WatchNews::lost);
    EXPECT_EQ(read_watch(R"({"error":{"grpc_code":14}})"), WatchNews::lost);
    EXPECT_EQ(read_watch("nonsense"), WatchNews::lost);
}

} // namespace
} // namespace ingot::firstboot::gateway
