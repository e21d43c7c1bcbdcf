// Reading YAML: yaml-cpp's events are turned into Values here, and what it lets through is refused.
//
// Its Node interface is not used: it resolves aliases and loses duplicate keys and positions. With events,
// every refusal happens while reading, so a document of 400 bytes that would grow into millions of nodes, or
// one that holds itself, never exists in memory. What is wrong in one place only (a duplicate key, a
// tag) is recorded and reading goes on; a limit that is exceeded ends it.
#include "common/document/document.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <exception>
#include <sstream>
#include <unordered_map>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "common/text/text.hpp"

namespace ingot::document {

namespace {

constexpr std::size_t kMaxBytes = std::size_t{16} << 20U;
constexpr std::size_t kMaxDepth = 32;
constexpr std::size_t kMaxNodes = 50'000;
constexpr std::size_t kMaxScalar = std::size_t{1} << 20U;
constexpr std::size_t kMaxFaults = 100;

/// Ends the reading from inside a callback; the fault has been recorded.
struct Stop : std::exception {};

/// Length of the quoted text at the start of `source`, quotes included; 0 if it is never closed.
std::size_t quoted_length(std::string_view source) {
    const char quote = source.front();
    for (std::size_t index = 1; index < source.size(); ++index) {
        if (quote == '"' && source[index] == '\\') {
            ++index;
        } else if (source[index] == quote) {
            const bool doubled = quote == '\'' && index + 1 < source.size() && source[index + 1] == quote;
            if (!doubled) { return index + 1; }
            ++index;
        }
    }
    return 0;
}

/// yaml-cpp's complaints in the words of somebody who sees only the file.
std::string explain(const std::string& complaint) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kWords = {{
        {"illegal map value",
         "a ':' that cannot be here: is a space missing behind an earlier ':', or are quotes needed?"},
        {"end of map not found",
         "this does not fit the mapping before it: wrong indentation, or a text behind the end of a value?"},
        {"end of sequence not found", "this does not fit the list before it: wrong indentation, or a '-' missing?"},
        {"end of map flow not found", "'{' without its '}', or a comma missing"},
        {"end of sequence flow not found", "'[' without its ']', or a comma missing"},
        {"illegal EOF in scalar", "this quote is never closed"},
    }};
    const auto* const known = std::ranges::find(kWords, complaint, [](const auto& pair) { return pair.first; });
    return known == kWords.end() ? complaint : std::string(known->second);
}

/// Turns events into a tree. Containers under construction are on an explicit stack.
class Reader final : public YAML::EventHandler {
  public:
    Reader(std::string_view file, std::string_view source, const std::vector<std::string_view>& lines, Faults& faults)
        : file_(file), source_(source), lines_(&lines), faults_(&faults) {}

    void OnDocumentStart(const YAML::Mark& mark) override { // NOLINT(readability-identifier-naming): yaml-cpp's name
        if (++documents_ > 1) { stop(at(mark), "a second document begins here; only one is read"); }
    }
    void OnDocumentEnd() override {}                                      // NOLINT(readability-identifier-naming)
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { // NOLINT(readability-identifier-naming)
        refuse_anchor(mark, anchor);
        complete(Value{.position = at(mark)});
    }
    void OnAlias(const YAML::Mark& mark,
                 YAML::anchor_t /*anchor*/) override { // NOLINT(readability-identifier-naming)
        fault(at(mark), "aliases (*name) are not read; write the value out");
        complete(Value{.position = at(mark)});
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, // NOLINT(readability-identifier-naming)
                  YAML::anchor_t anchor, const std::string& value) override {
        refuse_anchor(mark, anchor);
        // Without a tag of its own a plain scalar arrives as "?" and a quoted or block one as "!".
        refuse_tag(mark, tag, tag == "?" || tag == "!");
        if (value.size() > kMaxScalar) { stop(at(mark), "this text is longer than 1 MiB"); }
        if (value.find('\0') != std::string::npos) { fault(at(mark), "this text holds a NUL character"); }
        if (!is_closed(mark)) { fault(at(mark), "this quote is never closed"); }
        complete(Value{.position = at(mark), .node = Scalar{.text = value, .quoted = tag != "?"}});
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, // NOLINT(readability-identifier-naming)
                         YAML::anchor_t anchor, YAML::EmitterStyle::value /*style*/) override {
        refuse_anchor(mark, anchor);
        refuse_tag(mark, tag, tag == "?");
        open(Value{.position = at(mark), .node = Sequence{}});
    }
    void OnSequenceEnd() override { close(); }                      // NOLINT(readability-identifier-naming)
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, // NOLINT(readability-identifier-naming)
                    YAML::anchor_t anchor, YAML::EmitterStyle::value /*style*/) override {
        refuse_anchor(mark, anchor);
        refuse_tag(mark, tag, tag == "?");
        open(Value{.position = at(mark), .node = Mapping{}});
    }
    void OnMapEnd() override { close(); } // NOLINT(readability-identifier-naming)

    [[nodiscard]] Value take() { return std::move(root_); }
    /// Keys without a colon. Not reported when yaml-cpp gave up: then they are a consequence.
    [[nodiscard]] Faults take_lone_keys() { return std::move(alone_); }
    /// Also for yaml-cpp's own complaints.
    [[nodiscard]] Position at(const YAML::Mark& mark) const {
        if (mark.is_null()) { return {.file = file_}; }
        return {.file = file_, .line = mark.line + 1, .column = mark.column + 1};
    }

  private:
    struct Open {
        Value value{};
        std::optional<Entry> key{};                      ///< of a mapping, when its value is expected next
        std::unordered_map<std::string, int> lines_of{}; ///< of a mapping: where each key stands
    };

    void fault(Position position, std::string message) {
        faults_->add(std::move(position), std::move(message));
        if (++faulted_ >= kMaxFaults) { stop({.file = file_}, "too many faults; the rest was not read"); }
    }
    [[noreturn]] void stop(Position position, std::string message) {
        faults_->add(std::move(position), std::move(message));
        throw Stop();
    }
    void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
        if (anchor != 0) { fault(at(mark), "anchors (&name) are not read"); }
    }
    void refuse_tag(const YAML::Mark& mark, const std::string& tag, bool usual) {
        // A lone "!" looks like the tag that quoted texts get: only the source tells them apart.
        if (!usual || (tag == "!" && source_at(mark) == '!')) { fault(at(mark), "tags (!name) are not read"); }
    }
    /// The source from a place on; empty if there is no such place.
    [[nodiscard]] std::string_view source_from(int line, int column) const {
        if (line < 0 || column < 0 || static_cast<std::size_t>(line) >= lines_->size()) { return {}; }
        const auto start = (*lines_)[static_cast<std::size_t>(line)];
        const auto offset =
            static_cast<std::size_t>(start.data() - source_.data()) + static_cast<std::size_t>(column);
        return source_.substr(std::min(offset, source_.size()));
    }
    [[nodiscard]] char source_at(const YAML::Mark& mark) const {
        const auto source = source_from(mark.line, mark.column);
        return source.empty() ? '\0' : source.front();
    }
    /// yaml-cpp takes the end of the file for a closing quote.
    [[nodiscard]] bool is_closed(const YAML::Mark& mark) const {
        const char quote = source_at(mark);
        if (quote != '"' && quote != '\'') { return true; }
        return quoted_length(source_from(mark.line, mark.column)) != 0;
    }
    /// yaml-cpp reads a line without ':' as a key without value. True if the key at `position` has its colon.
    [[nodiscard]] bool has_colon(const Position& position, std::string_view key) const {
        auto rest = source_from(position.line - 1, position.column - 1);
        const bool quoted = rest.starts_with('"') || rest.starts_with('\'');
        rest.remove_prefix(std::min(quoted ? quoted_length(rest) : key.size(), rest.size()));
        const auto next = rest.find_first_not_of(" \t");
        return next != std::string_view::npos && rest[next] == ':';
    }
    void count(const Position& position) {
        if (++nodes_ > kMaxNodes) { stop(position, text::format("more than {} values", kMaxNodes)); }
    }
    void open(Value value) {
        count(value.position);
        if (stack_.size() >= kMaxDepth) {
            stop(value.position, text::format("nested deeper than {} levels", kMaxDepth));
        }
        stack_.push_back({.value = std::move(value)});
    }
    void close() {
        Value value = std::move(stack_.back().value);
        stack_.pop_back();
        attach(std::move(value));
    }
    void complete(Value value) {
        count(value.position);
        attach(std::move(value));
    }
    void attach(Value value) {
        if (stack_.empty()) {
            root_ = std::move(value);
            return;
        }
        Open& parent = stack_.back();
        if (auto* sequence = std::get_if<Sequence>(&parent.value.node)) {
            sequence->push_back(std::move(value));
            return;
        }
        if (!parent.key) {
            parent.key = key_from(value);
            return;
        }
        Entry entry = *std::exchange(parent.key, std::nullopt);
        // yaml-cpp reports a missing value where the next thing stands.
        if (value.is_null()) {
            value.position = entry.position;
            if (!entry.key.starts_with('\x01') && !has_colon(entry.position, entry.key) &&
                alone_.size() < kMaxFaults) {
                alone_.add(entry.position,
                           text::format("'{}' stands alone: a key needs a ':' and a space behind it", entry.key));
            }
        }
        entry.value = std::move(value);
        const auto [known, added] = parent.lines_of.try_emplace(entry.key, entry.position.line);
        if (!added) {
            fault(entry.position,
                  text::format("duplicate key '{}', first given in line {}", entry.key, known->second));
            return;
        }
        std::get<Mapping>(parent.value.node).push_back(std::move(entry));
    }
    Entry key_from(const Value& value) {
        Entry entry{.key = {}, .position = value.position, .value = {}};
        const Scalar* name = value.scalar();
        if (name == nullptr) {
            fault(value.position, text::format("a key has to be a text, not {}", value.kind()));
        } else if (!name->quoted && name->text == "<<") {
            fault(value.position, "merge keys (<<) are not read; write the values out");
        } else {
            entry.key = name->text;
            return entry;
        }
        // Unique, so that a broken key is not reported again as a duplicate.
        entry.key = text::format("\x01{}", nodes_);
        return entry;
    }

    std::string file_;
    std::string_view source_;
    const std::vector<std::string_view>* lines_;
    Faults* faults_;
    Faults alone_;
    std::vector<Open> stack_;
    Value root_;
    std::size_t nodes_ = 0;
    std::size_t faulted_ = 0;
    int documents_ = 0;
};

/// Length of the well-formed UTF-8 sequence at the start of `text`; 0 if there is none (overlong forms and
/// surrogates included).
std::size_t utf8_length(std::string_view text) {
    const auto byte = [&](std::size_t index) { return static_cast<unsigned char>(text[index]); };
    const auto continued = [&](std::size_t count) {
        if (text.size() <= count) { return false; }
        for (std::size_t index = 1; index <= count; ++index) {
            if ((byte(index) & 0xC0U) != 0x80U) { return false; }
        }
        return true;
    };
    const unsigned lead = byte(0);
    if (lead < 0x80U) { return 1; }
    if (lead >= 0xC2U && lead <= 0xDFU) { return continued(1) ? 2 : 0; }
    if (lead >= 0xE0U && lead <= 0xEFU) {
        if (!continued(2)) { return 0; }
        const bool overlong = lead == 0xE0U && byte(1) < 0xA0U;
        const bool surrogate = lead == 0xEDU && byte(1) > 0x9FU;
        return overlong || surrogate ? 0 : 3;
    }
    if (lead >= 0xF0U && lead <= 0xF4U) {
        if (!continued(3)) { return 0; }
        const bool overlong = lead == 0xF0U && byte(1) < 0x90U;
        const bool beyond = lead == 0xF4U && byte(1) > 0x8FU;
        return overlong || beyond ? 0 : 4;
    }
    return 0;
}

/// Faults of the bytes themselves. yaml-cpp lets all of these pass.
bool check_bytes(std::string_view text, std::string_view file, Faults& faults) {
    if (text.size() > kMaxBytes) {
        faults.add({.file = std::string(file)}, "larger than 16 MiB");
        return false;
    }
    if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
        faults.add({.file = std::string(file), .line = 1, .column = 1}, "this is UTF-16; it has to be UTF-8");
        return false;
    }
    int line = 1;
    std::size_t line_start = 0;
    for (std::size_t at = 0; at < text.size();) {
        const auto length = utf8_length(text.substr(at));
        const unsigned char byte = static_cast<unsigned char>(text[at]);
        const bool control = (byte < 0x20U && byte != '\t' && byte != '\n') || byte == 0x7FU;
        if (length == 0 || control) {
            const Position position{
                .file = std::string(file), .line = line, .column = static_cast<int>(at - line_start) + 1};
            faults.add(position, length == 0
                                     ? std::string("this is not UTF-8")
                                     : text::format("control character {:#04x}", static_cast<unsigned>(byte)));
            return false;
        }
        at += length;
        if (byte == '\n') {
            ++line;
            line_start = at;
        }
    }
    return true;
}

std::vector<std::string_view> split_lines(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        lines.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

} // namespace

bool Value::is_null() const { return std::holds_alternative<std::monostate>(node); }

const Value* Value::find(std::string_view key) const {
    const Mapping* entries = mapping();
    if (entries == nullptr) { return nullptr; }
    const auto found = std::ranges::find(*entries, key, &Entry::key);
    return found == entries->end() ? nullptr : &found->value;
}

std::string_view Value::kind() const {
    if (is_null()) { return "nothing"; }
    if (scalar() != nullptr) { return "a text"; }
    return sequence() != nullptr ? "a list" : "a mapping";
}

Value parse(std::string_view text, std::string_view file, Faults& faults) {
    const Position start{.file = std::string(file), .line = 1, .column = 1};
    try {
        if (text.starts_with("\xEF\xBB\xBF")) { text.remove_prefix(3); }
        const std::string clean = text::replace_all(std::string(text), "\r\n", "\n");
        if (!check_bytes(clean, file, faults)) { return Value{.position = start}; }
        const auto lines = split_lines(clean);
        Reader reader(file, clean, lines, faults);
        try {
            std::istringstream stream(clean);
            YAML::Parser parser(stream);
            while (parser.HandleNextDocument(reader)) {}
            faults.merge(reader.take_lone_keys());
        } catch (const Stop&) { // NOLINT(bugprone-empty-catch): the fault has been recorded
        } catch (const YAML::Exception& problem) { faults.add(reader.at(problem.mark), explain(problem.msg)); }
        Value value = reader.take();
        if (value.is_null()) { value.position = start; }
        return value;
    } catch (const std::exception& problem) {
        faults.add(start, text::format("cannot be read: {}", problem.what()));
        return Value{.position = start};
    }
}

} // namespace ingot::document
