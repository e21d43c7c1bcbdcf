#include "cloud-init/parts/mime.hpp"

#include <algorithm>
#include <optional>

#include "common/crypto/crypto.hpp"
#include "common/text/text.hpp"

namespace ingot::cloud_init {

namespace {

constexpr int kDeepestPart = 8;
constexpr std::size_t kMostMimeParts = 256;
constexpr std::size_t kMostHeaders = 64;

using Headers = std::map<std::string, std::string>;

/// Takes one line off the text; without its line end.
std::string_view take_line(std::string_view& text) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) { line.remove_suffix(1); }
    return line;
}

/// Takes the headers and the empty line behind them off the text.
Headers take_headers(std::string_view& text) {
    Headers headers;
    std::string last;
    while (!text.empty()) {
        const auto before = text;
        const auto line = take_line(text);
        if (line.empty()) { break; }
        const bool folded = line.front() == ' ' || line.front() == '\t';
        if (folded && !last.empty()) {
            headers[last] += text::format(" {}", text::trim(line));
            continue;
        }
        const auto colon = line.find(':');
        const bool is_header = colon != std::string_view::npos && colon > 0 &&
                               line.substr(0, colon).find_first_of(" \t") == std::string_view::npos;
        if (!is_header || headers.size() >= kMostHeaders) {
            // "From …" of a mailbox begins some messages; anything else is the body without an empty line before it.
            if (line.starts_with("From ") && headers.empty()) { continue; }
            text = before;
            break;
        }
        last = text::lower(line.substr(0, colon));
        headers.try_emplace(last, text::trim(line.substr(colon + 1)));
    }
    return headers;
}

std::string header(const Headers& headers, const std::string& name) {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
}

/// A parameter of a header: boundary="x; y". Names in any case.
std::string parameter(std::string_view value, std::string_view name) {
    auto at = value.find(';');
    while (at != std::string_view::npos) {
        value.remove_prefix(at + 1);
        const auto equals = value.find('=');
        if (equals == std::string_view::npos) { return {}; }
        const auto key = text::lower(text::trim(value.substr(0, equals)));
        value = value.substr(equals + 1);
        while (value.starts_with(' ')) { value.remove_prefix(1); }
        std::string content;
        if (value.starts_with('"')) {
            std::size_t index = 1;
            for (; index < value.size() && value[index] != '"'; ++index) {
                if (value[index] == '\\' && index + 1 < value.size()) { ++index; }
                content += value[index];
            }
            value.remove_prefix(std::min(index + 1, value.size()));
        } else {
            const auto end = std::min(value.find(';'), value.size());
            content = text::trim(value.substr(0, end));
            value.remove_prefix(end);
        }
        if (key == name) { return content; }
        at = value.find(';');
    }
    return {};
}

std::optional<char> hex_digit(char letter) {
    if (letter >= '0' && letter <= '9') { return static_cast<char>(letter - '0'); }
    constexpr int kTen = 10;
    if (letter >= 'A' && letter <= 'F') { return static_cast<char>(letter - 'A' + kTen); }
    if (letter >= 'a' && letter <= 'f') { return static_cast<char>(letter - 'a' + kTen); }
    return std::nullopt;
}

std::string decode_quoted_printable(std::string_view text) {
    std::string content;
    while (!text.empty()) {
        const bool ended = text.find('\n') != std::string_view::npos;
        auto line = take_line(text);
        while (line.ends_with(' ') || line.ends_with('\t')) { line.remove_suffix(1); }
        const bool soft = line.ends_with('=');
        if (soft) { line.remove_suffix(1); }
        for (std::size_t index = 0; index < line.size(); ++index) {
            const auto high =
                line[index] == '=' && index + 2 < line.size() + 0 ? hex_digit(line[index + 1]) : std::nullopt;
            const auto low = high ? hex_digit(line[index + 2]) : std::nullopt;
            if (high && low) {
                content += static_cast<char>(*high * 16 + *low);
                index += 2;
            } else {
                content += line[index];
            }
        }
        if (!soft && ended) { content += '\n'; }
    }
    return content;
}

Result<std::string> decode_body(std::string_view body, const std::string& encoding) {
    const auto word = text::lower(text::trim(encoding));
    if (word.empty() || word == "7bit" || word == "8bit" || word == "binary") { return std::string(body); }
    if (word == "quoted-printable") { return decode_quoted_printable(body); }
    if (word == "base64") {
        INGOT_ASSIGN(auto decoded, crypto::base64_decode(body), "a part in base64");
        return decoded;
    }
    return fail(ErrorKind::invalid_input, text::format("a part in the unknown transfer encoding '{}'", word));
}

/// The texts between the delimiters; what stands before the first and behind the last is left out.
Result<std::vector<std::string_view>> split_body(std::string_view body, const std::string& boundary) {
    const auto delimiter = "--" + boundary;
    std::vector<std::string_view> parts;
    std::optional<const char*> begin;
    auto rest = body;
    while (!rest.empty()) {
        const auto* const at = rest.data();
        const auto line = take_line(rest);
        if (!line.starts_with(delimiter)) { continue; }
        const auto tail = text::trim(line.substr(delimiter.size()));
        if (!tail.empty() && tail != "--") { continue; }
        if (begin) {
            auto part =
                body.substr(static_cast<std::size_t>(*begin - body.data()), static_cast<std::size_t>(at - *begin));
            // The line end before a delimiter belongs to the delimiter.
            if (part.ends_with('\n')) { part.remove_suffix(1); }
            if (part.ends_with('\r')) { part.remove_suffix(1); }
            parts.push_back(part);
        }
        if (tail == "--") { return parts; }
        begin = rest.data();
    }
    if (!begin) { return fail(ErrorKind::invalid_input, text::format("no line is the boundary '--{}'", boundary)); }
    return fail(ErrorKind::invalid_input, text::format("it is cut off: the last line has to be '--{}--'", boundary));
}

Status walk(std::string_view message, int depth, std::vector<MimePart>& leaves) {
    if (depth > kDeepestPart) { return fail(ErrorKind::refused, "multi-parts nested deeper than 8 levels"); }
    auto body = message;
    auto headers = take_headers(body);
    const auto type_header = header(headers, "content-type");
    auto type = text::lower(text::trim(std::string_view(type_header).substr(0, type_header.find(';'))));
    if (type.starts_with("multipart/")) {
        const auto boundary = parameter(type_header, "boundary");
        if (boundary.empty()) { return fail(ErrorKind::invalid_input, "a multi-part without a boundary"); }
        INGOT_ASSIGN(const auto parts, split_body(body, boundary), "");
        for (const auto part : parts) { INGOT_TRY(walk(part, depth + 1, leaves), ""); }
        return {};
    }
    if (leaves.size() >= kMostMimeParts) { return fail(ErrorKind::refused, "more than 256 parts"); }
    MimePart leaf;
    if (!type.empty()) { leaf.type = std::move(type); }
    leaf.filename = parameter(header(headers, "content-disposition"), "filename");
    if (leaf.filename.empty()) { leaf.filename = parameter(type_header, "name"); }
    INGOT_ASSIGN(leaf.content, decode_body(body, header(headers, "content-transfer-encoding")), "");
    leaf.headers = std::move(headers);
    leaves.push_back(std::move(leaf));
    return {};
}

} // namespace

bool is_mime(std::string_view text) {
    constexpr std::size_t kSearched = 4096;
    return text::lower(text.substr(0, kSearched)).find("mime-version:") != std::string::npos;
}

Result<std::vector<MimePart>> parse_mime(std::string_view message) {
    std::vector<MimePart> leaves;
    INGOT_TRY(walk(message, 0, leaves), "reading the multi-part");
    return leaves;
}

} // namespace ingot::cloud_init
