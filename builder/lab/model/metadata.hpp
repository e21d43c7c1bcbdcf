// The metadata service of the lab: Hetzner Cloud's paths and documents, answered by who asks.
//
// Hetzner answers in YAML, gives an instance-id that is a number, and 204 where there is no user-data. The lab's
// machines have one network interface that is the private network as well, so both documents name the same MAC.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "builder/lab/model/plan.hpp"

namespace ingot::builder::lab {

/// What the service knows about the machine that asks.
struct Instance {
    Member member;
    std::string network; ///< CIDR
    std::string gateway;
    std::string network_name; ///< the cluster's
    std::vector<std::string> ssh_authorized_keys;
    std::string user_data; ///< may be empty
};

/// User-data of two parts: what ingot rendered, then a part of the person's own (any kind of user-data, by its first
/// line).
std::string with_part(std::string_view user_data, std::string_view part);

/// The document at /hetzner/v1/metadata.
std::string metadata_document(const Instance& instance);
/// The document at /hetzner/v1/metadata/private-networks.
std::string private_networks_document(const Instance& instance);

struct HttpAnswer {
    int status = 200;
    std::string content_type = "text/plain; charset=utf-8";
    std::string body{};
};

/// Answers one request. `instance` is null if no machine of the lab has the address that asks.
HttpAnswer answer(std::string_view method, std::string_view path, const Instance* instance);

/// The bytes of an answer as HTTP/1.1, with Connection: close.
std::string to_http(const HttpAnswer& answer, bool head_only = false);

/// Method and path of a request line ("GET /x HTTP/1.1"), without the query; empty path if it is not one.
struct RequestLine {
    std::string method;
    std::string path;
};
RequestLine parse_request_line(std::string_view request);

} // namespace ingot::builder::lab
