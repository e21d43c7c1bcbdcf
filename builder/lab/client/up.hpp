// Starts a lab and waits until its cluster takes writes and all its machines are well.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "builder/lab/client/create.hpp"
#include "builder/lab/model/table.hpp"
#include "common/process/process.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::lab {

struct UpOptions {
    std::string name = "lab";
    ClusterSource source{};
    std::string images = "build/images";
    std::chrono::seconds patience{180};
    bool cold = false;                ///< leave the machines switched off
    std::string part{};               ///< LabState::part of a new lab
    std::vector<std::string> words{}; ///< LabState::words of a new lab
    bool keep_failed = false;         ///< leave a lab running that did not become ready in time
};

/// What `up` achieved.
struct UpOutcome {
    LabReport report;
    ConnectInfo connect;
    bool resumed = false; ///< the lab was there, its machines kept their disks
    /// From switching the machines on to the first committed write through the pool; absent if they were on already.
    std::optional<std::chrono::milliseconds> first_write{};
    std::optional<std::chrono::milliseconds> all_healthy{};
};

/// Prints progress on standard output. A failure takes the lab down again, except for its logs.
Result<UpOutcome> up(process::Processes& processes, const UpOptions& options);

} // namespace ingot::builder::lab
