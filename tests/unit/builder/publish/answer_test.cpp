#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "builder/publish/hetzner/answer.hpp"
#include "builder/publish/hetzner/api.hpp"
#include "common/text/text.hpp"

namespace {

using namespace ingot;
using namespace ingot::builder::publish::hetzner;
using namespace std::chrono_literals;
using testing::HasSubstr;

const clock::WallTime kNow{std::chrono::seconds(1'000'000)};

http::Response error(int status, const std::string& code) {
    return {.status = status, .body = text::format(R"({{"error":{{"code":"{}","message":"why"}}}})", code)};
}

TEST(Answers, SayWhatMayBeDoneNext) {
    const std::vector<std::tuple<http::Response, Verdict>> rows = {
        {{.status = 201, .body = R"({"server":{}})"}, Verdict::good},
        {{.status = 204, .body = ""}, Verdict::good},
        {{.status = 200, .body = "{"}, Verdict::unclear},
        {{.status = 200, .body = "[]"}, Verdict::unclear},
        {error(423, "locked"), Verdict::again},
        {error(409, "conflict"), Verdict::again},
        {error(429, "rate_limit_exceeded"), Verdict::again},
        {{.status = 429, .body = "slow down"}, Verdict::again},
        {error(503, "maintenance"), Verdict::again},
        {error(412, "resource_unavailable"), Verdict::out_of_stock},
        {error(422, "placement_error"), Verdict::out_of_stock},
        {error(409, "uniqueness_error"), Verdict::taken},
        {error(404, "not_found"), Verdict::gone},
        {{.status = 404, .body = ""}, Verdict::gone},
        {error(500, "server_error"), Verdict::unclear},
        {error(504, "timeout"), Verdict::unclear},
        {{.status = 502, .body = "<html>"}, Verdict::unclear},
        {error(401, "unauthorized"), Verdict::hopeless},
        {error(403, "resource_limit_exceeded"), Verdict::hopeless},
        {error(422, "invalid_input"), Verdict::hopeless},
        {{.status = 301, .body = ""}, Verdict::hopeless},
    };
    for (const auto& [response, verdict] : rows) {
        EXPECT_EQ(judge(response, kNow).verdict, verdict) << response.status << response.body;
    }
    EXPECT_EQ(judge(fail(ErrorKind::transient, "timed out"), kNow).verdict, Verdict::unclear);
    EXPECT_EQ(judge(fail(ErrorKind::refused, "certificate"), kNow).verdict, Verdict::hopeless);
}

TEST(Answers, NameTheFieldsThatWereWrong) {
    const http::Response response{
        .status = 422, .body = R"({"error":{"code":"invalid_input","message":"invalid input in field 'labels'",
                   "details":{"fields":[{"name":"labels","messages":["not a label","too long"]}]}}})"};
    EXPECT_THAT(judge(response, kNow).message, HasSubstr("labels: not a label, too long"));
}

TEST(Answers, WaitAsLongAsTheRateLimitSaysButNotForEver) {
    auto limited = error(429, "rate_limit_exceeded");
    EXPECT_FALSE(judge(limited, kNow).wait);
    limited.headers["ratelimit-reset"] = "1000005";
    EXPECT_EQ(judge(limited, kNow).wait, 5s);
    limited.headers["ratelimit-reset"] = "1009999";
    EXPECT_EQ(judge(limited, kNow).wait, 120s);
    limited.headers["ratelimit-reset"] = "soon";
    EXPECT_FALSE(judge(limited, kNow).wait);
}

TEST(Backoff, DoublesUpToALimitWithJitter) {
    EXPECT_EQ(backoff(1, 1s, 30s, 0, std::nullopt), 1s);
    EXPECT_EQ(backoff(4, 1s, 30s, 0, std::nullopt), 8s);
    EXPECT_EQ(backoff(40, 1s, 30s, 0, std::nullopt), 30s);
    EXPECT_EQ(backoff(3, 1s, 30s, 1, std::nullopt), 2s);
    EXPECT_EQ(backoff(1, 1s, 30s, 0, 7s), 7s);
}

TEST(Endpoint, NeverGetsATokenInClearButOnThisMachine) {
    EXPECT_TRUE(check_endpoint("https://api.hetzner.cloud/v1"));
    EXPECT_TRUE(check_endpoint("http://127.0.0.1:4000/v1"));
    EXPECT_TRUE(check_endpoint("http://[::1]/v1"));
    for (const auto* bad : {"http://api.hetzner.cloud/v1", "http://127.0.0.1.example.org/v1", "http://localhost.evil",
                            "ftp://127.0.0.1", ""}) {
        EXPECT_FALSE(check_endpoint(bad)) << bad;
    }
}

} // namespace
