// Whether a name server is there: a question for the name servers of the root, which everybody answers somehow. What
// it says does not count; a resolver in a private network may refuse it.
#include <array>
#include <chrono>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "common/files/files.hpp"
#include "common/text/text.hpp"
#include "firstboot/doctor/doctor.hpp"

namespace ingot::firstboot::doctor {

namespace {

/// Header (id, recursion desired, one question), the name ".", type NS, class IN.
constexpr std::array<unsigned char, 17> kQuestion = {0x1b, 0x07, 0x01, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00,
                                                     0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x01};

struct Place {
    sockaddr_storage storage{};
    socklen_t length = 0;
};

std::optional<Place> place_of(const std::string& address, int port) {
    Place place;
    const auto number = htons(static_cast<std::uint16_t>(port));
    auto* const v4 = reinterpret_cast<sockaddr_in*>(&place.storage);  // NOLINT(*-reinterpret-cast): the socket API
    auto* const v6 = reinterpret_cast<sockaddr_in6*>(&place.storage); // NOLINT(*-reinterpret-cast)
    if (::inet_pton(AF_INET, address.c_str(), &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = number;
        place.length = sizeof(sockaddr_in);
        return place;
    }
    if (::inet_pton(AF_INET6, address.c_str(), &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = number;
        place.length = sizeof(sockaddr_in6);
        return place;
    }
    return std::nullopt;
}

} // namespace

bool answers_dns(const std::string& address, int port, std::chrono::milliseconds patience) {
    const auto place = place_of(address, port);
    if (!place) { return false; }
    const files::Fd socket(::socket(place->storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    // NOLINTNEXTLINE(*-reinterpret-cast): the socket API
    const auto* const to = reinterpret_cast<const sockaddr*>(&place->storage);
    if (!socket.valid() || ::connect(socket.get(), to, place->length) != 0) { return false; }
    constexpr int kTries = 2; // a datagram may get lost
    for (int attempt = 0; attempt < kTries; ++attempt) {
        if (::send(socket.get(), kQuestion.data(), kQuestion.size(), 0) < 0) { return false; }
        pollfd wait{.fd = socket.get(), .events = POLLIN, .revents = 0};
        if (::poll(&wait, 1, static_cast<int>(patience.count())) != 1) { continue; }
        std::array<unsigned char, 512> answer{};
        const auto got = ::recv(socket.get(), answer.data(), answer.size(), 0);
        if (got < 0) { return false; } // nobody listens there
        constexpr ssize_t kHeader = 12;
        constexpr unsigned char kIsAnswer = 0x80;
        if (got >= kHeader && answer[0] == kQuestion[0] && answer[1] == kQuestion[1] &&
            (answer[2] & kIsAnswer) != 0) {
            return true;
        }
    }
    return false;
}

} // namespace ingot::firstboot::doctor
