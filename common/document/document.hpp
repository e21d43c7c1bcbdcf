// YAML documents that people write, read strictly and with positions.
//
// yaml-cpp parses, but what it accepts silently is refused here: duplicate keys, aliases, anchors,
// tags, merge keys, more than one document, invalid UTF-8 or NUL, deeper than 32 levels, more than
// 50 000 nodes, scalars above 1 MiB. Scalars stay text until somebody asks for a type, so the rules of YAML 1.1
// and 1.2 do not surprise anybody: numbers, booleans and octal modes are decided by the field.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/result/result.hpp"

namespace ingot::document {

class Value;
struct Entry;
using Sequence = std::vector<Value>;
using Mapping = std::vector<Entry>; ///< in the order written; keys are unique

/// A scalar as written. `quoted` tells "no" from no.
struct Scalar {
    std::string text;
    bool quoted = false;
};

/// One node of a document, with the place where it stands.
class Value {
  public:
    Position position{};
    std::variant<std::monostate, Scalar, Sequence, Mapping> node; // no {}: clang would want Entry complete here

    [[nodiscard]] bool is_null() const; ///< absent, or plain null, ~ or empty
    [[nodiscard]] const Scalar* scalar() const { return std::get_if<Scalar>(&node); }
    [[nodiscard]] const Sequence* sequence() const { return std::get_if<Sequence>(&node); }
    [[nodiscard]] const Mapping* mapping() const { return std::get_if<Mapping>(&node); }
    /// The value under `key` of a mapping, or nullptr.
    [[nodiscard]] const Value* find(std::string_view key) const;
    /// "a mapping", "a list", "a text": for messages.
    [[nodiscard]] std::string_view kind() const;
};

struct Entry {
    std::string key;
    Position position;
    Value value;
};

/// Parses one document. All faults that can be told apart are added to `faults`; the Value is
/// meaningful only if none were. An empty text is a null Value. Never throws.
Value parse(std::string_view text, std::string_view file, Faults& faults);

// Readers of one scalar: add a fault that names what was expected and return nothing if it does not fit.
std::optional<std::string> as_text(const Value& value, Faults& faults);
std::optional<bool> as_flag(const Value& value, Faults& faults); ///< true/false/yes/no/on/off, any case
std::optional<std::int64_t> as_number(const Value& value, std::int64_t minimum, std::int64_t maximum, Faults& faults);
std::optional<std::vector<std::string>> as_texts(const Value& value, Faults& faults); ///< list of scalars

/// Reads a mapping key by key and, at finish(), reports every key nobody asked for, with the nearest
/// one that exists. A value that is not a mapping is one fault and reads as empty.
class Fields {
  public:
    /// `where` names the mapping in messages ("ingot.postgres").
    Fields(const Value& value, std::string where, Faults& faults);

    /// The value under `key` if present and not null.
    const Value* optional(std::string_view key);
    /// Like optional(), but a fault if absent.
    const Value* required(std::string_view key);

    std::optional<std::string> text(std::string_view key);
    std::optional<bool> flag(std::string_view key);
    std::optional<std::int64_t> number(std::string_view key, std::int64_t minimum, std::int64_t maximum);
    std::optional<std::vector<std::string>> texts(std::string_view key);
    /// One of `choices`, else a fault that lists them.
    std::optional<std::string> choice(std::string_view key, std::vector<std::string> choices);
    /// Required forms; an empty text / 0 after a fault.
    std::string required_text(std::string_view key);

    /// Names keys that are valid but not read here, so that finish() accepts them.
    void ignore(std::string_view key);
    /// Reports unknown keys. Call once, at the end.
    void finish();
    [[nodiscard]] const Value& value() const { return *value_; }
    [[nodiscard]] Faults& faults() { return *faults_; }
    /// "ingot.postgres.version", for messages about a key.
    [[nodiscard]] std::string path(std::string_view key) const;

  private:
    const Value* value_;
    std::string where_;
    Faults* faults_;
    std::vector<std::string> known_;
};

// Writing: a small emitter for the YAML that Ingot generates (user-data, patroni.yml), with quoting
// wherever YAML 1.1 or 1.2 would read a plain text as something else.
/// A document under construction; keys keep their order.
class Writer {
  public:
    Writer& begin_mapping();
    Writer& end_mapping();
    Writer& begin_sequence();
    Writer& end_sequence();
    Writer& key(std::string_view name);
    Writer& text(std::string_view value); ///< quoted where needed; block style when it has line ends
    Writer& number(std::int64_t value);
    Writer& flag(bool value);
    Writer& null();
    /// Shorthand for key(name).text(value), and so on.
    Writer& entry(std::string_view name, std::string_view value);
    Writer& entry(std::string_view name, const char* value) { return entry(name, std::string_view(value)); }
    Writer& entry(std::string_view name, std::int64_t value);
    Writer& entry(std::string_view name, int value) { return entry(name, static_cast<std::int64_t>(value)); }
    Writer& entry(std::string_view name, bool value);
    /// A list; nothing at all if there are no texts.
    Writer& entry_if_any(std::string_view name, const std::vector<std::string>& texts);
    Writer& value(const Value& value); ///< copies a parsed value
    [[nodiscard]] std::string finish() const;

    Writer();
    ~Writer();
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;
    Writer(Writer&&) = delete;
    Writer& operator=(Writer&&) = delete;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace ingot::document
