#include "firstboot/etcd/pace.hpp"

#include <charconv>
#include <cmath>
#include <ctime>

#include "common/text/text.hpp"
#include "firstboot/coordination/endpoints.hpp"
#include "firstboot/etcd/founding.hpp"
#include "firstboot/identity/identity.hpp"

namespace ingot::firstboot::etcd {

namespace {

constexpr std::string_view kLogLatency = "etcd_disk_wal_fsync_duration_seconds";
constexpr std::int64_t kClockTolerance = 3; ///< seconds; the date of HTTP has no fractions

double number_in(std::string_view text) {
    double value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

} // namespace

Result<std::string> read_metrics(const Member& member) {
    constexpr std::size_t kLimit = 4U << 20U;
    const auto http = member.environment.make_http();
    INGOT_ASSIGN(auto response,
                 http->send({.url = url_of(member.node.address, kClientPort) + "/metrics",
                             .tls = tls_for(member.environment.root, "etcd"),
                             .response_limit = kLimit}),
                 "reading etcd's metrics");
    return std::move(response.body);
}

std::optional<double> gauge_from(std::string_view metrics, std::string_view name) {
    for (const auto& line : text::lines(metrics)) {
        if (line.starts_with(name) && line.size() > name.size() && line[name.size()] == ' ') {
            return number_in(std::string_view(line).substr(name.size() + 1));
        }
    }
    return std::nullopt;
}

Histogram histogram_from(std::string_view metrics, std::string_view name) {
    Histogram histogram;
    const auto start = text::format("{}_bucket{{le=\"", name);
    for (const auto& line : text::lines(metrics)) {
        if (!line.starts_with(start)) { continue; }
        const auto rest = std::string_view(line).substr(start.size());
        const auto bound = rest.substr(0, rest.find('"'));
        const auto value = rest.substr(rest.rfind(' ') + 1);
        histogram[bound == "+Inf" ? INFINITY : number_in(bound)] = number_in(value);
    }
    return histogram;
}

std::optional<double> p99_between(const Histogram& before, const Histogram& after) {
    constexpr double kShare = 0.99;
    const auto earlier = [&before](double bound) {
        const auto found = before.find(bound);
        return found == before.end() ? 0.0 : found->second;
    };
    if (after.empty()) { return std::nullopt; }
    double total = after.rbegin()->second - earlier(after.rbegin()->first);
    // The member was started anew meanwhile: it counts from nothing.
    const bool is_new = total < 0;
    if (is_new) { total = after.rbegin()->second; }
    if (total <= 0) { return std::nullopt; }
    for (const auto& [bound, count] : after) {
        if (count - (is_new ? 0.0 : earlier(bound)) >= total * kShare) { return bound; }
    }
    return std::nullopt;
}

std::optional<std::string> judge_fsync(double seconds) {
    constexpr double kSlow = 0.5;
    if (seconds <= kSlow) { return std::nullopt; }
    const auto shown =
        std::isinf(seconds) ? std::string("longer than etcd counts") : text::format("up to {:.3f} s", seconds);
    return text::format("the disk is too slow for etcd: one of a hundred writes of its log takes {}", shown);
}

std::optional<std::int64_t> seconds_of_http_date(const std::string& date) {
    std::tm time{};
    if (::strptime(date.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &time) == nullptr) { return std::nullopt; }
    return ::timegm(&time);
}

Status Pace::operator()() {
    INGOT_ASSIGN(const auto metrics, read_metrics(*member_), "");
    auto now = histogram_from(metrics, kLogLatency);
    const auto p99 = p99_between(before_, now);
    before_ = std::move(now);
    if (p99) {
        *words_ = text::format("99 of 100 writes of the log take less than {:.0f} ms", *p99 * 1000);
        if (const auto judgement = judge_fsync(*p99)) { return fail(ErrorKind::tool_failed, *judgement); }
    }
    return compare_clocks();
}

Status Pace::compare_clocks() {
    const auto& root = member_->environment.root;
    for (const auto& [name, address] : known_members(root, member_->node.config.etcd.founders)) {
        if (address == member_->node.address) { continue; }
        const auto http = member_->environment.make_http();
        const auto response = http->send({.url = etcd_url(address) + "/version", .tls = tls_for(root, "etcd")});
        const auto now =
            std::chrono::duration_cast<std::chrono::seconds>(member_->environment.clock.now().time_since_epoch());
        if (!response) { continue; } // whether it answers is the affair of others
        const auto date = response->headers.find("date");
        if (date == response->headers.end()) { continue; }
        const auto theirs = seconds_of_http_date(date->second);
        if (!theirs) { continue; }
        const auto difference = *theirs - now.count();
        if (std::abs(difference) > kClockTolerance) {
            return fail(
                ErrorKind::tool_failed,
                text::format("the clock of {} ({}) differs from this machine's by {} s: certificates and leases "
                             "need the right time; look at systemd-timesyncd on both",
                             name, address, difference));
        }
    }
    return {};
}

} // namespace ingot::firstboot::etcd
