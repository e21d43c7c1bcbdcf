// ingot serve beside another DHCP server: what a network card's own firmware is told. Two hosts in namespaces of
// their own.
#include <csignal>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "common/crypto/crypto.hpp"
#include "common/files/files.hpp"
#include "common/process/background.hpp"
#include "common/text/text.hpp"
#include "tests/component/installer/small_image.hpp"
#include "tests/places/places.hpp"

namespace ingot::tests {
namespace {

using testing::HasSubstr;

class ServingDhcp : public testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) { GTEST_SKIP() << "a network of one's own needs root"; }
        ASSERT_EQ(run({"ip", "netns", "add", server_}).exit_code, 0);
        ASSERT_EQ(run({"ip", "netns", "add", client_}).exit_code, 0);
        ASSERT_NO_FATAL_FAILURE(
            ip(server_, {"link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", client_}));
        ASSERT_NO_FATAL_FAILURE(ip(server_, {"addr", "add", "10.0.0.1/24", "dev", "eth0"}));
        ASSERT_NO_FATAL_FAILURE(ip(client_, {"addr", "add", "10.0.0.2/24", "dev", "eth0"}));
        ASSERT_NO_FATAL_FAILURE(ip(server_, {"link", "set", "eth0", "up"}));
        ASSERT_NO_FATAL_FAILURE(ip(client_, {"link", "set", "eth0", "up"}));
    }
    void TearDown() override {
        if (ingot_) { // its end removes what it made for dnsmasq
            ingot_->signal(SIGTERM);
            EXPECT_EQ(ingot_->wait(std::chrono::seconds(60)), 0);
        }
        for (const auto& name : {server_, client_}) { run({"ip", "netns", "delete", name}); }
    }
    static void ip(const std::string& name, std::vector<std::string> words) {
        words.insert(words.begin(), {"ip", "-n", name});
        const auto done = run(words);
        ASSERT_EQ(done.exit_code, 0) << text::join(words, " ") << ": " << done.err;
    }
    [[nodiscard]] std::string log() const { return files::read(folder_.path() / "log").value_or(""); }

    void serve() {
        ASSERT_TRUE(files::write(folder_.path() / "serve.yaml", "roles: []\n"));
        auto child = process::Background::start({.argv = {"ip", "netns", "exec", server_, INGOT_PROGRAM, "serve",
                                                          folder_.path().string(), "--dhcp", "eth0"},
                                                 .log_file = folder_.path() / "log"});
        ASSERT_TRUE(child) << child.error().to_string();
        ingot_.emplace(*std::move(child));
        EXPECT_TRUE(says("TFTP root is")) << log();
    }
    /// Waits for it: what dnsmasq says is shown a moment later.
    bool says(const std::string& words) {
        for (int attempt = 0; attempt < 600; ++attempt) {
            if (log().find(words) != std::string::npos) { return true; }
            if (ingot_->poll()) { return false; }
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
        }
        return false;
    }

    files::TempDir folder_ = *files::TempDir::create("ingot-serve-dhcp-");
    std::string server_ = text::format("ingot-serve-{}", ::getpid());
    std::string client_ = server_ + "-card";
    std::optional<process::Background> ingot_;
};

TEST_F(ServingDhcp, ACardThatIsNotIpxeIsOfferedIpxeAndNoAddress) {
    ASSERT_NO_FATAL_FAILURE(serve());
    const auto card = run({"ip", "netns", "exec", client_, "python3",
                           (source_dir() / "tests/support/pxe_bios.py").string(), "eth0", "10.0.0.2"});
    ASSERT_EQ(card.exit_code, 0) << card.err << log();
    EXPECT_EQ(card.out, "offer 10.0.0.1 Ingot\nboot 10.0.0.1 undionly.kpxe\nfile " +
                            *crypto::sha256_file("/usr/lib/ipxe/undionly.kpxe") + "\n");
    EXPECT_TRUE(says("undionly.kpxe to 10.0.0.2")) << "the last thing it does";
    EXPECT_THAT(log(), HasSubstr("PXE(eth0) 52:54:00:00:00:09 proxy"));
    EXPECT_EQ(log().find("DHCPOFFER"), std::string::npos) << "addresses are the other server's";
}

TEST_F(ServingDhcp, DnsmasqEndsAlsoWithAServerThatIsKilled) {
    ASSERT_NO_FATAL_FAILURE(serve());
    const auto pids = [this] { return text::lines(run({"ip", "netns", "pids", server_}).out); };
    std::filesystem::path folder;
    for (const auto& pid : pids()) {
        const auto words =
            text::split(files::read(text::format("/proc/{}/cmdline", text::trim(pid))).value_or(""), '\0');
        for (const auto& word : words) {
            constexpr std::string_view kOption = "--conf-file=";
            if (word.starts_with(kOption)) {
                folder = std::filesystem::path(word.substr(kOption.size())).parent_path();
            }
        }
    }
    EXPECT_FALSE(folder.empty()) << "dnsmasq does not run";
    ingot_->signal(SIGKILL);
    ingot_->wait(std::chrono::seconds(60));
    ingot_.reset();
    for (int attempt = 0; !pids().empty() && attempt < 100; ++attempt) {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    EXPECT_EQ(pids(), std::vector<std::string>());
    EXPECT_TRUE(files::remove_tree(folder)); // what it could not remove itself
}

} // namespace
} // namespace ingot::tests
