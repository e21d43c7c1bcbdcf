#include "cloud-init/parts/merge.hpp"

#include <algorithm>
#include <optional>

#include "common/text/text.hpp"

namespace ingot::cloud_init {

using document::Mapping;
using document::Scalar;
using document::Sequence;
using document::Value;

namespace {

using Rules = std::vector<MergeRule>;

bool has(const MergeRule& rule, std::string_view option) {
    return std::ranges::find(rule.options, option) != rule.options.end();
}

/// What PyYAML takes for a text: quoted, or nothing that YAML 1.1 reads as a number or a boolean.
bool is_text(const Value& value) {
    const Scalar* scalar = value.scalar();
    if (scalar == nullptr) { return false; }
    constexpr std::size_t kLongestNumber = 64;
    if (scalar->quoted || scalar->text.size() > kLongestNumber) { return true; }
    const auto word = text::lower(scalar->text);
    for (const auto* const flag : {"true", "false", "yes", "no", "on", "off"}) {
        if (word == flag) { return false; }
    }
    const bool numeric = word.find_first_not_of("0123456789+-._abcdefxo:") == std::string::npos &&
                         word.find_first_of("0123456789") != std::string::npos &&
                         (word.front() == '+' || word.front() == '-' || word.front() == '.' ||
                          (word.front() >= '0' && word.front() <= '9')) &&
                         (word.starts_with("0x") || word.find_first_of("abcdfxo") == std::string::npos);
    return !numeric;
}

/// Merging is done in place: parts may be many, and what is there large.
class Mergers {
  public:
    explicit Mergers(const Rules& rules) : rules_(&rules) {}

    /// By the type of what is there; a type without a rule stays as it is.
    void merge(Value& there, const Value& with) const {
        const std::string_view type = there.mapping() != nullptr    ? "dict"
                                      : there.sequence() != nullptr ? "list"
                                      : is_text(there)              ? "str"
                                                                    : "";
        const auto rule = std::ranges::find(*rules_, type, &MergeRule::type);
        if (rule == rules_->end()) { return; }
        if (type == "dict") {
            merge_mappings(there, with, *rule);
        } else if (type == "list") {
            merge_lists(there, with, *rule);
        } else {
            merge_texts(there, with, *rule);
        }
    }

  private:
    void merge_same_key(Value& there, const Value& with, const MergeRule& rule) const {
        const bool lists = with.sequence() != nullptr && (has(rule, "recurse_array") || has(rule, "recurse_list"));
        if (lists || with.mapping() != nullptr || (is_text(with) && has(rule, "recurse_str"))) { merge(there, with); }
    }

    void merge_mappings(Value& there, const Value& with, const MergeRule& rule) const {
        if (with.mapping() == nullptr) { return; }
        // The first of the two that is named counts, in this order; none of them means no_replace.
        const bool replace = has(rule, "replace");
        auto& entries = std::get<Mapping>(there.node);
        for (const auto& entry : *with.mapping()) {
            const auto found = std::ranges::find(entries, entry.key, &document::Entry::key);
            if (found == entries.end()) {
                entries.push_back(entry);
            } else if (entry.value.is_null() && has(rule, "allow_delete")) {
                entries.erase(found);
            } else if (replace) {
                *found = entry;
            } else {
                merge_same_key(found->value, entry.value, rule);
            }
        }
    }

    void merge_same_index(Value& there, const Value& with, const MergeRule& rule) const {
        const bool lists = with.sequence() != nullptr && (has(rule, "recurse_array") || has(rule, "recurse_list"));
        const bool mappings = with.mapping() != nullptr && has(rule, "recurse_dict");
        if (lists || mappings || (is_text(with) && has(rule, "recurse_str"))) {
            merge(there, with);
        } else {
            there = with;
        }
    }

    void merge_lists(Value& there, const Value& with, const MergeRule& rule) const {
        enum class Method { append, prepend, replace, no_replace };
        const auto method = has(rule, "append")       ? Method::append
                            : has(rule, "prepend")    ? Method::prepend
                            : has(rule, "replace")    ? Method::replace
                            : has(rule, "no_replace") ? Method::no_replace
                                                      : Method::replace;
        if (with.sequence() == nullptr) {
            if (method == Method::replace) { there = with; }
            return;
        }
        auto& items = std::get<Sequence>(there.node);
        const auto& more = *with.sequence();
        if (method == Method::append) {
            items.insert(items.end(), more.begin(), more.end());
        } else if (method == Method::prepend) {
            items.insert(items.begin(), more.begin(), more.end());
        } else if (method == Method::replace) {
            // Place by place; what the new list has beyond the old one's length is dropped, as cloud-init drops it.
            for (std::size_t index = 0; index < std::min(items.size(), more.size()); ++index) {
                merge_same_index(items[index], more[index], rule);
            }
        }
    }

    static void merge_texts(Value& there, const Value& with, const MergeRule& rule) {
        if (!is_text(with) || !has(rule, "append")) {
            there = with;
        } else {
            std::get<Scalar>(there.node).text += with.scalar()->text;
        }
    }

    const Rules* rules_;
};

/// Takes a key out of a mapping.
std::optional<Value> take(Value& mapping, std::string_view key) {
    auto& entries = std::get<Mapping>(mapping.node);
    const auto found = std::ranges::find(entries, key, &document::Entry::key);
    if (found == entries.end()) { return std::nullopt; }
    auto value = std::move(found->value);
    entries.erase(found);
    if (value.is_null()) { return std::nullopt; }
    return value;
}

std::string scalar_text(const Value& value) { return value.scalar() == nullptr ? "" : value.scalar()->text; }

/// A text, or a list of {name: …, settings: […]} or [name, option, …].
Result<Rules> read_rules(const Value& value) {
    if (const auto* scalar = value.scalar()) { return parse_merge_rules(scalar->text); }
    Rules rules;
    if (value.sequence() == nullptr) { return fail(ErrorKind::invalid_input, "merge_how is no text and no list"); }
    for (const auto& item : *value.sequence()) {
        MergeRule rule;
        Sequence options;
        if (item.mapping() != nullptr) {
            if (const auto* name = item.find("name")) { rule.type = scalar_text(*name); }
            const auto* settings = item.find("settings");
            if (settings != nullptr && settings->sequence() != nullptr) { options = *settings->sequence(); }
        } else if (const auto* list = item.sequence(); list != nullptr && !list->empty()) {
            rule.type = scalar_text(list->front());
            options.assign(list->begin() + 1, list->end());
        }
        if (rule.type != "dict" && rule.type != "list" && rule.type != "str") {
            return fail(ErrorKind::invalid_input, text::format("merge_how: there are no rules for '{}'", rule.type));
        }
        for (const auto& option : options) { rule.options.push_back(text::lower(scalar_text(option))); }
        rules.push_back(std::move(rule));
    }
    return rules;
}

} // namespace

Result<std::vector<MergeRule>> parse_merge_rules(std::string_view text) {
    Rules rules;
    for (const auto& piece : text::split(text, '+')) {
        auto word = text::replace_all(text::lower(text::trim(piece)), "-", "_");
        if (word.empty()) { continue; }
        const auto open = word.find('(');
        if (open == std::string::npos || !word.ends_with(')')) {
            return fail(ErrorKind::invalid_input,
                        text::format("'{}' is no merge rule; as in list(append)+dict(recurse_array)+str()", piece));
        }
        MergeRule rule{.type = word.substr(0, open)};
        if (rule.type.starts_with("m_")) { rule.type = rule.type.substr(2); }
        if (rule.type != "dict" && rule.type != "list" && rule.type != "str") {
            return fail(ErrorKind::invalid_input, text::format("there are no merge rules for '{}'", rule.type));
        }
        const auto inner = std::string_view(word).substr(open + 1, word.size() - open - 2);
        for (const auto& option : text::split(inner, ',')) {
            if (const auto name = text::trim(option); !name.empty()) { rule.options.emplace_back(name); }
        }
        rules.push_back(std::move(rule));
    }
    return rules;
}

Status merge_part(Value& whole, Value part, std::string_view header) {
    if (part.mapping() == nullptr) { return {}; }
    if (whole.mapping() == nullptr) { whole = Value{.position = part.position, .node = Mapping{}}; }
    auto how = take(part, "merge_how");
    if (!how) { how = take(part, "merge_type"); }
    Rules rules;
    if (how) { INGOT_ASSIGN(rules, read_rules(*how), ""); }
    INGOT_ASSIGN(auto more, parse_merge_rules(header), "");
    rules.insert(rules.end(), more.begin(), more.end());
    if (rules.empty()) { rules = {{.type = "dict", .options = {"replace"}}, {.type = "list"}, {.type = "str"}}; }
    Mergers(rules).merge(whole, part);
    return {};
}

Value merge_under(Value strong, const Value& weak) {
    auto* const entries = std::get_if<Mapping>(&strong.node);
    if (entries == nullptr || weak.mapping() == nullptr) { return strong; }
    for (const auto& entry : *weak.mapping()) {
        const auto found = std::ranges::find(*entries, entry.key, &document::Entry::key);
        if (found == entries->end()) {
            entries->push_back(entry);
        } else {
            found->value = merge_under(std::move(found->value), entry.value);
        }
    }
    return strong;
}

} // namespace ingot::cloud_init
