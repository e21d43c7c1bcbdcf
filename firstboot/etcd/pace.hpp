// How fast this member's disk is, and whether its clock is that of the others.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "firstboot/etcd/member.hpp"

namespace ingot::firstboot::etcd {

/// The text of /metrics of the own member.
Result<std::string> read_metrics(const Member& member);
/// The value of a metric without labels.
std::optional<double> gauge_from(std::string_view metrics, std::string_view name);

/// A histogram of /metrics: upper bound → how many were not slower, since the member started.
using Histogram = std::map<double, double>;
Histogram histogram_from(std::string_view metrics, std::string_view name);
/// The bound under which 99 of 100 stayed, of those that came after `before`. Nothing if none came.
std::optional<double> p99_between(const Histogram& before, const Histogram& after);
/// What is to be said of this latency of the log, if anything.
std::optional<std::string> judge_fsync(double seconds);
/// Seconds since 1970 of an HTTP date; nothing if it is not one.
std::optional<std::int64_t> seconds_of_http_date(const std::string& date);

/// The duty.
class Pace {
  public:
    Pace(SharedMember member, std::shared_ptr<std::string> words)
        : member_(std::move(member)), words_(std::move(words)) {}
    Status operator()();

  private:
    Status compare_clocks();

    SharedMember member_;
    std::shared_ptr<std::string> words_;
    Histogram before_{};
};

} // namespace ingot::firstboot::etcd
