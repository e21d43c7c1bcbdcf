// Each provider's datasource against a service that is slow, broken, somebody else's or not there. What counts: how
// long it takes, what kind of error it is, and whether the sentence says what is the matter.
//
// Which test has what (N: here; M: media_test.cpp, for seeds on a real iso9660 or vfat; -: there is no such thing
// there):
//
//                       Hetzner  EC2  NoCloud URL  NoCloud medium  ConfigDrive
//   slow                   N      N        N            -               -
//   too slow as a whole    N      N        N            -               -
//   404, then 200          N      N        N       M (comes later)  M (comes later)
//   500                    N      N        N       M (unreadable)   M (unreadable)
//   truncated              N      N        N            M               M
//   garbage                N      N        N            M               M
//   too large              N      N        N            M               M
//   redirect               N      N        N            -               -
//   wrong identity         N      N   - (it has none)   -               M
//   never answers          N      N        N            M               M
//   nobody there           N      N        N            M               M
#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/process/process.hpp"
#include "common/text/text.hpp"
#include "firstboot/datasource/datasource.hpp"
#include "tests/component/datasource/metadata_service.hpp"
#include "tests/unit/firstboot/fakes.hpp"

namespace ingot::firstboot {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr auto kPatience = 6s; ///< one try of a datasource whose service is not slow on purpose

struct Tried {
    Result<Metadata> result;
    std::chrono::steady_clock::duration time;
    [[nodiscard]] std::string sentence() const { return result ? "no error" : result.error().to_string(); }
};

class Services : public testing::Test {
  protected:
    static void SetUpTestSuite() { allowed_ = test::enter_metadata_network(); }
    void SetUp() override {
        if (!allowed_) { GTEST_SKIP() << "needs root, for a network namespace"; }
        world_.write("/sys/class/net/ve0/type", "1\n");
        world_.write("/sys/class/net/ve0/operstate", "up\n");
        world_.write("/sys/class/block/.exists", "");
    }
    void firmware(const std::string& vendor, const std::string& serial = {}, const std::string& tag = {}) {
        world_.write("/sys/class/dmi/id/sys_vendor", vendor + "\n");
        world_.write("/sys/class/dmi/id/product_serial", serial + "\n");
        world_.write("/sys/class/dmi/id/board_asset_tag", tag + "\n");
    }
    Tried try_once(std::chrono::seconds patience = kPatience) {
        Environment environment{.root = world_.environment.root,
                                .processes = world_.processes,
                                .services = world_.services,
                                .clock = clock_,
                                .make_http = [] { return std::make_unique<http::CurlClient>(); }};
        const auto begin = std::chrono::steady_clock::now();
        auto result = read_datasource(environment);
        const auto time = std::chrono::steady_clock::now() - begin;
        EXPECT_LT(time, patience) << (result ? "no error" : result.error().to_string());
        return {.result = std::move(result), .time = time};
    }
    void expect_error(const test::MetadataService::Answer& answer, ErrorKind kind, const std::string& sentence) {
        const test::MetadataService service(answer);
        const auto tried = try_once();
        ASSERT_FALSE(tried.result.has_value()) << sentence;
        EXPECT_EQ(to_string(tried.result.error().kind), to_string(kind)) << tried.sentence();
        EXPECT_THAT(tried.sentence(), HasSubstr(sentence));
    }

    /// `good`, but one path is answered otherwise.
    static test::MetadataService::Answer except(test::MetadataService::Answer good, std::string end,
                                                test::Reply reply) {
        return [good = std::move(good), end = std::move(end), reply = std::move(reply)](const test::Asked& asked) {
            return asked.path.ends_with(end) ? reply : good(asked);
        };
    }
    static test::MetadataService::Answer delayed(test::MetadataService::Answer good,
                                                 std::chrono::milliseconds delay) {
        return [good = std::move(good), delay](const test::Asked& asked) {
            auto reply = good(asked);
            reply.delay = delay;
            return reply;
        };
    }

    static inline bool allowed_ = false;
    test::World world_{};
    clock::SystemClock clock_{};
};

// ---- Hetzner --------------------------------------------------------------------------------------

test::Reply hetzner(const test::Asked& asked) {
    if (asked.method != "GET") { return {.status = 405}; }
    if (asked.path == "/hetzner/v1/metadata") { return {.body = "instance-id: 4711\nhostname: db-1\n"}; }
    if (asked.path == "/hetzner/v1/userdata") { return {.body = "#cloud-config\n"}; }
    if (asked.path == "/hetzner/v1/metadata/private-networks") { return {.body = "[]"}; }
    return {.status = 404, .body = "not found"};
}

class Hetzner : public Services {
  protected:
    void SetUp() override {
        Services::SetUp();
        firmware("Hetzner", "4711");
    }
    static test::MetadataService::Answer with(std::function<test::Reply(test::Reply)> change) {
        return [change = std::move(change)](const test::Asked& asked) { return change(hetzner(asked)); };
    }
};

TEST_F(Hetzner, IsRead) {
    const test::MetadataService service(hetzner);
    const auto tried = try_once();
    ASSERT_TRUE(tried.result.has_value()) << tried.sentence();
    EXPECT_EQ(tried.result->instance_id, "4711");
    EXPECT_EQ(tried.result->place, "http://169.254.169.254/hetzner/v1/");
}

TEST_F(Hetzner, IsWaitedForWhileItIsSlow) {
    const test::MetadataService service(with([](test::Reply reply) {
        reply.delay = 700ms;
        return reply;
    }));
    EXPECT_TRUE(try_once().result.has_value());
}

TEST_F(Hetzner, IsTakenWhenItAnswersAtLast) {
    std::atomic<int> count = 0;
    const test::MetadataService service(
        [&count](const test::Asked& asked) { return ++count == 1 ? test::Reply{.status = 404} : hetzner(asked); });
    const auto first = try_once();
    EXPECT_EQ(first.result.error().kind, ErrorKind::transient);
    EXPECT_THAT(first.sentence(), HasSubstr("GET http://169.254.169.254/hetzner/v1/metadata: HTTP 404"));
    EXPECT_TRUE(try_once().result.has_value());
}

TEST_F(Hetzner, SaysWhatIsTheMatter) {
    expect_error(with([](test::Reply) { return test::Reply{.status = 500}; }), ErrorKind::transient, "HTTP 500");
    expect_error(with([](test::Reply reply) {
                     reply.cut = 5;
                     return reply;
                 }),
                 ErrorKind::transient, "http://169.254.169.254/hetzner/v1/metadata: ");
    expect_error(with([](test::Reply) { return test::Reply{.body = "<html>: [<body>"}; }), ErrorKind::transient,
                 "gives what is no metadata");
    expect_error(
        with([](test::Reply) { return test::Reply{.status = 301, .headers = {"Location: http://192.0.2.1/"}}; }),
        ErrorKind::transient, "HTTP 301, which leads to http://192.0.2.1/; redirects are not followed");
    expect_error(with([](test::Reply reply) {
                     reply.body += std::string(std::size_t{2} << 20U, '#');
                     return reply;
                 }),
                 ErrorKind::transient, "larger than");
    expect_error(with([](test::Reply) { return test::Reply{.silent = true}; }), ErrorKind::transient, "imed out");
}

TEST_F(Hetzner, IsNeverTakenWithoutItsUserDataOrNetworks) {
    const std::string base = "http://169.254.169.254/hetzner/v1/";
    for (const std::string path : {"userdata", "metadata/private-networks"}) {
        expect_error(except(hetzner, path, {.status = 500}), ErrorKind::transient, base + path + ": HTTP 500");
        expect_error(except(hetzner, path, {.body = "#cloud-config\n", .cut = 3}), ErrorKind::transient, base + path);
        expect_error(except(hetzner, path, {.status = 302, .headers = {"Location: /login"}}), ErrorKind::transient,
                     "HTTP 302, which leads to /login");
        expect_error(except(hetzner, path, {.silent = true}), ErrorKind::transient, "imed out");
        expect_error(except(hetzner, path, {.body = std::string(std::size_t{2} << 20U, 'x')}), ErrorKind::transient,
                     "larger than");
    }
    expect_error(except(hetzner, "private-networks", {.body = "- {a: [\n"}), ErrorKind::transient,
                 "gives what is no metadata: private-networks:");
}

TEST_F(Hetzner, IsReadInSevenSecondsWhenEachAnswerTakesAlmostTooLong) {
    const test::MetadataService service(delayed(hetzner, 1600ms));
    EXPECT_TRUE(try_once(7s).result.has_value());
}

TEST_F(Hetzner, OfAnotherMachineIsRefused) {
    firmware("Hetzner", "4712");
    expect_error(hetzner, ErrorKind::refused,
                 "the metadata service says instance 4711, and this machine's serial number is 4712");
}

TEST_F(Hetzner, IsNotThereIsSaidAtOnce) {
    const auto tried = try_once();
    ASSERT_FALSE(tried.result.has_value());
    EXPECT_LT(tried.time, 1s);
    EXPECT_THAT(tried.sentence(), HasSubstr("asking Hetzner's metadata service: "));
}

TEST_F(Hetzner, AnswersOnTheLinkWhereIpv4IsSilent) {
    const test::MetadataService service([](const test::Asked& asked) {
        const auto host = asked.headers.find("host");
        const bool ipv4 = host != asked.headers.end() && host->second.starts_with("169.");
        return ipv4 ? test::Reply{.silent = true} : hetzner(asked);
    });
    const auto tried = try_once();
    ASSERT_TRUE(tried.result.has_value()) << tried.sentence();
    EXPECT_EQ(tried.result->place, "http://[fe80::a9fe:a9fe%25ve0]/hetzner/v1/");
}

// ---- EC2 ------------------------------------------------------------------------------------------

test::Reply ec2(const test::Asked& asked) {
    if (asked.path == "/latest/api/token") {
        const bool right = asked.method == "PUT" && asked.headers.contains("x-aws-ec2-metadata-token-ttl-seconds");
        return right ? test::Reply{.body = "secret-token"} : test::Reply{.status = 405};
    }
    const auto token = asked.headers.find("x-aws-ec2-metadata-token");
    if (token == asked.headers.end() || token->second != "secret-token") { return {.status = 401}; }
    const std::string base = "/2021-03-23/";
    static const std::map<std::string, std::string> kAnswers{
        {"dynamic/instance-identity/document", R"({"instanceId": "i-0abc", "region": "eu-1"})"},
        {"meta-data/local-hostname", "ip-10-0-0-5.internal"},
        {"meta-data/public-keys/", "0=mine"},
        {"meta-data/public-keys/0/openssh-key", "ssh-ed25519 AAAA mine\n"},
        {"meta-data/network/interfaces/macs/", "0A:00:00:00:00:01/"},
        {"meta-data/network/interfaces/macs/0a:00:00:00:00:01/device-number", "0"},
        {"meta-data/network/interfaces/macs/0a:00:00:00:00:01/local-ipv4s", "10.0.0.5"},
        {"user-data", "#cloud-config\n"}};
    const auto found = kAnswers.find(asked.path.substr(std::min(base.size(), asked.path.size())));
    if (!asked.path.starts_with(base) || found == kAnswers.end()) { return {.status = 404}; }
    return {.body = found->second};
}

class Ec2 : public Services {
  protected:
    void SetUp() override {
        Services::SetUp();
        firmware("Amazon EC2", "", "i-0abc");
    }
};

TEST_F(Ec2, IsReadWithATokenOnly) {
    const test::MetadataService service(ec2);
    const auto tried = try_once();
    ASSERT_TRUE(tried.result.has_value()) << tried.sentence();
    EXPECT_EQ(tried.result->instance_id, "i-0abc");
    EXPECT_EQ(tried.result->hostname, "ip-10-0-0-5.internal");
    EXPECT_EQ(tried.result->public_keys, std::vector<std::string>{"ssh-ed25519 AAAA mine"});
    EXPECT_THAT(tried.result->network->text, HasSubstr("0a:00:00:00:00:01"));
    for (const auto& asked : service.asked()) {
        EXPECT_TRUE(asked.method == "PUT" || asked.headers.contains("x-aws-ec2-metadata-token")) << asked.path;
    }
}

TEST_F(Ec2, SaysWhatIsTheMatterAndNeverFallsBackToVersion1) {
    const auto token_fails = [](test::Reply reply) {
        return [reply](const test::Asked& asked) { return asked.path == "/latest/api/token" ? reply : ec2(asked); };
    };
    expect_error(token_fails({.status = 403}), ErrorKind::transient, "switched off for this instance (HTTP 403)");
    expect_error(token_fails({.status = 404}), ErrorKind::transient, "gives no session token (HTTP 404)");
    expect_error(token_fails({.status = 500}), ErrorKind::transient, "gives no session token (HTTP 500)");
    expect_error(token_fails({.body = ""}), ErrorKind::transient, "gives no session token");
    expect_error(token_fails({.body = "<html>\n<body>"}), ErrorKind::transient, "gives no session token (HTTP 200)");
    expect_error(token_fails({.status = 307, .headers = {"Location: http://192.0.2.1/"}}), ErrorKind::transient,
                 "gives no session token (HTTP 307, which leads to http://192.0.2.1/; redirects are not followed)");
    expect_error(token_fails({.body = std::string(8192, 'x')}), ErrorKind::transient, "larger than");
    expect_error(token_fails({.body = "secret-token", .cut = 6}), ErrorKind::transient, "latest/api/token: ");
    expect_error(token_fails({.silent = true}), ErrorKind::transient, "imed out");
    expect_error(
        [](const test::Asked& asked) {
            return asked.path == "/latest/api/token" ? ec2(asked) : test::Reply{.status = 500};
        },
        ErrorKind::transient, "HTTP 500");
    expect_error(
        [](const test::Asked& asked) {
            return asked.path == "/latest/api/token" ? ec2(asked) : test::Reply{.body = "<html>"};
        },
        ErrorKind::transient, "it names no instance-id");
    for (const std::string path : {"instance-identity/document", "meta-data/local-hostname", "meta-data/public-keys/",
                                   "user-data", "interfaces/macs/", "local-ipv4s"}) {
        expect_error(except(ec2, path, {.status = 500}), ErrorKind::transient, path + ": HTTP 500");
        expect_error(except(ec2, path, {.body = "i-0abc\n0=a\n", .cut = 4}), ErrorKind::transient, path + ": ");
        expect_error(except(ec2, path, {.status = 302, .headers = {"Location: /login"}}), ErrorKind::transient,
                     path + ": HTTP 302, which leads to /login; redirects are not followed");
    }
    expect_error(except(ec2, "user-data", {.silent = true}), ErrorKind::transient, "imed out");
    expect_error(except(ec2, "user-data", {.body = std::string(std::size_t{2} << 20U, 'x')}), ErrorKind::transient,
                 "larger than");
    expect_error(except(ec2, "public-keys/", {.body = "<html> <body>\n"}), ErrorKind::transient,
                 "asking EC2's metadata service: ");
}

TEST_F(Ec2, IsWaitedForWhileItIsSlow) {
    const test::MetadataService service(delayed(ec2, 500ms));
    const auto tried = try_once(15s);
    EXPECT_TRUE(tried.result.has_value()) << tried.sentence();
}

TEST_F(Ec2, IsGivenUpWhenAllItsAnswersTogetherTakeTooLong) {
    const test::MetadataService service(delayed(ec2, 1700ms));
    const auto tried = try_once(18s);
    ASSERT_FALSE(tried.result.has_value());
    EXPECT_EQ(tried.result.error().kind, ErrorKind::transient);
    EXPECT_THAT(tried.sentence(), HasSubstr("asking EC2's metadata service: it is too slow: after 15 s meta-data/"));
}

TEST_F(Ec2, IsTakenWhenItAnswersAtLast) {
    std::atomic<bool> there = false;
    const test::MetadataService service(
        [&there](const test::Asked& asked) { return there ? ec2(asked) : test::Reply{.status = 404}; });
    const auto first = try_once();
    ASSERT_FALSE(first.result.has_value());
    EXPECT_EQ(first.result.error().kind, ErrorKind::transient);
    EXPECT_THAT(first.sentence(), HasSubstr("gives no session token (HTTP 404)"));
    there = true;
    EXPECT_EQ(try_once().result.value().instance_id, "i-0abc");
}

TEST_F(Ec2, IsNotThereIsSaidAtOnce) {
    const auto tried = try_once();
    ASSERT_FALSE(tried.result.has_value());
    EXPECT_EQ(tried.result.error().kind, ErrorKind::transient);
    EXPECT_LT(tried.time, 1s);
    EXPECT_THAT(tried.sentence(), HasSubstr("asking EC2's metadata service: PUT http://169.254.169.254/"));
}

TEST_F(Ec2, AnswersByIpv6WhereIpv4IsSilent) {
    const test::MetadataService service([](const test::Asked& asked) {
        const auto host = asked.headers.find("host");
        const bool ipv4 = host != asked.headers.end() && host->second.starts_with("169.");
        return ipv4 ? test::Reply{.silent = true} : ec2(asked);
    });
    const auto tried = try_once();
    ASSERT_TRUE(tried.result.has_value()) << tried.sentence();
    EXPECT_EQ(tried.result->place, "http://[fd00:ec2::254]/");
}

TEST_F(Ec2, OfAnotherMachineIsRefused) {
    firmware("Amazon EC2", "", "i-0other");
    expect_error(ec2, ErrorKind::refused, "the metadata service says instance i-0abc, and this machine is i-0other");
}

// ---- NoCloud behind a URL -------------------------------------------------------------------------

test::Reply seed(const test::Asked& asked) {
    if (asked.path == "/seed/meta-data") { return {.body = "instance-id: far\n"}; }
    if (asked.path == "/seed/user-data") { return {.body = "#cloud-config\n"}; }
    return {.status = 404};
}

class NoCloudUrl : public Services {
  protected:
    void SetUp() override {
        Services::SetUp();
        world_.write("/proc/cmdline", "quiet ds=nocloud;s=http://127.0.0.1/seed\n");
    }
};

TEST_F(NoCloudUrl, IsReadOnceItIsThere) {
    const auto nobody = try_once();
    EXPECT_EQ(nobody.result.error().kind, ErrorKind::transient);
    EXPECT_LT(nobody.time, 1s);
    const test::MetadataService service(seed);
    EXPECT_EQ(try_once().result.value().instance_id, "far");
}

TEST_F(NoCloudUrl, IsWaitedForWhileItIsSlow) {
    const test::MetadataService service(delayed(seed, 700ms));
    const auto tried = try_once();
    EXPECT_TRUE(tried.result.has_value()) << tried.sentence();
}

TEST_F(NoCloudUrl, TakesFiveSecondsForEachFileAtMost) {
    const test::MetadataService service(delayed(seed, 5500ms));
    const auto tried = try_once();
    ASSERT_FALSE(tried.result.has_value());
    EXPECT_EQ(tried.result.error().kind, ErrorKind::transient);
    EXPECT_THAT(tried.sentence(), HasSubstr("GET http://127.0.0.1/seed/meta-data: Operation timed out"));
}

TEST_F(NoCloudUrl, IsTakenWhenAllOfItIsThere) {
    std::atomic<int> files = 0;
    const test::MetadataService service([&files](const test::Asked& asked) {
        const int needed = asked.path == "/seed/meta-data" ? 1 : 2;
        return files >= needed ? seed(asked) : test::Reply{.status = 404};
    });
    EXPECT_THAT(try_once().sentence(), HasSubstr("GET http://127.0.0.1/seed/meta-data: HTTP 404"));
    files = 1;
    const auto half = try_once();
    ASSERT_FALSE(half.result.has_value());
    EXPECT_EQ(half.result.error().kind, ErrorKind::transient);
    EXPECT_THAT(half.sentence(), HasSubstr("GET http://127.0.0.1/seed/user-data: HTTP 404"));
    files = 2;
    EXPECT_EQ(try_once().result.value().instance_id, "far");
}

TEST_F(NoCloudUrl, SaysWhatIsTheMatter) {
    const std::string base = "reading the NoCloud seed: GET http://127.0.0.1/seed/";
    for (const std::string name : {"meta-data", "user-data", "vendor-data", "network-config", "user-data.sig"}) {
        expect_error(except(seed, name, {.status = 500}), ErrorKind::transient, base + name + ": HTTP 500");
        expect_error(except(seed, name, {.body = "instance-id: far\n", .cut = 3}), ErrorKind::transient,
                     base + name + ": ");
        expect_error(except(seed, name, {.status = 301, .headers = {"Location: https://127.0.0.1/seed/" + name}}),
                     ErrorKind::transient,
                     base + name + ": HTTP 301, which leads to https://127.0.0.1/seed/" + name +
                         "; redirects are not followed");
    }
    expect_error([](const test::Asked&) { return test::Reply{.status = 404}; }, ErrorKind::transient,
                 base + "meta-data: HTTP 404");
    // A server's error page, with status 200.
    expect_error(except(seed, "meta-data", {.body = "a: [\n"}), ErrorKind::transient,
                 "reading the NoCloud seed of http://127.0.0.1/seed: meta-data:");
    expect_error(except(seed, "meta-data", {.body = "<html><body>Sign in</body></html>\n"}), ErrorKind::transient,
                 "reading the NoCloud seed of http://127.0.0.1/seed: meta-data is not a mapping");
    expect_error(except(seed, "user-data", {.body = std::string(std::size_t{17} << 20U, '#')}), ErrorKind::transient,
                 "the answer is larger than 16");
    expect_error(except(seed, "meta-data", {.silent = true}), ErrorKind::transient, "imed out");
}

TEST_F(NoCloudUrl, IsAskedAgainWhileItsCertificateDoesNotVerify) {
    // Perhaps only the clock is wrong, so early in the first boot.
    const auto file = [this](const char* name) { return (world_.folder.path() / name).string(); };
    process::PosixProcesses processes;
    const auto made = process::run_checked(
        processes, {.argv = {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                             "-nodes", "-subj", "/CN=127.0.0.1", "-keyout", file("key"), "-out", file("cert")}});
    ASSERT_TRUE(made.has_value()) << made.error().to_string();
    // Ends after one connection. The namespace of this process is the thread's as well.
    std::jthread server([&] {
        process::PosixProcesses own;
        static_cast<void>(own.run({.argv = {"openssl", "s_server", "-accept", "127.0.0.1:443", "-cert", file("cert"),
                                            "-key", file("key"), "-WWW", "-naccept", "1"},
                                   .timeout = 20s})
                              .has_value());
    });
    world_.write("/proc/cmdline", "ds=nocloud;s=https://127.0.0.1/seed\n");
    Tried tried = try_once();
    for (int wait = 0; wait < 50 && tried.sentence().find("connect") != std::string::npos; ++wait) {
        std::this_thread::sleep_for(100ms); // until it listens
        tried = try_once();
    }
    ASSERT_FALSE(tried.result.has_value());
    EXPECT_EQ(to_string(tried.result.error().kind), to_string(ErrorKind::transient));
    EXPECT_THAT(tried.sentence(), HasSubstr("certificate"));
}

} // namespace
} // namespace ingot::firstboot
