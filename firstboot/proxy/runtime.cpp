#include "firstboot/proxy/runtime.hpp"

#include <array>
#include <cerrno>
#include <cstring>

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "common/files/files.hpp"

namespace ingot::firstboot::proxy {

namespace {

Result<files::Fd> connect_to(const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const auto& name = path.native();
    if (name.size() >= sizeof address.sun_path) { return fail(ErrorKind::bug, name + " is too long for a socket"); }
    std::memcpy(&address.sun_path[0], name.c_str(), name.size() + 1);

    files::Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd.valid()) { return fail_errno(errno, "making a socket"); }
    constexpr timeval kPatience{.tv_sec = 5, .tv_usec = 0};
    for (const int direction : {SO_RCVTIMEO, SO_SNDTIMEO}) {
        if (::setsockopt(fd.get(), SOL_SOCKET, direction, &kPatience, sizeof kPatience) != 0) {
            return fail_errno(errno, "setting a socket's timeout");
        }
    }
    const void* const generic = &address; // the sockets API's one way to pass an address
    if (::connect(fd.get(), static_cast<const sockaddr*>(generic), sizeof address) != 0) {
        return fail(ErrorKind::transient, "HAProxy does not answer on " + name + ": " + std::strerror(errno));
    }
    return fd;
}

} // namespace

Result<std::string> ask_haproxy(const std::filesystem::path& socket, std::string_view line) {
    INGOT_ASSIGN(const auto fd, connect_to(socket), "");
    auto pending = std::string(line) + "\n";
    while (!pending.empty()) {
        const auto sent = ::send(fd.get(), pending.data(), pending.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR) { return fail_errno(errno, "asking HAProxy"); }
        if (sent > 0) { pending.erase(0, static_cast<std::size_t>(sent)); }
    }
    std::string answer;
    std::array<char, 16384> buffer{};
    for (;;) { // it closes when all is said
        const auto got = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
        if (got < 0 && errno == EINTR) { continue; }
        if (got < 0) { return fail(ErrorKind::transient, "HAProxy did not finish its answer"); }
        if (got == 0) { return answer; }
        answer.append(buffer.data(), static_cast<std::size_t>(got));
    }
}

} // namespace ingot::firstboot::proxy
