// The lab's network, entered by a thread of the test: it reaches every machine itself, be it cut off from the others
// or not, as no machine of the lab could.
#pragma once

#include <string>

#include "common/result/result.hpp"

namespace ingot::tests {

/// The calling thread sees the network of the lab `name` from now on, and no other.
Status enter_network_of(const std::string& name);

/// How to connect as the application's user: to `address`, with the whole certificate checked.
std::string connection_string(const std::string& lab, const std::string& address, int port);

} // namespace ingot::tests
