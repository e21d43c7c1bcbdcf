// Making a standby cluster one of its own, and an ordinary cluster one that takes no writes.
//
// SAFETY: two clusters that both take writes are two truths. So a standby is promoted only if its source's leader
// does not answer any more, or if the operator says that it does not matter; and on the other side `demote` makes the
// source read-only, durably: it stands in its etcd, so a reboot changes nothing.
#pragma once

#include <functional>
#include <string>

#include "common/result/result.hpp"
#include "firstboot/db/tools.hpp"

namespace ingot::firstboot::db {

using Say = std::function<void(const std::string&)>;

/// What is known before a promotion.
struct PromotionView {
    std::string cluster;
    bool follows_another = false; ///< it is a standby cluster now
    std::string typed;            ///< the name that the operator typed
    bool source_answers = false;
    std::string source{};
    bool source_may_live = false; ///< --source-may-live
};
/// refused with the reason, or success.
Status decide_promotion(const PromotionView& view);

/// `typed`: the cluster's name, as the operator typed it.
Status promote_cluster(const Database& database, const std::string& typed, bool source_may_live, const Say& say);
Status demote_cluster(const Database& database, const std::string& typed, const Say& say);

} // namespace ingot::firstboot::db
