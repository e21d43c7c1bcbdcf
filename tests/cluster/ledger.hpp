// A writer that notes which rows the database acknowledged, so that a loss can be proven.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "tests/cluster/lab_driver.hpp"

namespace ingot::tests {

class Ledger {
  public:
    explicit Ledger(LabDriver& lab) : lab_(lab) {}

    /// Makes the table, through the pool.
    bool open();
    /// Writes one row after the other through the pool until stop().
    void start();
    void stop();

    /// When the first row after `moment` was acknowledged, as seconds since then.
    std::optional<double> resumed_after(std::chrono::steady_clock::time_point moment) const;
    [[nodiscard]] std::size_t acknowledged() const;
    /// Writes that were answered by an error, or not at all.
    [[nodiscard]] std::size_t failed() const { return failed_; }
    /// Rows that were acknowledged and are not in the table; and rows that are in it twice.
    struct Audit {
        std::set<int> lost;
        int doubled = 0;
        int present = 0;
    };
    std::optional<Audit> audit();

  private:
    using Clock = std::chrono::steady_clock;
    LabDriver& lab_;
    std::jthread writer_;
    mutable std::mutex mutex_;
    std::set<int> acknowledged_;
    std::set<Clock::time_point> times_;
    std::atomic<std::size_t> failed_ = 0;
    int next_ = 1;
};

} // namespace ingot::tests
