// Configuration files of a proxy node, as text: haproxy.cfg, pgbouncer.ini, its lines in /etc/hosts.
//
// TLS is end to end: HAProxy passes bytes through and looks at health only, so a client that goes to 5000 or
// 5001 verifies the database's own certificate. PgBouncer ends the client's TLS with the proxy's certificate, and
// goes on to the database through HAProxy with verify-full: the names primary.<domain> and replica.<domain> stand
// for this node's own address in /etc/hosts (not for 127.0.0.1, which the resolver would mix with localhost's ::1).
#pragma once

#include <string>
#include <string_view>

#include "firstboot/node/node.hpp"
#include "firstboot/proxy/pool.hpp"
#include "firstboot/proxy/slots.hpp"

namespace ingot::firstboot::proxy {

inline constexpr std::string_view kHaproxyFile = "/etc/haproxy/haproxy.cfg";
inline constexpr std::string_view kHaproxyPem = "/etc/haproxy/ingot.pem"; // certificate and key, root's alone
inline constexpr std::string_view kHaproxySocket = "/run/haproxy/ingot.sock";
inline constexpr std::string_view kHostsFile = "/etc/hosts";

/// "[::1]:5000" or "10.0.0.31:5000".
std::string host_port(std::string_view address, int port);

/// Used slots carry their member's address, so that a restart knows them; all are disabled (see slots.hpp).
std::string render_haproxy(const NodeSpec& node, const Layout& layout);
/// Reads the layout back from a haproxy.cfg of ours; empty if there is none.
Layout layout_from_config(std::string_view config);

std::string render_pgbouncer(const NodeSpec& node, Pool pool, int size);

/// `hosts` with our lines in it: added, or replaced where they are.
std::string with_our_hosts(std::string_view hosts, const NodeSpec& node);

} // namespace ingot::firstboot::proxy
