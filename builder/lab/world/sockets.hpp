// TCP and Unix sockets, as far as the lab needs them.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include "common/files/files.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::lab {

/// Listens on an IPv4 address; port 0 takes any. transient if the port is taken.
Result<files::Fd> listen_tcp(const std::string& address, int port);
/// The port a socket is bound to.
int bound_port(const files::Fd& socket);
/// Connects, within the time given.
Result<files::Fd> connect_tcp(const std::string& address, int port, std::chrono::milliseconds timeout);

/// Binds a Unix socket at `path` (0600), replacing one that is there. It does not listen yet.
Result<files::Fd> bind_unix(const std::filesystem::path& path);
/// Connects to a Unix socket. not_found if nobody serves it.
Result<files::Fd> connect_unix(const std::filesystem::path& path);

/// Accepts a connection within `timeout`; the peer's address is "" for Unix sockets. Nothing if nobody came.
struct Accepted {
    files::Fd socket;
    std::string peer;
};
std::optional<Accepted> accept_within(const files::Fd& listener, std::chrono::milliseconds timeout);

/// Waits until one may read.
bool readable_within(const files::Fd& socket, std::chrono::milliseconds timeout);
Status send_all(const files::Fd& socket, std::string_view bytes);

/// A line of the control protocol. receive_line() gives "" if the peer closed or was silent for `patience`.
Status send_line(const files::Fd& socket, std::string line);
std::string receive_line(const files::Fd& socket, std::chrono::milliseconds patience);

} // namespace ingot::builder::lab
