// What Prometheus is told, as values and as its text. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ingot::firstboot::metrics {

struct Sample {
    std::map<std::string, std::string> labels{};
    double value = 0;
};

/// All samples of one name.
struct Family {
    std::string name; ///< "ingot_backup_age_seconds"
    std::string help;
    bool counter = false; ///< else a gauge
    std::vector<Sample> samples{};
};
using Families = std::vector<Family>;

/// Prometheus' text format. Families without samples are left out.
std::string to_text(const Families& families);

} // namespace ingot::firstboot::metrics
