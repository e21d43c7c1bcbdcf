#include "cloud-init/parts/parts.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

#include "cloud-init/parts/mime.hpp"
#include "common/document/document.hpp"
#include "common/gzip/gzip.hpp"
#include "common/text/text.hpp"

namespace ingot::cloud_init {

namespace {

constexpr std::size_t kLargest = std::size_t{16} << 20U;
constexpr std::size_t kMostParts = 256;
constexpr std::size_t kMostIncludes = 32;
constexpr int kDeepest = 8;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

using Start = std::pair<std::string_view, std::string_view>;

/// First letters and the type they mean; the longest that fits counts.
constexpr std::array<Start, 9> kStarts = {{
    {"#cloud-config-archive", "text/cloud-config-archive"},
    {"#cloud-config-jsonp", "text/cloud-config-jsonp"},
    {"## template: jinja", "text/jinja2"},
    {"#cloud-boothook", "text/cloud-boothook"},
    {"#include-once", "text/x-include-once-url"},
    {"#cloud-config", "text/cloud-config"},
    {"#part-handler", "text/part-handler"},
    {"#include", "text/x-include-url"},
    {"#!", "text/x-shellscript"},
}};

std::string_view type_of_start(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) { return {}; }
    constexpr std::size_t kLongest = 32;
    const auto start = text::lower(text.substr(first, kLongest));
    for (const auto& [mark, type] : kStarts) {
        if (start.starts_with(mark)) { return type; }
    }
    return {};
}

bool is_gzip_type(std::string_view type) {
    constexpr std::array<std::string_view, 8> kTypes{"application/gzip",         "application/gzip-compressed",
                                                     "application/gzipped",      "application/x-compress",
                                                     "application/x-compressed", "application/x-gunzip",
                                                     "application/x-gzip",       "application/x-gzip-compressed"};
    return std::ranges::find(kTypes, type) != kTypes.end();
}

std::optional<PartKind> kind_of(std::string_view type) {
    using Kind = std::pair<std::string_view, PartKind>;
    constexpr std::array<Kind, 6> kKinds = {{{"text/cloud-config", PartKind::cloud_config},
                                             {"text/x-shellscript", PartKind::script},
                                             {"text/cloud-boothook", PartKind::boothook},
                                             {"text/x-shellscript-per-boot", PartKind::script_per_boot},
                                             {"text/x-shellscript-per-instance", PartKind::script_per_instance},
                                             {"text/x-shellscript-per-once", PartKind::script_per_once}}};
    const auto* const found = std::ranges::find(kKinds, type, &Kind::first);
    return found == kKinds.end() ? std::nullopt : std::optional(found->second);
}

/// Why a type cannot be done; empty for those that only are unknown.
std::string_view why_refused(std::string_view type) {
    if (type == "text/part-handler") { return "part-handlers are Python code, which this agent does not run"; }
    if (type == "text/jinja2") {
        return "jinja templates are not read; write the values out, or use a script that asks for them";
    }
    if (type == "text/cloud-config-jsonp") { return "JSON patches (#cloud-config-jsonp) are not read"; }
    return {};
}

std::string header(const MimePart& part, const std::string& name) {
    const auto found = part.headers.find(name);
    return found == part.headers.end() ? std::string() : found->second;
}

/// Takes one text apart, and what is in it.
class Taker {
  public:
    Taker(std::string file, const Fetch& fetch, Faults& faults, Parts& result)
        : file_(std::move(file)), fetch_(&fetch), faults_(&faults), result_(&result) {}

    void take(std::string_view raw, int depth) {
        if (depth > kDeepest) { return fault("includes and archives nested deeper than 8 levels"); }
        std::string inflated;
        if (gzip::is_gzip(raw)) {
            auto content = inflate(raw);
            if (!content) { return fault(content.error().message); }
            inflated = *std::move(content);
            raw = inflated;
        }
        if (raw.size() > kLargest) { return fault("larger than 16 MiB"); }
        if (raw.starts_with(kByteOrderMark)) { raw.remove_prefix(kByteOrderMark.size()); }
        if (text::trim(raw).empty()) { return; }
        if (is_mime(raw) && type_of_start(raw).empty()) {
            const auto leaves = parse_mime(raw);
            if (!leaves) { return fault(leaves.error().to_string()); }
            for (const auto& leaf : *leaves) { add(leaf, depth); }
            return;
        }
        add({.type = "text/x-not-multipart", .content = std::string(raw)}, depth);
    }

  private:
    /// All that is compressed together may grow to 16 MiB: many small bombs are one large one.
    Result<std::string> inflate(std::string_view raw) {
        auto content = gzip::decompress(raw, room_);
        if (content) {
            room_ -= content->size();
        } else if (content.error().kind == ErrorKind::refused) {
            room_ = 0;
            return fail(ErrorKind::refused, "what is compressed here grows to more than 16 MiB in all");
        }
        return content;
    }

    void fault(const std::string& message) { faults_->add({.file = file_, .line = 1, .column = 1}, message); }

    void add(MimePart part, int depth) {
        auto name = part.filename.empty() ? text::format("part-{:03}", result_->parts.size() + 1) : part.filename;
        if (is_gzip_type(part.type) || gzip::is_gzip(part.content)) {
            if (room_ == 0) { return; } // said already
            auto content = inflate(part.content);
            if (!content) { return fault(text::format("{}: {}", name, content.error().message)); }
            part.content = *std::move(content);
            part.type = "text/plain";
        }
        std::string_view content = part.content;
        if (content.starts_with(kByteOrderMark)) { content.remove_prefix(kByteOrderMark.size()); }
        std::string type = part.type;
        if (type == "text/plain" || type == "text/x-not-multipart" || type == "text/x-shellscript") {
            if (const auto sniffed = type_of_start(content); !sniffed.empty()) { type = sniffed; }
        }
        if (type == "text/x-include-url" || type == "text/x-include-once-url") { return include(content, depth); }
        if (type == "text/cloud-config-archive") { return open_archive(content, name, depth); }
        if (const auto reason = why_refused(type); !reason.empty()) {
            return fault(several() ? text::format("{}: {}", name, reason) : std::string(reason));
        }
        const auto kind = kind_of(type);
        if (!kind) { return unknown(part, name, type); }
        if (result_->parts.size() >= kMostParts) { return fault("more than 256 parts"); }
        // A file name becomes a path on the machine: only its last component, without what could lead elsewhere.
        name = name.substr(name.find_last_of('/') + 1);
        if (name.empty() || name == "." || name == "..") {
            name = text::format("part-{:03}", result_->parts.size() + 1);
        }
        std::erase_if(name, [](char letter) { return static_cast<unsigned char>(letter) < 0x20U; });
        auto merge = header(part, "merge-type");
        if (merge.empty()) { merge = header(part, "x-merge-type"); }
        result_->parts.push_back({.kind = *kind,
                                  .name = std::move(name),
                                  .content = text::replace_all(std::string(content), "\r\n", "\n"),
                                  .merge_header = std::move(merge)});
    }

    void unknown(const MimePart& part, const std::string& name, const std::string& type) {
        if (part.type == "text/x-not-multipart") {
            return fault("the first line has to be #cloud-config (or #!, #include, #cloud-config-archive, "
                         "#cloud-boothook; or a MIME message)");
        }
        if (type == "text/plain") {
            return fault(text::format("{}: this part is neither of a type that is read nor does its first line say "
                                      "what it is",
                                      name));
        }
        result_->warnings.push_back(text::format("{}: {}: parts of type {} are not read", file_, name, type));
    }

    [[nodiscard]] bool several() const { return !result_->parts.empty(); }

    void include(std::string_view content, int depth) {
        for (const auto& raw : text::lines(content)) {
            auto line = std::string(text::trim(raw));
            const auto low = text::lower(line);
            for (const std::string_view mark : {"#include-once", "#include"}) {
                if (low.starts_with(mark)) {
                    line = text::trim(std::string_view(line).substr(mark.size()));
                    break;
                }
            }
            if (!line.empty() && !line.starts_with('#')) { include_one(line, depth); }
        }
    }

    void include_one(const std::string& url, int depth) {
        if (!url.starts_with("http://") && !url.starts_with("https://")) {
            return fault(text::format("#include: '{}' is no http(s) address", url));
        }
        if (++includes_ > kMostIncludes) { return fault("more than 32 addresses are included"); }
        if (!*fetch_) {
            result_->warnings.push_back(
                text::format("{}: #include {}: read by the agent only, not looked at here", file_, url));
            return;
        }
        const auto content = (*fetch_)(url);
        if (!content) {
            if (!result_->unfetched) { result_->unfetched = content.error(); }
            return;
        }
        take(*content, depth + 1);
    }

    void open_archive(std::string_view content, const std::string& name, int depth) {
        const auto archive = document::parse(content, file_, *faults_);
        if (archive.is_null()) { return; }
        if (archive.sequence() == nullptr) { return fault(text::format("{}: an archive is a list", name)); }
        for (const auto& item : *archive.sequence()) {
            MimePart part{.type = {}};
            const auto text_at = [&item](std::string_view key) {
                const auto* value = item.find(key);
                return value != nullptr && value->scalar() != nullptr ? value->scalar()->text : std::string();
            };
            if (const auto* scalar = item.scalar()) {
                part.content = scalar->text;
            } else if (item.mapping() != nullptr) {
                part.content = text_at("content");
                part.type = text::lower(text_at("type"));
                part.filename = text_at("filename");
                part.headers["merge-type"] = text_at("Merge-Type");
            } else {
                faults_->add(item.position, "an archive holds texts and mappings with content");
                continue;
            }
            if (part.type.empty()) {
                const auto sniffed = type_of_start(part.content);
                part.type = sniffed.empty() ? "text/cloud-config" : sniffed;
            }
            if (depth + 1 > kDeepest) { return fault("includes and archives nested deeper than 8 levels"); }
            add(std::move(part), depth + 1);
        }
    }

    std::string file_;
    const Fetch* fetch_;
    Faults* faults_;
    Parts* result_;
    std::size_t includes_ = 0;
    std::size_t room_ = kLargest; ///< for what is compressed
};

} // namespace

Parts take_apart(std::string_view text, const std::string& file, const Fetch& fetch, Faults& faults) {
    Parts result;
    Taker(file, fetch, faults, result).take(text, 0);
    return result;
}

bool looks_like_user_data(std::string_view text) {
    if (text.starts_with(kByteOrderMark)) { text.remove_prefix(kByteOrderMark.size()); }
    return gzip::is_gzip(text) || !type_of_start(text).empty() || is_mime(text);
}

} // namespace ingot::cloud_init
