// Reading scalars and mappings: one message per fault, which names the key, what was expected and what is there.
#include "common/document/document.hpp"

#include <algorithm>

#include "common/text/text.hpp"

namespace ingot::document {

namespace {

/// What stands there, as a person wrote it, shortened.
std::string found(const Value& value) {
    const Scalar* scalar = value.scalar();
    if (scalar == nullptr) { return std::string(value.kind()); }
    constexpr std::size_t kShown = 40;
    const auto line = scalar->text.substr(0, scalar->text.find('\n'));
    const bool whole = line.size() == scalar->text.size() && line.size() <= kShown;
    return text::format("'{}{}'", line.substr(0, kShown), whole ? "" : "…");
}

/// `where` is the key's path, or empty.
void expected(const Value& value, std::string_view where, std::string_view what, Faults& faults) {
    faults.add(value.position,
               text::format("{}{}expected {}, found {}", where, where.empty() ? "" : ": ", what, found(value)));
}

std::optional<std::string> read_text(const Value& value, std::string_view where, Faults& faults) {
    if (const Scalar* scalar = value.scalar()) { return scalar->text; }
    expected(value, where, "a text", faults);
    return std::nullopt;
}

std::optional<bool> read_flag(const Value& value, std::string_view where, Faults& faults) {
    if (const Scalar* scalar = value.scalar()) {
        const auto word = text::lower(scalar->text);
        if (word == "true" || word == "yes" || word == "on") { return true; }
        if (word == "false" || word == "no" || word == "off") { return false; }
    }
    expected(value, where, "true or false", faults);
    return std::nullopt;
}

std::optional<std::int64_t> read_number(const Value& value, std::string_view where, std::int64_t minimum,
                                        std::int64_t maximum, Faults& faults) {
    if (const Scalar* scalar = value.scalar()) {
        // A leading zero is octal to YAML 1.1 and decimal to 1.2: neither is guessed.
        const bool ambiguous = scalar->text.size() > 1 && (scalar->text[0] == '0' || scalar->text.starts_with("-0"));
        const auto number = ambiguous ? std::nullopt : text::to_number(scalar->text);
        if (number && *number >= minimum && *number <= maximum) { return *number; }
    }
    expected(value, where, text::format("a number from {} to {}", minimum, maximum), faults);
    return std::nullopt;
}

std::optional<std::vector<std::string>> read_texts(const Value& value, std::string_view where, Faults& faults) {
    const Sequence* items = value.sequence();
    if (items == nullptr) {
        expected(value, where, "a list of texts", faults);
        return std::nullopt;
    }
    std::vector<std::string> texts;
    bool complete = true;
    for (std::size_t index = 0; index < items->size(); ++index) {
        auto item = read_text((*items)[index], text::format("{}[{}]", where, index), faults);
        complete = complete && item.has_value();
        texts.push_back(std::move(item).value_or(""));
    }
    if (!complete) { return std::nullopt; }
    return texts;
}

} // namespace

std::optional<std::string> as_text(const Value& value, Faults& faults) { return read_text(value, {}, faults); }

std::optional<bool> as_flag(const Value& value, Faults& faults) { return read_flag(value, {}, faults); }

std::optional<std::int64_t> as_number(const Value& value, std::int64_t minimum, std::int64_t maximum,
                                      Faults& faults) {
    return read_number(value, {}, minimum, maximum, faults);
}

std::optional<std::vector<std::string>> as_texts(const Value& value, Faults& faults) {
    return read_texts(value, {}, faults);
}

Fields::Fields(const Value& value, std::string where, Faults& faults)
    : value_(&value), where_(std::move(where)), faults_(&faults) {
    if (value.mapping() == nullptr && !value.is_null()) { expected(value, where_, "a mapping", faults); }
}

const Value* Fields::optional(std::string_view key) {
    known_.emplace_back(key);
    const Value* value = value_->find(key);
    return value == nullptr || value->is_null() ? nullptr : value;
}

const Value* Fields::required(std::string_view key) {
    const Value* value = optional(key);
    const bool is_mapping = value_->mapping() != nullptr || value_->is_null();
    if (value != nullptr || !is_mapping) { return value; }
    const Value* empty = value_->find(key);
    faults_->add(empty == nullptr ? value_->position : empty->position,
                 text::format("'{}' is {}", path(key), empty == nullptr ? "missing" : "empty"));
    return nullptr;
}

std::optional<std::string> Fields::text(std::string_view key) {
    const Value* value = optional(key);
    return value == nullptr ? std::nullopt : read_text(*value, path(key), *faults_);
}

std::optional<bool> Fields::flag(std::string_view key) {
    const Value* value = optional(key);
    return value == nullptr ? std::nullopt : read_flag(*value, path(key), *faults_);
}

std::optional<std::int64_t> Fields::number(std::string_view key, std::int64_t minimum, std::int64_t maximum) {
    const Value* value = optional(key);
    return value == nullptr ? std::nullopt : read_number(*value, path(key), minimum, maximum, *faults_);
}

std::optional<std::vector<std::string>> Fields::texts(std::string_view key) {
    const Value* value = optional(key);
    return value == nullptr ? std::nullopt : read_texts(*value, path(key), *faults_);
}

std::optional<std::string> Fields::choice(std::string_view key, std::vector<std::string> choices) {
    const Value* value = optional(key);
    if (value == nullptr) { return std::nullopt; }
    const Scalar* scalar = value->scalar();
    if (scalar != nullptr && std::ranges::find(choices, scalar->text) != choices.end()) { return scalar->text; }
    expected(*value, path(key), text::format("one of {}", text::join(choices, ", ")), *faults_);
    return std::nullopt;
}

std::string Fields::required_text(std::string_view key) {
    const Value* value = required(key);
    return value == nullptr ? "" : read_text(*value, path(key), *faults_).value_or("");
}

void Fields::ignore(std::string_view key) { known_.emplace_back(key); }

void Fields::finish() {
    const Mapping* entries = value_->mapping();
    if (entries == nullptr) { return; }
    for (const auto& entry : *entries) {
        // Keys that could not be read begin with \x01; they have been reported.
        if (entry.key.starts_with('\x01') || std::ranges::find(known_, entry.key) != known_.end()) { continue; }
        const auto near = text::nearest(entry.key, known_);
        faults_->add(entry.position, text::format("unknown key '{}'", path(entry.key)),
                     near ? text::format("did you mean '{}'?", *near)
                          : text::format("known here: {}", text::join(known_, ", ")));
    }
}

std::string Fields::path(std::string_view key) const {
    return where_.empty() ? std::string(key) : text::format("{}.{}", where_, key);
}

} // namespace ingot::document
