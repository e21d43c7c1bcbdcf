// ingot serve, as a program, asked as machines ask, and as others do.
#include <array>
#include <random>
#include <thread>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/crypto/crypto.hpp"
#include "common/http/http.hpp"
#include "common/process/background.hpp"
#include "common/text/text.hpp"
#include "tests/component/installer/small_image.hpp"
#include "tests/support/port.hpp"

namespace ingot::tests {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

class Serving : public WithSmallImage {
  protected:
    void SetUp() override {
        WithSmallImage::SetUp();
        if (IsSkipped()) { return; }
        ASSERT_TRUE(files::write(path("one.yaml"), "#cloud-config\n# for one\n"));
        ASSERT_TRUE(files::write(path("two.yaml"), "#cloud-config\n# for two\n"));
        ASSERT_TRUE(files::write(path("serve.yaml"), R"(machines:
  - {name: one, mac: '52:54:00:00:00:01', role: small, user_data: one.yaml, disk: 'serial=S1'}
roles:
  - {role: small, count: 1, names: 'two-{}', user_data: two.yaml}
)"));
    }

    void start(const std::vector<std::string>& more = {}) {
        port_ = free_port();
        std::vector<std::string> argv = {INGOT_PROGRAM,
                                         "serve",
                                         image_->folder->path().string(),
                                         "--config",
                                         path("serve.yaml").string(),
                                         "--state",
                                         path("state.json").string(),
                                         "--listen",
                                         "127.0.0.1",
                                         "--port",
                                         text::format("{}", port_)};
        argv.insert(argv.end(), more.begin(), more.end());
        auto child = process::Background::start({.argv = std::move(argv), .log_file = path("log")});
        ASSERT_TRUE(child) << child.error().to_string();
        server_.emplace(*std::move(child));
        for (int attempt = 0; attempt < 600; ++attempt) {
            if (http_.send({.url = url("/status")})) { return; }
            ASSERT_FALSE(server_->poll()) << log();
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
        }
        FAIL() << "the server does not answer: " << log();
    }
    void stop() {
        server_->signal(SIGTERM);
        EXPECT_EQ(server_->wait(std::chrono::seconds(60)), 0);
        server_.reset();
    }
    [[nodiscard]] std::string url(const std::string& path) const {
        return text::format("http://127.0.0.1:{}{}", port_, path);
    }
    [[nodiscard]] std::string log() const { return files::read(path("log")).value_or(""); }
    http::Response get(const std::string& target, std::vector<std::string> headers = {}) {
        auto answer = http_.send({.url = url(target),
                                  .headers = std::move(headers),
                                  .timeout = std::chrono::seconds(60),
                                  .response_limit = 1U << 30U});
        EXPECT_TRUE(answer) << answer.error().to_string();
        return answer ? *answer : http::Response{};
    }
    http::Response post(const std::string& target, const std::string& body) {
        auto answer =
            http_.send({.method = "POST", .url = url(target), .body = body, .timeout = std::chrono::seconds(60)});
        EXPECT_TRUE(answer) << answer.error().to_string();
        return answer ? *answer : http::Response{};
    }
    /// What stands behind "set NAME http://server" in a script.
    static std::string setting(const std::string& script, const std::string& name) {
        const auto at = script.find("set " + name + " http://");
        if (at == std::string::npos) { return {}; }
        const auto address = script.substr(at, script.find('\n', at) - at);
        return address.substr(address.find('/', address.find("//") + 2));
    }
    bool say(const std::string& bytes) const {
        const files::Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port_);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) { return false; }
        const timeval patience{.tv_sec = 0, .tv_usec = 100'000}; // it may wait for more for a minute; we do not
        ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        static_cast<void>(::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL));
        ::shutdown(fd.get(), SHUT_WR);
        std::array<char, 512> answer{};
        while (::recv(fd.get(), answer.data(), answer.size(), 0) > 0) {}
        return true;
    }

    std::optional<process::Background> server_;
    std::uint16_t port_ = 0;
    http::CurlClient http_;
};

TEST_F(Serving, TwoMachinesGetTheirOwnUserDataAndKeepIt) {
    ASSERT_NO_FATAL_FAILURE(start());
    EXPECT_THAT(get("/boot.ipxe").body, HasSubstr("/ipxe?mac=${netX/mac:hexhyp}&uuid="));
    const auto one = get("/ipxe?mac=52-54-00-00-00-01&uuid=&serial=").body;
    const auto two = get("/ipxe?mac=52-54-00-00-00-02&uuid=4c4c4544-0042-3510-8051-b4c04f56443a").body;
    EXPECT_THAT(one, HasSubstr("set disk serial=S1\n"));
    EXPECT_EQ(get(setting(one, "seed") + "user-data").body, "#cloud-config\n# for one\n");
    EXPECT_EQ(get(setting(two, "seed") + "user-data").body, "#cloud-config\n# for two\n");
    EXPECT_THAT(get(setting(two, "seed") + "meta-data").body, HasSubstr("local-hostname: two-1\n"));
    EXPECT_EQ(get(setting(two, "seed") + "vendor-data").status, 404);
    EXPECT_THAT(get("/ipxe?mac=52-54-00-00-00-03").body, HasSubstr("no role has a place left"));
    // It forgets nothing when it is started anew.
    stop();
    ASSERT_NO_FATAL_FAILURE(start());
    const auto later = get("/ipxe?mac=52-54-00-00-00-02&uuid=4c4c4544-0042-3510-8051-b4c04f56443a").body;
    EXPECT_EQ(setting(later, "seed"), setting(two, "seed"));
    EXPECT_EQ(fs::status(path("state.json")).permissions(), fs::perms(0600));
}

TEST_F(Serving, AMachineThatIsInstalledBootsItsDiskAndNobodyGetsItsSeedAnyMore) {
    ASSERT_NO_FATAL_FAILURE(start());
    const auto script = get("/ipxe?mac=52-54-00-00-00-01").body;
    const auto report = setting(script, "report");
    EXPECT_THAT(script, HasSubstr("set mode install\n"));
    EXPECT_EQ(post(report, R"({"state":"installing","done":5,"total":10})").status, 200);
    EXPECT_THAT(get("/status").body, HasSubstr("installing"));
    EXPECT_EQ(post(report, "nonsense").status, 404);
    EXPECT_EQ(post("/report/" + std::string(32, 'a'), R"({"state":"installed"})").status, 404);
    EXPECT_EQ(post(report, R"({"state":"installed","detail":"all"})").status, 200);
    EXPECT_THAT(get("/ipxe?mac=52-54-00-00-00-01").body, HasSubstr("sanboot"));
    EXPECT_EQ(get(setting(script, "seed") + "user-data").status, 410);
    // A report that comes late changes nothing.
    EXPECT_EQ(post(report, R"({"state":"installing"})").status, 200);
    EXPECT_THAT(get("/ipxe?mac=52-54-00-00-00-01").body, HasSubstr("sanboot"));
    EXPECT_THAT(log(), HasSubstr("one is told: boot the disk"));
    const auto token = report.substr(report.rfind('/') + 1);
    EXPECT_THAT(log(), Not(HasSubstr(token))) << "tokens are not for the log";
    EXPECT_THAT(get("/status").body, Not(HasSubstr(token)));
}

TEST_F(Serving, StrictRefusesWhomItDoesNotKnow) {
    ASSERT_NO_FATAL_FAILURE(start({"--strict"}));
    EXPECT_THAT(get("/ipxe?mac=52-54-00-00-00-01").body, HasSubstr("this is one"));
    const auto unknown = get("/ipxe?mac=52-54-00-00-00-02").body;
    EXPECT_THAT(unknown, HasSubstr("nothing to boot here: MAC 52:54:00:00:00:02 is not in serve.yaml"));
    EXPECT_THAT(unknown, Not(HasSubstr("/seed/")));
    EXPECT_THAT(get("/ipxe?mac=00-00-00-00-00-00&serial=None&uuid=x").body, HasSubstr("says nothing"));
}

TEST_F(Serving, GivesTheFilesOfImagesWholeOrInPartAndNoOthers) {
    ASSERT_NO_FATAL_FAILURE(start());
    const auto whole = get("/images/small/disk.map.json");
    EXPECT_EQ(whole.body, *files::read(image_->path("disk.map.json")));
    const auto part = get("/images/small/disk.map.json", {"Range: bytes=10-19"});
    EXPECT_EQ(part.status, 206);
    EXPECT_EQ(part.body, whole.body.substr(10, 10));
    EXPECT_EQ(part.headers.at("content-range"), text::format("bytes 10-19/{}", whole.body.size()));
    EXPECT_EQ(get("/images/small/disk.map.json", {"Range: bytes=99999999-"}).status, 416);
    EXPECT_EQ(get("/images/small/manifest.json.sig").status, 200);
    ASSERT_TRUE(files::write(image_->path("private"), "secret"));
    for (const auto* target :
         {"/images/small/private", "/images/small/../serve.yaml", "/images/small/%2e%2e/key.pub",
          "/images/small/..%2fkey.pub", "/images/../../../etc/passwd", "//etc/passwd", "/images/tree/etc",
          "/loader/../../../etc/passwd", "/state.json", "/images/small/", "/"}) {
        EXPECT_EQ(get(target).status, 404) << target;
    }
    EXPECT_EQ(post("/images/small/vmlinuz", "x").status, 405);
    fs::remove(image_->path("private"));
}

TEST_F(Serving, SurvivesGarbage) {
    ASSERT_NO_FATAL_FAILURE(start());
    std::mt19937 random(11);
    std::vector<std::string> garbage = {
        "",
        "\r\n\r\n",
        std::string(100'000, 'A'),
        "GET " + std::string(100'000, '/') + " HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: " + std::string(100'000, 'h') + "\r\n\r\n",
        "POST /report/x HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\nx",
        "POST /report/x HTTP/1.1\r\nContent-Length: -5\r\n\r\nx",
        "POST /report/x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffffffff\r\nx",
        "GET /ipxe?mac=%00%ff&uuid=%zz&serial=${x} HTTP/1.1\r\nHost: a b\r\n\r\n",
        "GET /ipxe HTTP/9.9\r\n\r\n",
        std::string("GET /\0/x HTTP/1.1\r\nHost: h\r\n\r\n", 29),
        "GET /images/small/vmlinuz HTTP/1.1\r\nHost: h\r\nRange: bytes=0-0,1-1,2-\r\n\r\n"};
    for (int number = 0; number < 200; ++number) {
        std::string bytes(random() % 600, '\0');
        for (auto& byte : bytes) { byte = static_cast<char>(random()); }
        garbage.push_back(number % 2 == 0 ? bytes : "GET /" + bytes + " HTTP/1.1\r\nHost: h\r\n\r\n");
    }
    for (const auto& bytes : garbage) { ASSERT_TRUE(say(bytes)); }
    std::string query = "/ipxe?";
    for (int number = 0; number < 300; ++number) { query += text::format("k{}=v&", number); }
    get(query);
    EXPECT_EQ(post("/report/x", std::string(200'000, '{')).status, 413);
    ASSERT_FALSE(server_->poll()) << "the server has ended";
    EXPECT_THAT(get("/ipxe?mac=52-54-00-00-00-01").body, HasSubstr("this is one"));
    for (const char letter : log()) {
        ASSERT_TRUE(letter == '\n' || static_cast<unsigned char>(letter) >= ' ') << "a control character in the log";
    }
    stop();
}

TEST_F(Serving, SaysBeforeAnyMachineAsksWhatIsMissing) {
    ASSERT_TRUE(files::write(path("serve.yaml"), "roles:\n  - {role: absent, count: 1, user_data: one.yaml}\n"));
    const auto done =
        run({INGOT_PROGRAM, "serve", image_->folder->path().string(), "--config", path("serve.yaml").string()});
    EXPECT_NE(done.exit_code, 0);
    EXPECT_THAT(done.err, HasSubstr("has no image that boots from the network"));
}

} // namespace
} // namespace ingot::tests
