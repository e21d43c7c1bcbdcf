#include "firstboot/proxy/runtime.hpp"

#include <array>
#include <cstring>
#include <thread>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/files/files.hpp"

namespace ingot::firstboot::proxy {
namespace {

TEST(RuntimeApi, SendsOneLineAndReadsUntilTheEnd) {
    const auto folder = files::TempDir::create("ingot-test-").value();
    const auto path = folder.path() / "haproxy.sock";
    const files::Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(&address.sun_path[0], path.c_str(), sizeof address.sun_path - 1);
    const void* const generic = &address;
    ASSERT_EQ(::bind(listener.get(), static_cast<const sockaddr*>(generic), sizeof address), 0);
    ASSERT_EQ(::listen(listener.get(), 1), 0);

    std::string asked;
    const std::string answer(100'000, 'x');
    std::thread server([&] {
        const files::Fd client(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
        std::array<char, 256> buffer{};
        const auto got = ::recv(client.get(), buffer.data(), buffer.size(), 0);
        if (got > 0) { asked.assign(buffer.data(), static_cast<std::size_t>(got)); }
        std::size_t sent = 0;
        while (sent < answer.size()) {
            const auto now = ::send(client.get(), answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL);
            if (now <= 0) { break; }
            sent += static_cast<std::size_t>(now);
        }
    });
    const auto result = ask_haproxy(path, "show servers state");
    server.join();
    ASSERT_TRUE(result.has_value()) << result.error().to_string();
    EXPECT_EQ(*result, answer);
    EXPECT_EQ(asked, "show servers state\n");
}

TEST(RuntimeApi, IsTransientWhileHaproxyIsAway) {
    const auto result = ask_haproxy("/nonexistent/haproxy.sock", "show info");
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().kind, ErrorKind::transient);
}

} // namespace
} // namespace ingot::firstboot::proxy
