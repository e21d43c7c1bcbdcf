// The status as `cloud-init status` would say it, for the tools that wait on that: its words, its JSON (of 24.1 and
// later) and its exit codes. Pure.
#pragma once

#include <string>
#include <vector>

#include "firstboot/status/status.hpp"

namespace ingot::firstboot {

struct CloudInitAnswer {
    std::string status;   ///< "not started", "running", "done", "error"
    std::string extended; ///< "degraded done", "error - done", …
    std::string datasource;
    std::string detail;
    std::string last_update; ///< "Mon, 23 Nov 2026 12:00:00 +0000"; empty before the first event
    std::vector<std::string> errors{};
    std::vector<std::string> warnings{}; ///< recoverable errors: what failed and did not stop the boot
};

/// `warnings`: what failed without stopping the boot, such as commands of runcmd.
CloudInitAnswer answer_as_cloud_init(const NodeStatus& status, std::vector<std::string> warnings);
/// Nothing will change any more, as far as somebody who waits for cloud-init is concerned.
bool is_final(const CloudInitAnswer& answer);
/// 0 all is well (so far), 1 failed, 2 something failed and did not stop the boot.
int exit_code_of(const CloudInitAnswer& answer);

enum class CloudInitFormat { tabular, json, yaml };
/// What cloud-init prints. `details`: the long form of tabular; `waited`: it comes after the dots.
std::string to_text(const CloudInitAnswer& answer, CloudInitFormat format, bool details, bool waited);

} // namespace ingot::firstboot
