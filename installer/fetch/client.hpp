// What the installer asks of a web server. Keeps its connection; one object per thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "common/result/result.hpp"
#include "installer/fetch/head.hpp"
#include "installer/fetch/socket.hpp"
#include "installer/fetch/url.hpp"

namespace ingot::installer {

class Client {
  public:
    /// The whole file. not_found for 404 and 410; transient for what may pass; refused for the rest and if it is
    /// larger than `limit`.
    Result<std::string> get(const Url& url, std::uint64_t limit);
    /// Any answer but an error status is success.
    Status post(const Url& url, std::string_view json);

    /// Begins to fetch `length` bytes from `offset` on. Then read() gives them, one after the other. A server that
    /// does not know ranges sends everything from the start: what comes before is read and dropped.
    Status open(const Url& url, std::uint64_t offset, std::uint64_t length);
    /// Fills `into` completely; transient if the connection breaks before.
    Status read(std::span<char> into);
    /// True once a server has ignored a range.
    [[nodiscard]] bool whole_files_only() const { return whole_files_only_; }

  private:
    Result<Head> ask(const Url& url, std::string_view request_line, std::string_view more);
    Result<Head> follow(Url url, std::string_view more);
    Result<std::string> receive_line();
    Result<Head> receive_head();
    Result<std::string> receive_body(const Head& head, std::uint64_t limit);
    Status receive_chunks(std::string& body, std::uint64_t limit);
    Status fill();
    void close();

    std::unique_ptr<Socket> socket_;
    std::string connected_; ///< to whom
    std::string buffer_;    ///< received, not yet taken
    std::size_t taken_ = 0;
    std::uint64_t rest_ = 0;   ///< of the answer that open() began
    bool last_answer_ = false; ///< the server closes after it
    bool whole_files_only_ = false;
};

} // namespace ingot::installer
