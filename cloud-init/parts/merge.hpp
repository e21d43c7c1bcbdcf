// Merging cloud-configs as cloud-init's code does it, which is not what its documentation says.
//
// Each part is merged into what the parts before it gave, by the rules that this part itself names (merge_how,
// merge_type or its Merge-Type header); rules in an earlier part have no effect on later ones. Without any, the rules
// are dict(replace)+list()+str(): a later part replaces whole top-level keys.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/document/document.hpp"
#include "common/result/result.hpp"

namespace ingot::cloud_init {

struct MergeRule {
    std::string type; ///< "dict", "list" or "str"
    std::vector<std::string> options{};
};

/// "dict(recurse_array,no_replace)+list(append)". invalid_input if it has another form.
Result<std::vector<MergeRule>> parse_merge_rules(std::string_view text);

/// Merges `part` into `whole`. Its own merge_how (or merge_type) counts, else `header`; both keys are left out of the
/// result. invalid_input for rules that cannot be read.
Status merge_part(document::Value& whole, document::Value part, std::string_view header);

/// `strong` with what only `weak` has: mappings key by key, everything else from `strong`. Vendor-data under
/// user-data.
document::Value merge_under(document::Value strong, const document::Value& weak);

} // namespace ingot::cloud_init
