// What machines are told, as scripts of iPXE and as a seed. Pure.
#pragma once

#include <string>
#include <string_view>

#include "builder/serve/model/assign.hpp"

namespace ingot::builder::serve {

/// The first script, the same for all: who are you?
std::string render_first_script(std::string_view server);

/// `server` is "http://10.0.0.1:8080".
std::string render_order(Order order, const Purpose& purpose, const Assigned& machine, std::string_view server);

/// For a machine that becomes nothing: says why, and goes on with whatever the firmware boots next.
std::string render_refusal(std::string_view reason);

std::string render_meta_data(const Assigned& machine);

} // namespace ingot::builder::serve
