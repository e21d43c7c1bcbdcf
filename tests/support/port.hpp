// Ports of this machine's loopback address, for the servers of tests.
#pragma once

#include <cstdint>

#include "common/files/files.hpp"

namespace ingot::tests {

/// A TCP socket bound to 127.0.0.1 and a port that the kernel chose.
struct BoundSocket {
    files::Fd fd;
    std::uint16_t port = 0;
};

/// Ends the test program if there is none: nothing can be tested then.
BoundSocket bind_any_port();

/// A port that nobody listens on now, for a server which is only told a number.
std::uint16_t free_port();

} // namespace ingot::tests
