#include "common/result/result.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <tuple>

namespace ingot {

std::string_view to_string(ErrorKind kind) {
    switch (kind) {
    case ErrorKind::invalid_input: return "invalid_input";
    case ErrorKind::not_found: return "not_found";
    case ErrorKind::transient: return "transient";
    case ErrorKind::refused: return "refused";
    case ErrorKind::tool_failed: return "tool_failed";
    case ErrorKind::bug: return "bug";
    }
    return "bug";
}

int exit_code(ErrorKind kind) {
    switch (kind) {
    case ErrorKind::invalid_input: return 2;
    case ErrorKind::refused: return 3;
    case ErrorKind::transient: return 75;
    case ErrorKind::not_found:
    case ErrorKind::tool_failed:
    case ErrorKind::bug: return 1;
    }
    return 1;
}

std::string Position::to_string() const {
    std::string text = file;
    if (line > 0) {
        text += ":" + std::to_string(line);
        if (column > 0) { text += ":" + std::to_string(column); }
    }
    return text;
}

Error Error::with_context(std::string_view doing) && {
    if (!doing.empty()) { trail.emplace_back(doing); }
    return std::move(*this);
}

std::string Error::to_string() const {
    std::string text;
    for (auto step = trail.rbegin(); step != trail.rend(); ++step) { text += *step + ": "; }
    if (position) { text += position->to_string() + ": "; }
    return text + message;
}

Error fail(ErrorKind kind, std::string message) { return Error{.kind = kind, .message = std::move(message)}; }

Error fail_errno(int error_number, std::string_view what) {
    auto kind = ErrorKind::tool_failed;
    switch (error_number) {
    case ENOENT:
    case ENOTDIR: kind = ErrorKind::not_found; break;
    case EAGAIN:
    case EINTR:
    case ENOSPC:
    case EIO:
    case ETIMEDOUT:
    case ECONNREFUSED:
    case ECONNRESET:
    case ENETUNREACH:
    case EHOSTUNREACH: kind = ErrorKind::transient; break;
    default: break;
    }
    return fail(kind, std::string(what) + ": " + std::strerror(error_number));
}

namespace {

/// A message may quote what somebody wrote: line ends would break it in two, escapes would reach the terminal.
std::string printable(const std::string& text) {
    constexpr std::string_view kHex = "0123456789abcdef";
    std::string out;
    for (const char character : text) {
        const auto byte = static_cast<unsigned char>(character);
        if (byte >= 0x20U && byte != 0x7FU) {
            out += character;
        } else if (character == '\n') {
            out += "\\n";
        } else {
            out += std::string("\\x") + kHex[byte >> 4U] + kHex[byte & 0x0FU];
        }
    }
    return out;
}

} // namespace

void Faults::add(Position position, std::string message, std::string hint) {
    // For a person to read: the value that is shown may be a mebibyte.
    constexpr std::size_t kLongest = 1000;
    if (message.size() > kLongest) {
        auto end = kLongest;
        while (end > 0 && (static_cast<unsigned char>(message[end]) & 0xC0U) == 0x80U) { --end; } // a whole letter
        message.resize(end);
        message += "…";
    }
    faults_.push_back({std::move(position), std::move(message), std::move(hint)});
}

void Faults::merge(Faults other) {
    for (auto& fault : other.faults_) { faults_.push_back(std::move(fault)); }
}

std::vector<std::string> Faults::lines() const {
    auto sorted = faults_;
    std::ranges::stable_sort(sorted, {}, [](const Fault& fault) {
        return std::tuple(fault.position.file, fault.position.line, fault.position.column);
    });
    std::vector<std::string> lines;
    lines.reserve(sorted.size());
    for (const auto& fault : sorted) {
        std::string line = fault.position.to_string();
        if (!line.empty()) { line += ": "; }
        line += fault.message;
        if (!fault.hint.empty()) { line += " (" + fault.hint + ")"; }
        lines.push_back(printable(line));
    }
    return lines;
}

Error Faults::to_error() const {
    std::string text;
    for (const auto& line : lines()) {
        if (!text.empty()) { text += '\n'; }
        text += line;
    }
    return fail(ErrorKind::invalid_input, std::move(text));
}

} // namespace ingot
