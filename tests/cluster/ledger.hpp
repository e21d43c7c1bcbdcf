// A writer that notes which rows the database acknowledged and when, so that a loss can be proven and a pause
// measured.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/cluster/lab_driver.hpp"
#include "tests/cluster/postgres.hpp"

namespace ingot::tests {

class Ledger {
  public:
    using Clock = std::chrono::steady_clock;

    explicit Ledger(LabDriver& lab) : lab_(lab) {}

    /// Makes the table, through the pool.
    bool open();
    /// Writes one row after the other through the pool of a proxy until stop(); a proxy that does not answer is left
    /// for the next one.
    void start();
    void stop();

    /// When the first row after `moment` was acknowledged, as seconds since then.
    [[nodiscard]] std::optional<double> resumed_after(Clock::time_point moment) const;
    /// The longest time without an acknowledged row from `begin` to now, in seconds.
    [[nodiscard]] double longest_pause_since(Clock::time_point begin) const;
    [[nodiscard]] std::size_t acknowledged() const;
    /// Statements that ended with an error, and what was said.
    [[nodiscard]] std::vector<std::string> failures_since(Clock::time_point begin) const;

    /// Rows that were acknowledged and are not in the table; and rows that are in it twice.
    struct Audit {
        std::set<int> lost;
        int doubled = 0;
        int present = 0;
    };
    std::optional<Audit> audit();

  private:
    void write(const std::stop_token& stop);
    void note_failure(const std::string& problem);

    LabDriver& lab_;
    std::jthread writer_;
    mutable std::mutex mutex_;
    std::set<int> acknowledged_;
    std::set<Clock::time_point> times_;
    std::multimap<Clock::time_point, std::string> failures_;
    int next_ = 1;
};

} // namespace ingot::tests
