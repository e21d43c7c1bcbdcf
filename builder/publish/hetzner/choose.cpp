// Safety rules of `superseded` and `is_left_over`:
//   1. What has not our labels is not ours, and is never deleted.
//   2. A protected snapshot is never deleted, and does not count among those that stay.
//   3. A snapshot that is still being made is not deleted: somebody waits for it.
//   4. A temporary thing of an unknown age (no `created`) is left alone.
#include "builder/publish/hetzner/choose.hpp"

#include <algorithm>
#include <cctype>
#include <ranges>
#include <tuple>

#include "common/text/text.hpp"

namespace ingot::builder::publish::hetzner {

namespace {

constexpr std::size_t kLongestLabel = 63;
constexpr std::uint64_t kGigabyte = 1000000000; // a "40 GB" disk has a little more

bool is_alphanumeric(char character) { return std::isalnum(static_cast<unsigned char>(character)) != 0; }

bool is_label(std::string_view text) {
    if (text.size() > kLongestLabel) { return false; }
    if (text.empty()) { return true; }
    const auto inner = [](char character) {
        return is_alphanumeric(character) || character == '-' || character == '_' || character == '.';
    };
    return is_alphanumeric(text.front()) && is_alphanumeric(text.back()) && std::ranges::all_of(text, inner);
}

/// A key may have a DNS name and a slash before it.
bool is_label_key(std::string_view key) {
    const auto slash = key.find('/');
    const auto name = slash == std::string_view::npos ? key : key.substr(slash + 1);
    return !name.empty() && is_label(name) &&
           (slash == std::string_view::npos || (slash > 0 && slash <= 253)); // NOLINT: of a DNS name
}

std::size_t place_in(const std::vector<std::string>& list, const std::string& name) {
    return static_cast<std::size_t>(std::ranges::find(list, name) - list.begin());
}

std::string value_at(const Labels& labels, const char* key) {
    const auto found = labels.find(key);
    return found == labels.end() ? std::string() : found->second;
}

struct Ranked {
    Candidate candidate;
    std::size_t type_wish = 0;
    std::size_t location_wish = 0;
    bool available = false;
    double price = 0;
};

bool before(const Ranked& left, const Ranked& right) {
    const auto key = [](const Ranked& ranked) {
        return std::tuple(ranked.type_wish, !ranked.available, ranked.candidate.disk_gb, ranked.location_wish,
                          ranked.price, ranked.candidate.type, ranked.candidate.location);
    };
    return key(left) < key(right);
}

std::string nothing_fits(const std::vector<ServerType>& types, std::string_view architecture,
                         std::uint64_t image_bytes, const Wishes& wishes) {
    std::vector<std::string> names;
    for (const auto& type : types) {
        if (type.architecture == architecture && !type.deprecated) {
            names.push_back(text::format("{} ({} GB)", type.name, type.disk_gb));
        }
    }
    return text::format("no server type fits: architecture {}, a disk of at least {}{}{}; there are: {}",
                        architecture, text::human_bytes(image_bytes),
                        wishes.types.empty() ? "" : ", --server-type " + text::join(wishes.types, ","),
                        wishes.locations.empty() ? "" : ", --location " + text::join(wishes.locations, ","),
                        text::join(names, ", "));
}

} // namespace

Result<std::string> architecture_of(std::string_view debian) {
    if (debian == "amd64") { return std::string("x86"); }
    if (debian == "arm64") { return std::string("arm"); }
    return fail(ErrorKind::refused, text::format("Hetzner Cloud has no machines for images of '{}'", debian));
}

std::string label_value(std::string_view text) {
    std::string value;
    for (const char character : text.substr(0, kLongestLabel)) {
        const bool good = is_alphanumeric(character) || character == '.' || character == '_' || character == '-';
        value += good ? character : '-';
    }
    while (!value.empty() && !is_alphanumeric(value.back())) { value.pop_back(); }
    while (!value.empty() && !is_alphanumeric(value.front())) { value.erase(0, 1); }
    return value;
}

Labels labels_of(const artefacts::Manifest& manifest, std::string_view digest) {
    constexpr std::size_t kDigits = 40; // of 64, which a label could not hold
    return {{kRole, label_value(manifest.role)},
            {kSuite, label_value(manifest.suite)},
            {kVersion, label_value(manifest.agent_version)},
            {kManifest, std::string(digest.substr(0, kDigits))}};
}

Result<Labels> parse_labels(std::string_view given) {
    Labels labels;
    if (text::trim(given).empty()) { return labels; }
    for (const auto& part : text::split(given, ',')) {
        const auto equals = part.find('=');
        const auto key = std::string(text::trim(std::string_view(part).substr(0, equals)));
        const auto value = equals == std::string::npos
                               ? std::string()
                               : std::string(text::trim(std::string_view(part).substr(equals + 1)));
        if (equals == std::string::npos || !is_label_key(key) || !is_label(value)) {
            return fail(
                ErrorKind::invalid_input,
                text::format("'{}' is not a label: KEY=VALUE, each at most 63 letters, digits, '-', '_' and '.', "
                             "beginning and ending with a letter or digit",
                             part));
        }
        if (key.starts_with("ingot-")) {
            return fail(ErrorKind::invalid_input,
                        text::format("'{}': labels that begin with ingot- are made by ingot itself", part));
        }
        labels[key] = value;
    }
    return labels;
}

Result<std::vector<Candidate>> candidates(const std::vector<ServerType>& types, std::string_view architecture,
                                          std::uint64_t image_bytes, const Wishes& wishes) {
    std::vector<Ranked> ranked;
    for (const auto& type : types) {
        const bool wanted =
            wishes.types.empty() ? !type.deprecated : place_in(wishes.types, type.name) < wishes.types.size();
        if (!wanted || type.architecture != architecture || type.disk_gb * kGigabyte < image_bytes) { continue; }
        for (const auto& offer : type.offers) {
            const auto place = place_in(wishes.locations, offer.location);
            if (!wishes.locations.empty() && place == wishes.locations.size()) { continue; }
            ranked.push_back({.candidate = {.type = type.name, .location = offer.location, .disk_gb = type.disk_gb},
                              .type_wish = place_in(wishes.types, type.name),
                              .location_wish = place,
                              .available = offer.available,
                              .price = offer.price_per_hour});
        }
    }
    if (ranked.empty()) { return fail(ErrorKind::not_found, nothing_fits(types, architecture, image_bytes, wishes)); }
    std::ranges::sort(ranked, before);
    std::vector<Candidate> list;
    for (auto& entry : ranked) { list.push_back(std::move(entry.candidate)); }
    return list;
}

Result<Snapshot> base_image(const std::vector<Snapshot>& images, std::string_view architecture) {
    const Snapshot* best = nullptr;
    const auto rank = [](const Snapshot& image) {
        return std::tuple(image.os_flavor == "debian", -image.disk_gb, image.name);
    };
    for (const auto& image : images) {
        const bool fits = image.type == "system" && image.status == "available" && !image.deprecated &&
                          image.architecture == architecture && !image.name.empty();
        if (fits && (best == nullptr || rank(image) > rank(*best))) { best = &image; }
    }
    if (best != nullptr) { return *best; }
    return fail(ErrorKind::not_found,
                text::format("Hetzner Cloud lists no system image for architecture {}", architecture));
}

std::vector<Snapshot> superseded(std::vector<Snapshot> snapshots, std::size_t keep) {
    std::erase_if(snapshots, [](const Snapshot& snapshot) {
        return snapshot.type != "snapshot" || snapshot.status != "available" || snapshot.is_protected ||
               !snapshot.labels.contains(kRole) || !snapshot.labels.contains(kManifest);
    });
    std::ranges::sort(snapshots, [](const Snapshot& left, const Snapshot& right) {
        return std::tuple(left.created, left.id) > std::tuple(right.created, right.id);
    });
    std::map<std::pair<std::string, std::string>, std::size_t> seen;
    std::erase_if(snapshots, [&](const Snapshot& snapshot) {
        return seen[{value_at(snapshot.labels, kRole), snapshot.architecture}]++ < keep;
    });
    return snapshots;
}

bool is_left_over(const Labels& labels, clock::WallTime created, clock::WallTime now, std::string_view run,
                  std::chrono::minutes age) {
    if (!labels.contains(kTemporary) || !labels.contains(kRun)) { return false; }
    if (!run.empty()) { return value_at(labels, kRun) == run; }
    return created != clock::WallTime{} && now - created >= age;
}

} // namespace ingot::builder::publish::hetzner
