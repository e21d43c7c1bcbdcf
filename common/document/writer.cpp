// Writing YAML: block style, keys in the order given, and quotes wherever some reader of YAML 1.1 or 1.2
// (PyYAML in Patroni and cloud-init, yaml-cpp here, Go's) could take a text for something else.
#include "common/document/document.hpp"

#include <algorithm>
#include <array>

#include "common/text/text.hpp"

namespace ingot::document {

namespace {

constexpr std::string_view kDigits = "0123456789";

/// Words that some reader takes for a boolean, null, or a merge key.
bool is_reserved_word(std::string_view text) {
    static constexpr std::array<std::string_view, 12> kWords = {"y", "n",  "yes",  "no",    "on",   "off",
                                                                "~", "<<", "true", "false", "null", "="};
    return std::ranges::find(kWords, text::lower(text)) != kWords.end();
}

/// Anything that might be a number, a date, a time or a number in base 60. Errs towards true; only dotted
/// addresses (two dots or more, nothing but digits) are told apart, because they are many and read better bare.
bool looks_numeric(std::string_view text) {
    if (text.find_first_of(kDigits) == std::string_view::npos &&
        text::lower(text).find("inf") == std::string_view::npos &&
        text::lower(text).find("nan") == std::string_view::npos) {
        return false;
    }
    if ((kDigits.find(text.front()) == std::string_view::npos) && text.front() != '+' && text.front() != '-' &&
        text.front() != '.') {
        return false;
    }
    if (text.find_first_not_of("0123456789.") == std::string_view::npos && std::ranges::count(text, '.') > 1) {
        return false;
    }
    return text.find_first_not_of("0123456789_.,:+-eExXoObBaAcCdDfFtTzZiInN ") == std::string_view::npos;
}

/// True if the characters alone let `text` stand without quotes, in any place of a block document.
bool has_plain_characters(std::string_view text) {
    constexpr std::string_view kPunctuation = "_./+@%-=,;()$*!?<>|&~^\\ ";
    const auto alphanumeric = [](char character) {
        return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
               (character >= '0' && character <= '9');
    };
    if (text.empty() || text.back() == ' ' || text.starts_with("...")) { return false; }
    const char first = text.front();
    if (!alphanumeric(first) && first != '/' && first != '_' && first != '.' && first != '+') { return false; }
    for (std::size_t index = 0; index < text.size(); ++index) {
        const char character = text[index];
        if (character == ':') { // only inside a word
            if (index + 1 == text.size() || text[index + 1] == ' ') { return false; }
        } else if (!alphanumeric(character) && kPunctuation.find(character) == std::string_view::npos) {
            return false;
        }
    }
    return true;
}

bool may_be_plain(std::string_view text) {
    return has_plain_characters(text) && !is_reserved_word(text) && !looks_numeric(text);
}

/// Reads one code point, moving on; invalid UTF-8 (which YAML cannot hold) gives U+FFFD for each byte.
char32_t next_code_point(std::string_view& text) {
    const auto lead = static_cast<unsigned char>(text.front());
    const std::size_t length = lead < 0x80U   ? 1U
                               : lead < 0xC2U ? 0U
                               : lead < 0xE0U ? 2U
                               : lead < 0xF0U ? 3U
                               : lead < 0xF5U ? 4U
                                              : 0U;
    char32_t value = length <= 1 ? lead : lead & (0xFFU >> (length + 1));
    bool valid = length != 0 && text.size() >= length;
    for (std::size_t index = 1; valid && index < length; ++index) {
        const auto byte = static_cast<unsigned char>(text[index]);
        valid = (byte & 0xC0U) == 0x80U;
        value = (value << 6U) | (byte & 0x3FU);
    }
    const bool overlong = (length == 3 && value < 0x800U) || (length == 4 && value < 0x10000U);
    if (!valid || overlong || (value >= 0xD800U && value <= 0xDFFFU) || value > 0x10FFFFU) {
        text.remove_prefix(1);
        return 0xFFFD;
    }
    text.remove_prefix(length);
    return value;
}

/// Control characters, and those that YAML 1.1 takes for line ends or byte order marks.
bool needs_escape(char32_t character) {
    return character < 0x20U || (character >= 0x7FU && character <= 0xA0U) || character == 0x2028U ||
           character == 0x2029U || character == 0xFEFFU || character == 0xFFFEU || character == 0xFFFFU;
}

std::string double_quoted(std::string_view text) {
    std::string out = "\"";
    while (!text.empty()) {
        const std::string_view before = text;
        const char32_t character = next_code_point(text);
        if (character == '"' || character == '\\') {
            out += '\\';
            out += static_cast<char>(character);
        } else if (character == '\n') {
            out += "\\n";
        } else if (character == '\t') {
            out += "\\t";
        } else if (character == '\r') {
            out += "\\r";
        } else if (needs_escape(character)) {
            out += character <= 0xFFU ? text::format("\\x{:02x}", static_cast<unsigned>(character))
                                      : text::format("\\u{:04x}", static_cast<unsigned>(character));
        } else if (character == 0xFFFDU) {
            out += "\xEF\xBF\xBD";
        } else {
            out += before.substr(0, before.size() - text.size());
        }
    }
    return out + "\"";
}

/// A text with line ends that can stand as it is behind "|".
bool may_be_literal(std::string_view text) {
    if (text.find('\n') == std::string_view::npos || text.front() == ' ' || text.front() == '\n' ||
        text.front() == '\t') {
        return false;
    }
    while (!text.empty()) {
        const char32_t character = next_code_point(text);
        if (character == 0xFFFDU || (needs_escape(character) && character != '\n' && character != '\t')) {
            return false;
        }
    }
    return true;
}

std::string literal(std::string_view text, std::size_t indent) {
    std::string_view mark = "|-";
    if (text.ends_with("\n\n")) {
        mark = "|+";
    } else if (text.ends_with('\n')) {
        mark = "|";
    }
    std::string out(mark);
    for (const auto& line : text::split(text.ends_with('\n') ? text.substr(0, text.size() - 1) : text, '\n')) {
        out += '\n';
        if (!line.empty()) { out += std::string(indent, ' ') + line; }
    }
    return out;
}

std::string scalar_text(const Scalar& scalar, std::size_t indent, bool in_block) {
    const bool bare = !scalar.quoted && !scalar.text.empty(); // a number or a flag, or written bare by a person
    if (bare && (has_plain_characters(scalar.text) || looks_numeric(scalar.text))) { return scalar.text; }
    if (may_be_plain(scalar.text)) { return scalar.text; }
    if (in_block && may_be_literal(scalar.text)) { return literal(scalar.text, indent); }
    return double_quoted(scalar.text);
}

std::string key_text(std::string_view key) { return may_be_plain(key) ? std::string(key) : double_quoted(key); }

void render(const Value& value, std::size_t indent, std::string& out);

/// What follows "key:" or "-": on the same line if it is short, else below.
void render_inline(const Value& value, std::size_t indent, std::string& out) {
    if (value.is_null()) {
        out += " null\n";
    } else if (const Scalar* scalar = value.scalar()) {
        out += " " + scalar_text(*scalar, indent, true) + "\n";
    } else if (const Sequence* sequence = value.sequence(); sequence != nullptr && sequence->empty()) {
        out += " []\n";
    } else if (const Mapping* mapping = value.mapping(); mapping != nullptr && mapping->empty()) {
        out += " {}\n";
    } else {
        out += "\n";
        render(value, indent, out);
    }
}

/// A container whose lines begin at `indent`. Values come from parse() or Writer, so depth is bounded.
void render(const Value& value, std::size_t indent, std::string& out) { // NOLINT(misc-no-recursion)
    const std::string margin(indent, ' ');
    if (const Mapping* mapping = value.mapping()) {
        for (const auto& entry : *mapping) {
            out += margin + key_text(entry.key) + ":";
            render_inline(entry.value, indent + 2, out);
        }
    } else if (const Sequence* sequence = value.sequence()) {
        for (const auto& item : *sequence) {
            const bool nested = (item.mapping() != nullptr && !item.mapping()->empty()) ||
                                (item.sequence() != nullptr && !item.sequence()->empty());
            if (nested) { // "- first: …": the item's own first line stands behind the dash
                const auto start = out.size();
                render(item, indent + 2, out);
                out[start + indent] = '-';
            } else {
                out += margin + "-";
                render_inline(item, indent + 2, out);
            }
        }
    }
}

} // namespace

struct Writer::Impl {
    Value root{};
    std::vector<Value> open{};                      ///< containers under construction, outermost first
    std::vector<std::optional<std::string>> keys{}; ///< beside `open`: the key given, its value missing

    static void attach(Value& parent, std::optional<std::string>& key, Value value) {
        if (auto* sequence = std::get_if<Sequence>(&parent.node)) {
            sequence->push_back(std::move(value));
        } else if (auto* mapping = std::get_if<Mapping>(&parent.node)) {
            mapping->push_back({.key = key.value_or(""), .position = {}, .value = std::move(value)});
            key.reset();
        }
    }
    void add(Value value) {
        if (open.empty()) {
            root = std::move(value);
        } else {
            attach(open.back(), keys.back(), std::move(value));
        }
    }
    void begin(Value value) {
        open.push_back(std::move(value));
        keys.emplace_back();
    }
    void end() {
        if (open.empty()) { return; }
        Value value = std::move(open.back());
        open.pop_back();
        keys.pop_back();
        add(std::move(value));
    }
};

Writer::Writer() : impl_(std::make_unique<Impl>()) {}
Writer::~Writer() = default;

Writer& Writer::begin_mapping() {
    impl_->begin({.node = Mapping{}});
    return *this;
}

Writer& Writer::end_mapping() {
    impl_->end();
    return *this;
}

Writer& Writer::begin_sequence() {
    impl_->begin({.node = Sequence{}});
    return *this;
}

Writer& Writer::end_sequence() {
    impl_->end();
    return *this;
}

Writer& Writer::key(std::string_view name) {
    if (!impl_->keys.empty()) { impl_->keys.back() = std::string(name); }
    return *this;
}

Writer& Writer::text(std::string_view value) {
    impl_->add({.node = Scalar{.text = std::string(value), .quoted = true}});
    return *this;
}

Writer& Writer::number(std::int64_t value) {
    impl_->add({.node = Scalar{.text = std::to_string(value)}});
    return *this;
}

Writer& Writer::flag(bool value) {
    impl_->add({.node = Scalar{.text = value ? "true" : "false"}});
    return *this;
}

Writer& Writer::null() {
    impl_->add({});
    return *this;
}

Writer& Writer::entry(std::string_view name, std::string_view value) { return key(name).text(value); }
Writer& Writer::entry(std::string_view name, std::int64_t value) { return key(name).number(value); }
Writer& Writer::entry(std::string_view name, bool value) { return key(name).flag(value); }

Writer& Writer::entry_if_any(std::string_view name, const std::vector<std::string>& texts) {
    if (texts.empty()) { return *this; }
    key(name).begin_sequence();
    for (const auto& one : texts) { text(one); }
    return end_sequence();
}

Writer& Writer::value(const Value& value) {
    impl_->add(value);
    return *this;
}

std::string Writer::finish() const {
    Impl whole = *impl_;
    while (!whole.open.empty()) { whole.end(); }
    const Value& root = whole.root;
    if (root.is_null()) { return "null\n"; }
    if (const Scalar* scalar = root.scalar()) { return scalar_text(*scalar, 0, false) + "\n"; }
    if (root.sequence() != nullptr && root.sequence()->empty()) { return "[]\n"; }
    if (root.mapping() != nullptr && root.mapping()->empty()) { return "{}\n"; }
    std::string out;
    render(root, 0, out);
    return out;
}

} // namespace ingot::document
