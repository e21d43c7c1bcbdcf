#include "builder/publish/hetzner/leftovers.hpp"

namespace ingot::builder::publish::hetzner {

Result<CleanUp> clean_up(Api& api, std::string_view run, std::chrono::minutes age) {
    INGOT_ASSIGN(const auto found, find_temporary(api, run), "looking for what was left behind");
    CleanUp result;
    for (const auto& leftover : found) {
        if (!is_left_over(leftover.labels, leftover.created, api.now(), run, age)) {
            result.spared.push_back(leftover);
            continue;
        }
        const auto removed = remove(api, leftover);
        if (removed) {
            result.removed.push_back(leftover);
        } else {
            result.faults.push_back(removed.error().to_string());
        }
    }
    return result;
}

} // namespace ingot::builder::publish::hetzner
