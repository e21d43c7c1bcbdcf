// What the readers of the three forms share. Only for the files of this folder.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cloud-init/network/model.hpp"
#include "common/document/document.hpp"

namespace ingot::cloud_init {

struct NetworkReading {
    Faults& faults;
    NetworkConfig& config;
    void warn(const Position& position, std::string_view message);
    /// Keys of a mapping that nobody reads: a warning each, with the nearest one that is read.
    void warn_of_others(const document::Value& value, std::string_view where, const std::vector<std::string>& known);
};

void read_v1(const document::Value& root, NetworkReading& reading);
void read_v2(const document::Value& root, NetworkReading& reading);
void read_openstack(const document::Value& root, NetworkReading& reading);

/// "10.0.0.5/24" from an address with or without its prefix and perhaps a netmask; nothing (and a fault) if it is
/// none.
std::optional<std::string> read_cidr(const document::Value& at, std::string_view address, std::string_view netmask,
                                     Faults& faults);
/// The destination of a route: "default", a network, or an address with a netmask; `via` says of which kind a
/// default is.
std::optional<std::string> read_destination(const document::Value& at, std::string_view to, std::string_view netmask,
                                            std::string_view via, Faults& faults);
bool is_ip_address(std::string_view text);
bool is_ipv6(std::string_view text);
bool is_mac_address(std::string_view text);
/// Names that can be written to files: no slash, blank or control character. 15 letters is what the kernel allows;
/// the id of a card that is matched by something else may be longer.
bool is_interface_name(std::string_view text, std::size_t longest = 15);

/// A text or a list of texts.
std::vector<std::string> texts_of(const document::Value* value);
/// The text of a scalar; empty if it is none.
std::string text_of(const document::Value* value);

/// Parameters of bonds and bridges by netplan's names; v1's names (bond-miimon, bridge_fd) are translated.
enum class ParameterStyle { netplan, version1 };
void read_parameters(NetworkLink& link, const document::Value& parameters, ParameterStyle style,
                     NetworkReading& reading);

} // namespace ingot::cloud_init
