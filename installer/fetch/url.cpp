#include "installer/fetch/url.hpp"

#include <algorithm>

#include "common/text/text.hpp"

namespace ingot::installer {

namespace {

Error wrong(std::string_view text, std::string_view why) {
    return fail(ErrorKind::invalid_input, text::format("'{}' is no address of a file: {}", text, why));
}

} // namespace

std::string Url::authority() const {
    const auto name = host.find(':') == std::string::npos ? host : "[" + host + "]";
    return port == (tls ? "443" : "80") ? name : text::format("{}:{}", name, port);
}

std::string Url::to_string() const { return text::format("{}://{}{}", tls ? "https" : "http", authority(), target); }

Result<Url> parse_url(std::string_view text) {
    constexpr std::string_view kPlain = "http://";
    constexpr std::string_view kTls = "https://";
    Url url{.tls = text.starts_with(kTls)};
    if (!url.tls && !text.starts_with(kPlain)) { return wrong(text, "it does not begin with http:// or https://"); }
    if (std::ranges::any_of(text, [](char letter) { return letter <= ' ' || letter > '~'; })) {
        return wrong(text, "it has a space or another character that no address has");
    }
    auto rest = text.substr(url.tls ? kTls.size() : kPlain.size());
    rest = rest.substr(0, rest.find('#'));
    const auto slash = rest.find_first_of("/?");
    auto authority = rest.substr(0, slash);
    url.target = slash == std::string_view::npos ? "/" : std::string(rest.substr(slash));
    if (url.target.front() == '?') { url.target.insert(0, "/"); }
    if (authority.find('@') != std::string_view::npos) { return wrong(text, "it has a user name in it"); }
    if (authority.starts_with('[')) {
        const auto end = authority.find(']');
        if (end == std::string_view::npos) { return wrong(text, "it has a [ without ]"); }
        url.host = std::string(authority.substr(1, end - 1));
        authority.remove_prefix(end + 1);
    } else {
        const auto colon = authority.find(':');
        url.host = std::string(authority.substr(0, colon));
        authority = colon == std::string_view::npos ? std::string_view() : authority.substr(colon);
    }
    if (url.host.empty()) { return wrong(text, "it names no server"); }
    url.port = url.tls ? "443" : "80";
    if (!authority.empty()) {
        constexpr long long kLastPort = 65535;
        const auto port = authority.front() == ':' ? text::to_number(authority.substr(1)) : std::nullopt;
        if (!port || *port < 1 || *port > kLastPort) { return wrong(text, "its port is none"); }
        url.port = text::format("{}", *port);
    }
    return url;
}

Result<Url> beside(std::string_view base, std::string_view name) {
    INGOT_ASSIGN(auto url, parse_url(base), "");
    const auto path = url.target.substr(0, url.target.find('?'));
    url.target = path.substr(0, path.rfind('/') + 1) + std::string(name);
    return url;
}

Result<Url> redirected(const Url& from, std::string_view location) {
    if (!location.starts_with('/')) { return parse_url(location); }
    auto url = from;
    url.target = std::string(location);
    return url;
}

} // namespace ingot::installer
