// Whether two databases ever take writes at the same time: a probe that asks each of them, not the proxies.
//
// Every db machine is asked every 100 ms to commit a row that only says which timeline it is on. From the moment in
// which a write on a newer timeline was acknowledged, no write on an older one may be, by whatever machine: that
// would be two leaders. The probe commits as the cluster does (with its synchronous setting), because only what is
// acknowledged can be lost; the rows that a cut-off leader only keeps for itself are counted besides.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "common/result/result.hpp"

namespace ingot::tests {

/// One acknowledged write of the probe.
struct ProbeWrite {
    std::chrono::steady_clock::time_point acknowledged{};
    std::string machine;
    std::uint32_t timeline = 0;
};

/// Writes that were acknowledged on a timeline older than one on which another had been before. Pure.
std::vector<ProbeWrite> second_writers(std::vector<ProbeWrite> writes);

class WriterWatch {
  public:
    /// Machines by name, with their addresses.
    WriterWatch(std::string lab, std::map<std::string, std::string> machines);

    /// Makes the table, on the machine that takes it. Before start().
    static std::string_view table();
    void start();
    void stop();
    /// Of all writes so far.
    [[nodiscard]] std::vector<ProbeWrite> writes() const;

  private:
    void probe(const std::stop_token& stop, const std::string& machine, const std::string& address);

    std::string lab_;
    std::map<std::string, std::string> machines_;
    mutable std::mutex mutex_;
    std::vector<ProbeWrite> writes_;
    std::vector<std::jthread> threads_;
};

} // namespace ingot::tests
