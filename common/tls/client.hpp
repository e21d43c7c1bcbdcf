// One question over TLS 1.3 to a server that is pinned to a CA, with an answer that depends on the connection.
//
// curl does not give the keying material of a connection, and that is what a proof of possession has to be bound to:
// the body is made after the handshake, from the binding of this very connection.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "common/result/result.hpp"

namespace ingot::tls {

struct Question {
    std::string address; ///< IPv4 or IPv6; the server's certificate has to name it
    std::uint16_t port = 0;
    std::filesystem::path ca_file{};   ///< the only CAs that count
    std::filesystem::path cert_file{}; ///< own certificate; none if empty
    std::filesystem::path key_file{};
    std::string method = "POST";
    std::string path = "/";
    std::chrono::milliseconds patience = std::chrono::seconds(12); ///< from connecting to the last byte
    std::size_t longest_answer = std::size_t{256} << 10U;
};

struct Answer {
    int status = 0;
    std::string body;
};

/// Asks. `body` gets the binding of the connection (32 bytes) and makes the body. transient if there is no answer;
/// refused if the server is not who it has to be, or does not take our certificate.
Result<Answer> ask(const Question& question, const std::function<std::string(const std::string& binding)>& body);

/// True if a connection to the port succeeds or is refused: a machine is there.
bool somebody_answers(const std::string& address, std::uint16_t port, std::chrono::milliseconds patience);

} // namespace ingot::tls
