// What a proxy gets and does not get, over real TLS and from a real etcd that trusts whom a node's does.
#include <chrono>
#include <future>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include "common/text/text.hpp"
#include "common/tls/client.hpp"
#include "firstboot/coordination/pause.hpp"
#include "firstboot/identity/identity.hpp"
#include "firstboot/join/claims.hpp"
#include "firstboot/join/leaf.hpp"
#include "firstboot/view/client.hpp"
#include "firstboot/view/server.hpp"
#include "tests/component/etcd/etcd_cluster.hpp"
#include "tests/unit/firstboot/fakes.hpp"

namespace ingot::firstboot {
namespace {

using namespace std::chrono_literals;
using cloud_init::Role;
using testing::HasSubstr;

constexpr const char* kHere = "127.0.0.1"; // where connections over loopback come from

class View : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        if (ingot::test::find_etcd()) { etcd_ = new ingot::test::EtcdCluster(1); }
    }
    static void TearDownTestSuite() {
        delete etcd_;
        etcd_ = nullptr;
    }
    void SetUp() override {
        if (etcd_ == nullptr) { GTEST_SKIP() << "etcd is not installed"; }
        const auto now = clock::SystemClock().now(); // OpenSSL goes by the real one
        office_.clock.advance(now - office_.clock.now());
        address_ = etcd_->endpoint(0).substr(8);
        address_ = address_.substr(0, address_.find(':'));
        static int number = 0;
        cluster_ = text::format("orders{}", ++number);
        node_ = {.name = "etcd-1", .instance_id = "i-1", .address = address_};
        node_.config.cluster = cluster_;
        node_.config.role = Role::etcd;
        for (const auto& [role, bundle] :
             {std::pair{Role::etcd, &node_.config.pki.etcd_ca}, std::pair{Role::db, &node_.config.pki.db_ca},
              std::pair{Role::proxy, &node_.config.pki.proxy_ca}}) {
            auto ca = crypto::make_ca(cluster_, to_string(role), now).value();
            *bundle = ca.certificate_pem;
            node_.config.pki.keys.emplace(role, ca.key_pem);
            authorities_.emplace(role, std::move(ca));
        }
        ASSERT_TRUE(obtain_identity(node_, office_.environment));
        auto server = view::serve(node_, office_.environment, [] { return session(); });
        ASSERT_TRUE(server.has_value()) << server.error().to_string();
        server_ = *std::move(server);
        for (int round = 0; round < 100 && !session()->check_quorum(); ++round) {
            std::this_thread::sleep_for(100ms);
        }
        ASSERT_TRUE(session()->put(patroni_key(cluster_, "leader"), "db-1"));
    }

    /// As a db node has it.
    static EtcdSession session() {
        const auto& endpoint = etcd_->endpoint(0);
        return {std::make_unique<http::CurlClient>(),
                {{"etcd-1", endpoint.substr(8, endpoint.find(':', 8) - 8)}},
                etcd_->client_tls()};
    }
    std::optional<KeyValue> stored(const std::string& key) const { return session()->get(key).value(); }
    /// The certificate of a node at this end of the loopback.
    http::Tls certificate(const std::string& name, Role role = Role::proxy,
                          const crypto::Identity* authority = nullptr) const {
        const auto leaf = crypto::issue_leaf(authority == nullptr ? authorities_.at(role) : *authority,
                                             leaf_of(cluster_, role, name, "10.0.0.31"), office_.clock.now())
                              .value();
        const auto at = [&](std::string_view end) { return folder_.path() / (name + std::string(end)); };
        EXPECT_TRUE(files::write(at(".crt"), leaf.certificate_pem));
        EXPECT_TRUE(files::write(at(".key"), leaf.key_pem.reveal(), {.mode = 0600}));
        return {.ca_file = office_.environment.root.at("/etc/ingot/pki/ca-etcd.crt"),
                .cert_file = at(".crt"),
                .key_file = at(".key")};
    }
    view::ViewClient proxy(const std::string& name = "proxy-1") const {
        return {{address_}, certificate(name), name};
    }
    Result<tls::Answer> post(const http::Tls& tls, const std::string& path, const std::string& body) const {
        return tls::ask({.address = address_,
                         .port = view::kPort,
                         .ca_file = tls.ca_file,
                         .cert_file = tls.cert_file,
                         .key_file = tls.key_file,
                         .path = path},
                        [&body](const std::string&) { return body; });
    }
    std::string own_key() const { return proxies_prefix(cluster_) + "proxy-1"; }

    static ingot::test::EtcdCluster* etcd_; // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)
    test::World office_{};
    files::TempDir folder_ = files::TempDir::create("ingot-view-").value();
    std::string address_;
    std::string cluster_;
    NodeSpec node_{};
    std::map<Role, crypto::Identity> authorities_{};
    std::unique_ptr<tls::Server> server_{};
};

ingot::test::EtcdCluster* View::etcd_ = nullptr;

TEST_F(View, ShowsAProxyWhatEtcdDoesNotShowItItself) {
    http::CurlClient http;
    EtcdClient direct(http, etcd_->endpoints(), certificate("proxy-1"));
    EXPECT_FALSE(direct.list(patroni_key(cluster_, "")).has_value()) << "etcd lets a proxy in";

    const std::string binary("\0\xff\n", 3);
    ASSERT_TRUE(session()->put(patroni_key(cluster_, "members/db-1"), binary));
    auto view = proxy();
    const auto listing = view.list(patroni_key(cluster_, ""));
    ASSERT_TRUE(listing.has_value()) << listing.error().to_string();
    ASSERT_EQ(listing->entries.size(), 2U);
    EXPECT_EQ(listing->entries[0].key, patroni_key(cluster_, "leader"));
    EXPECT_EQ(listing->entries[0].value, "db-1");
    EXPECT_EQ(listing->entries[1].value, binary);
    const auto members = view.members();
    ASSERT_TRUE(members.has_value()) << members.error().to_string();
    ASSERT_EQ(members->size(), 1U);
    EXPECT_EQ(members->front().client_urls, etcd_->endpoints());
}

TEST_F(View, TellsOfAChangeAtOnce) {
    auto view = proxy();
    const auto prefix = patroni_key(cluster_, "");
    const auto before = view.list(prefix);
    ASSERT_TRUE(before.has_value());
    const auto start = std::chrono::steady_clock::now();
    EXPECT_FALSE(view.wait_for_change(prefix, before->revision, 300ms).value());
    EXPECT_GE(std::chrono::steady_clock::now() - start, 300ms);

    clock::SystemClock clock;
    auto heard = std::async(std::launch::async, [&]() -> std::optional<clock::Monotonic> {
        const auto changed = view.wait_for_change(prefix, before->revision, 30s);
        return changed && *changed ? std::optional(clock.monotonic()) : std::nullopt;
    });
    std::this_thread::sleep_for(300ms);
    ASSERT_TRUE(session()->put(patroni_key(cluster_, "leader"), "db-2"));
    const auto written = clock.monotonic();
    const auto at = heard.get();
    ASSERT_TRUE(at.has_value());
    EXPECT_LT(*at - written, 500ms);
    // What happened between two questions is not missed.
    EXPECT_TRUE(view.wait_for_change(prefix, before->revision, 1s).value());
}

TEST_F(View, AnAnnouncementStandsUnderALeaseOfItsOwn) {
    auto view = proxy();
    ASSERT_TRUE(view.announce(own_key(), "10.0.0.31"));
    const auto first = stored(own_key());
    ASSERT_TRUE(first.has_value());
    EXPECT_EQ(first->value, "10.0.0.31");
    ASSERT_NE(first->lease, 0U);
    ASSERT_TRUE(view.announce(own_key(), "10.0.0.31"));
    EXPECT_EQ(stored(own_key())->mod_revision, first->mod_revision) << "it is kept alive, not written again";
    const auto answer = pause_answer_key(cluster_, "proxy-1");
    ASSERT_TRUE(answer_pause(view, cluster_, {.proxy = "proxy-1", .id = "a1", .paused = false}));
    const auto busy = stored(answer);
    ASSERT_TRUE(answer_pause(view, cluster_, {.proxy = "proxy-1", .id = "a1", .paused = true}));
    const auto paused = stored(answer);
    EXPECT_NE(paused->value, busy->value);
    EXPECT_EQ(paused->lease, busy->lease) << "one lease for a key, however often it changes";
    EXPECT_NE(paused->lease, first->lease);
    ASSERT_TRUE(withdraw_pause_answer(view, cluster_, "proxy-1"));
    ASSERT_TRUE(withdraw_pause_answer(view, cluster_, "proxy-1"));
    EXPECT_FALSE(stored(answer).has_value());
    EXPECT_FALSE(session()->keep_alive(paused->lease).value()) << "the lease ended with it";
    EXPECT_TRUE(stored(own_key()).has_value());
    // It is made again when its lease has ended.
    ASSERT_TRUE(session()->revoke_lease(first->lease));
    ASSERT_TRUE(view.announce(own_key(), "10.0.0.31"));
    EXPECT_TRUE(stored(own_key()).has_value());
}

TEST_F(View, AProxyChangesNothingThatOthersWrote) {
    auto other = proxy("proxy-2");
    ASSERT_FALSE(other.announce(own_key(), "10.0.0.31"));
    EXPECT_FALSE(stored(own_key()).has_value());
    auto view = proxy();
    ASSERT_TRUE(view.announce(own_key(), "10.0.0.31"));
    ASSERT_FALSE(other.withdraw(own_key()));
    ASSERT_FALSE(other.announce(own_key(), "10.0.0.99"));
    EXPECT_EQ(stored(own_key())->value, "10.0.0.31");

    const auto leader = patroni_key(cluster_, "leader");
    const auto said = view.announce(leader, "proxy-1");
    ASSERT_FALSE(said.has_value());
    EXPECT_THAT(said.error().to_string(), HasSubstr("proxy-1 does not write " + leader));
    EXPECT_FALSE(view.withdraw(leader));
    // Etcd's own words, as they were sent to its gateway before.
    const auto tls = certificate("proxy-1");
    const auto put = text::format(R"({{"key":"{}","value":"eA=="}})", crypto::base64_encode(leader));
    for (const auto* const path : {"/v3/kv/put", "/v3/kv/txn", "/v3/kv/deleterange", "/v3/maintenance/alarm"}) {
        const auto answer = post(tls, path, put);
        ASSERT_TRUE(answer.has_value()) << answer.error().to_string();
        EXPECT_EQ(answer->status, 404) << path;
    }
    EXPECT_EQ(stored(leader)->value, "db-1");
    EXPECT_THAT(view.list(ingot_key(cluster_, "trust/")).error().to_string(), HasSubstr("does not read"));
}

TEST_F(View, NobodyElseIsAnswered) {
    const auto foreign = crypto::make_ca(cluster_, "proxy", office_.clock.now()).value();
    for (const auto& [what, tls] :
         {std::pair{"a db node", certificate("db-1", Role::db)},
          std::pair{"an etcd node", certificate("e", Role::etcd)},
          std::pair{"a foreign CA", certificate("proxy-1", Role::proxy, &foreign)},
          std::pair{"nobody", http::Tls{.ca_file = office_.environment.root.at("/etc/ingot/pki/ca-etcd.crt")}}}) {
        const auto answer = post(tls, "/v1/members", "{}");
        EXPECT_FALSE(answer.has_value()) << what << ": HTTP " << (answer ? answer->status : 0);
    }
}

TEST_F(View, WhoWasRevokedIsNotAnsweredAnyMore) {
    auto view = proxy();
    ASSERT_TRUE(view.members().has_value());
    auto etcd = session();
    ASSERT_TRUE(join::Claims(*etcd, cluster_)
                    .revoke({.name = "proxy-1", .key_sha256 = "k", .address = "10.9.9.9", .at = "now"}));
    EXPECT_TRUE(view.members().has_value()) << "it is looked up every few seconds";
    office_.clock.advance(6s);
    const auto refused = view.members();
    ASSERT_FALSE(refused.has_value());
    EXPECT_THAT(refused.error().to_string(), HasSubstr("proxy-1 was revoked"));
    auto other = proxy("proxy-2");
    EXPECT_TRUE(other.members().has_value());
}

TEST_F(View, WhoWritesTooOftenWaits) {
    auto view = proxy();
    for (int i = 0; i < 10; ++i) { ASSERT_TRUE(view.announce(own_key(), "10.0.0.31")) << i; }
    const auto refused = view.announce(own_key(), "10.0.0.31");
    ASSERT_FALSE(refused.has_value());
    EXPECT_THAT(refused.error().to_string(), HasSubstr("writes too often"));
    EXPECT_TRUE(view.members().has_value()) << "reading is no writing";
    office_.clock.advance(1s);
    EXPECT_TRUE(view.announce(own_key(), "10.0.0.31"));
}

TEST_F(View, OneAddressHoldsItsShareOfTheThreadsAndNoMore) {
    const auto connect = [this] {
        files::Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in from{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {}, .sin_zero = {}};
        ::inet_pton(AF_INET, "127.0.0.77", &from.sin_addr);
        sockaddr_in to{.sin_family = AF_INET, .sin_port = htons(view::kPort), .sin_addr = {}, .sin_zero = {}};
        ::inet_pton(AF_INET, address_.c_str(), &to.sin_addr);
        EXPECT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&from), sizeof from), 0);
        EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
        return fd;
    };
    /// How long the server lets a connection stand that says nothing.
    const auto stands = [](const files::Fd& fd) {
        const auto start = std::chrono::steady_clock::now();
        pollfd polled{fd.get(), POLLIN, 0};
        EXPECT_EQ(::poll(&polled, 1, 5000), 1);
        return std::chrono::steady_clock::now() - start;
    };
    const auto first = connect();
    std::vector<files::Fd> more;
    for (int i = 0; i < 90; ++i) { more.push_back(connect()); } // more than there are threads
    EXPECT_LT(stands(more.back()), 1s) << "turned away at once";
    auto view = proxy();
    const auto start = std::chrono::steady_clock::now();
    EXPECT_TRUE(view.members().has_value());
    EXPECT_LT(std::chrono::steady_clock::now() - start, 1500ms) << "the others are served meanwhile";
    EXPECT_LT(stands(first), 3s) << "and who says nothing is not waited for";
}

TEST_F(View, AnotherNodeIsAskedWhenOneIsGone) {
    view::ViewClient view({"127.0.99.1", address_}, certificate("proxy-1"), "proxy-1");
    EXPECT_TRUE(view.members().has_value());
    EXPECT_TRUE(view.announce(own_key(), "10.0.0.31"));
    server_.reset();
    const auto start = std::chrono::steady_clock::now();
    const auto gone = view.members();
    ASSERT_FALSE(gone.has_value());
    EXPECT_EQ(gone.error().kind, ErrorKind::transient);
    EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
}

} // namespace
} // namespace ingot::firstboot
