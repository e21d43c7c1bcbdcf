#include "installer/fetch/client.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "common/text/text.hpp"

namespace ingot::installer {

namespace {

constexpr int kOk = 200;
constexpr int kPartial = 206;
constexpr int kNotFound = 404;
constexpr int kTimeout = 408;
constexpr int kGone = 410;
constexpr int kTooMany = 429;
constexpr int kServer = 500;
constexpr int kMostRedirections = 5;

bool is_redirection(const Head& head) { return head.status >= 300 && head.status < 400 && !head.location.empty(); }

Error answered(const Url& url, int status) {
    const auto kind = status == kNotFound || status == kGone                          ? ErrorKind::not_found
                      : status >= kServer || status == kTooMany || status == kTimeout ? ErrorKind::transient
                                                                                      : ErrorKind::refused;
    return fail(kind, text::format("{}: HTTP {}", url.to_string(), status));
}

} // namespace

void Client::close() {
    socket_.reset();
    connected_.clear();
    buffer_.clear();
    taken_ = 0;
    rest_ = 0;
    last_answer_ = false;
}

Status Client::fill() {
    constexpr std::size_t kMost = 64U << 10U;
    buffer_.resize(kMost);
    taken_ = 0;
    auto got = socket_->receive(buffer_.data(), buffer_.size());
    buffer_.resize(got ? *got : 0);
    if (!got) { return std::move(got).error(); }
    if (*got == 0) { return fail(ErrorKind::transient, "the server closed the connection before the end"); }
    return {};
}

Result<std::string> Client::receive_line() {
    std::string line;
    for (;;) {
        if (taken_ == buffer_.size()) { INGOT_TRY(fill(), ""); }
        const auto end = buffer_.find('\n', taken_);
        const auto stop = end == std::string::npos ? buffer_.size() : end;
        line.append(buffer_, taken_, stop - taken_);
        taken_ = end == std::string::npos ? stop : end + 1;
        if (line.size() > kLongestHead) { return fail(ErrorKind::tool_failed, "a line of the answer has no end"); }
        if (end == std::string::npos) { continue; }
        if (line.ends_with('\r')) { line.pop_back(); }
        return line;
    }
}

Result<Head> Client::receive_head() {
    for (;;) {
        std::string head;
        for (;;) {
            INGOT_ASSIGN(const auto line, receive_line(), "");
            if (line.empty()) { break; }
            head += line + "\n";
            if (head.size() > kLongestHead) { return fail(ErrorKind::tool_failed, "the answer's head has no end"); }
        }
        INGOT_ASSIGN(const auto parsed, parse_head(head), "");
        if (parsed.status >= kOk) { return parsed; } // 100 Continue and the like are followed by another
    }
}

Result<Head> Client::ask(const Url& url, std::string_view request_line, std::string_view more) {
    const auto request = text::format("{} HTTP/1.1\r\nHost: {}\r\nUser-Agent: ingot-install\r\n{}", request_line,
                                      url.authority(), more.empty() ? std::string("\r\n") : std::string(more));
    const auto where = text::format("{}{}", url.tls ? "s:" : "", url.authority());
    if (rest_ > 0 || last_answer_ || connected_ != where) { close(); }
    // A kept connection may have been closed meanwhile: that is found out by using it, once.
    for (const bool kept : {socket_ != nullptr, false}) {
        if (!socket_) {
            INGOT_ASSIGN(socket_, Socket::connect(url), "");
            connected_ = where;
        }
        const auto sent = socket_->send(request);
        auto head = sent ? receive_head() : Result<Head>(sent.error());
        if (head) {
            last_answer_ = head->closes || (!head->length && !head->chunked);
            return head;
        }
        close();
        if (!kept) { return std::move(head).error().with_context(url.to_string()); }
    }
    return fail(ErrorKind::bug, "a connection that was neither kept nor new");
}

Result<Head> Client::follow(Url url, std::string_view more) {
    for (int step = 0; step <= kMostRedirections; ++step) {
        INGOT_ASSIGN(auto head, ask(url, "GET " + url.target, more), "");
        if (!is_redirection(head)) {
            if (head.status == kOk || head.status == kPartial) { return head; }
            close();
            return answered(url, head.status);
        }
        close();
        INGOT_ASSIGN(url, redirected(url, head.location), url.to_string());
    }
    return fail(ErrorKind::refused, url.to_string() + ": it is redirected again and again");
}

Status Client::receive_chunks(std::string& body, std::uint64_t limit) {
    for (;;) {
        INGOT_ASSIGN(const auto line, receive_line(), "");
        const auto size = chunk_size(line);
        if (!size) { return fail(ErrorKind::tool_failed, "a chunk of the answer has no size"); }
        if (*size > limit - body.size()) { return fail(ErrorKind::refused, "it is larger than can be right"); }
        rest_ = *size;
        const auto before = body.size();
        body.resize(before + *size);
        INGOT_TRY(read(std::span(body).subspan(before)), "");
        INGOT_TRY(receive_line(), ""); // the end of the chunk, or of the trailer
        if (*size == 0) { return {}; }
    }
}

Result<std::string> Client::receive_body(const Head& head, std::uint64_t limit) {
    std::string body;
    if (head.chunked) {
        INGOT_TRY(receive_chunks(body, limit), "");
        return body;
    }
    if (head.length) {
        if (*head.length > limit) { return fail(ErrorKind::refused, "it is larger than can be right"); }
        body.resize(*head.length);
        rest_ = *head.length;
        INGOT_TRY(read(body), "");
        return body;
    }
    for (;;) { // to the end of the connection
        body.append(buffer_, taken_);
        taken_ = buffer_.size();
        if (body.size() > limit) { return fail(ErrorKind::refused, "it is larger than can be right"); }
        constexpr std::size_t kMost = 64U << 10U;
        buffer_.resize(kMost);
        auto got = socket_->receive(buffer_.data(), buffer_.size());
        buffer_.resize(got ? *got : 0);
        taken_ = 0;
        if (!got) { return std::move(got).error(); }
        if (*got == 0) { return body; }
    }
}

Result<std::string> Client::get(const Url& url, std::uint64_t limit) {
    INGOT_ASSIGN(const auto head, follow(url, ""), "");
    auto body = receive_body(head, limit);
    if (!body) {
        close();
        return std::move(body).error().with_context(url.to_string());
    }
    return body;
}

Status Client::post(const Url& url, std::string_view json) {
    const auto more =
        text::format("Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}", json.size(), json);
    INGOT_ASSIGN(const auto head, ask(url, "POST " + url.target, more), "");
    close();
    if (head.status >= kOk && head.status < kServer - 100) { return {}; }
    return answered(url, head.status);
}

Status Client::open(const Url& url, std::uint64_t offset, std::uint64_t length) {
    const auto range = text::format("Range: bytes={}-{}\r\n\r\n", offset, offset + length - 1);
    INGOT_ASSIGN(const auto head, follow(url, range), "");
    const auto give_up = [&](ErrorKind kind, const std::string& why) {
        close();
        return fail(kind, text::format("{}: {}", url.to_string(), why));
    };
    if (head.chunked || !head.length) {
        return give_up(ErrorKind::refused, "the server does not say how long it is");
    }
    rest_ = *head.length;
    if (head.status == kPartial) {
        if (head.range_first != offset || rest_ < length) {
            return give_up(ErrorKind::refused, "the server sends another part than was asked for: the file is not "
                                               "the one that was built");
        }
        return {};
    }
    whole_files_only_ = true;
    if (rest_ < offset + length) { return give_up(ErrorKind::refused, "the file is shorter than it has to be"); }
    std::array<char, 64U << 10U> dropped{};
    while (offset > 0) {
        const auto part = std::min<std::uint64_t>(offset, dropped.size());
        INGOT_TRY(read(std::span(dropped).first(part)), url.to_string());
        offset -= part;
    }
    return {};
}

Status Client::read(std::span<char> into) {
    if (into.size() > rest_ || !socket_) {
        close();
        return fail(ErrorKind::bug, "more is read than was asked for");
    }
    while (!into.empty()) {
        std::size_t got = 0;
        if (taken_ < buffer_.size()) {
            got = std::min(into.size(), buffer_.size() - taken_);
            std::memcpy(into.data(), buffer_.data() + taken_, got);
            taken_ += got;
        } else {
            auto received = socket_->receive(into.data(), into.size());
            if (!received || *received == 0) {
                close();
                if (!received) { return std::move(received).error(); }
                return fail(ErrorKind::transient, "the server closed the connection before the end");
            }
            got = *received;
        }
        into = into.subspan(got);
        rest_ -= got;
    }
    return {};
}

} // namespace ingot::installer
