// The faults of the failover bench, the soak test and the fault tests: what is done to a lab, what is measured, what
// must hold afterwards. One table, so that all three mean the same.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/cluster/lab_driver.hpp"
#include "tests/cluster/ledger.hpp"

namespace ingot::tests {

/// One way to hurt a cluster.
struct Fault {
    std::string_view name;
    std::string_view title;        ///< in tables
    double aim = 0;                ///< seconds without a committed write; 0: none
    std::chrono::seconds felt{12}; ///< what has not been felt by then is not felt
    bool planned = false;          ///< then no statement may fail
    bool often = true;             ///< in every run of CI and of the bench; else in soak tests, or when it is named
    /// Does it, and returns the machines that are hurt; nothing, with the reason in `problem`, if it cannot be done
    /// here.
    std::function<std::optional<std::vector<std::string>>(LabDriver& lab, std::string& problem)> strike;
    /// Undoes it. May be empty: the cluster heals by itself.
    std::function<void(LabDriver& lab, const std::vector<std::string>& hurt)> mend;
};

const std::vector<Fault>& faults();
const Fault* find_fault(std::string_view name);

/// What one fault did.
struct FaultReport {
    std::string_view fault;
    std::vector<std::string> hurt;
    double pause = 0;            ///< the writer's longest time without an acknowledged row
    double pause_of_mending = 0; ///< the same, while the hurt machines came back
    std::size_t failed = 0;      ///< statements that ended with an error
    std::size_t lost = 0;        ///< acknowledged rows that are gone
    int doubled = 0;             ///< rows that are there twice
    std::size_t second_writers = 0;
    std::size_t acknowledged = 0;
    bool healthy = false;              ///< one leader, all others streaming, at the end
    std::string problem;               ///< why nothing was measured
    std::vector<std::string> failures; ///< what was said to the failed statements
};

/// Strikes, waits until writes go on, mends, waits until all machines are healthy, and audits.
FaultReport run_fault(LabDriver& lab, const Fault& fault);
/// Everything that must never be: empty if it was not. For messages.
std::string violations(const Fault& fault, const FaultReport& report);

} // namespace ingot::tests
