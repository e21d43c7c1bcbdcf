// Text → Lock, strictly: a lock with a fault is no lock.
#include "builder/lock/lock.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>

#include "common/document/document.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::lock {

namespace {

using document::Fields;
using document::Value;

constexpr int kVersion = 1;
constexpr std::size_t kHashDigits = 64;

std::string sha256_at(Fields& fields, std::string_view key) {
    const Value* value = fields.required(key);
    if (value == nullptr) { return {}; }
    auto text = document::as_text(*value, fields.faults()).value_or("");
    const bool hexadecimal =
        text.size() == kHashDigits && text.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (!hexadecimal) { fields.faults().add(value->position, fields.path(key) + ": not a SHA-256 in hexadecimal"); }
    return text;
}

LockedPackage read_package(const Value& value, const std::string& where, Faults& faults) {
    Fields fields(value, where, faults);
    LockedPackage entry{.package = {.name = fields.required_text("name"),
                                    .version = fields.required_text("version"),
                                    .architecture = fields.required_text("architecture")},
                        .position = value.position};
    if (const Value* size = fields.required("size")) {
        entry.package.size = static_cast<std::uint64_t>(
            document::as_number(*size, 1, std::numeric_limits<std::int64_t>::max(), faults).value_or(0));
    }
    entry.package.sha256 = sha256_at(fields, "sha256");
    entry.repository = fields.text("repository").value_or("");
    entry.file = fields.required_text("file");
    entry.essential = fields.flag("essential").value_or(false);
    fields.finish();
    return entry;
}

Repository read_repository(const document::Entry& given, Faults& faults) {
    Fields fields(given.value, "repositories." + given.key, faults);
    Repository repository{.name = given.key,
                          .uris = fields.texts("uris").value_or(std::vector<std::string>{}),
                          .suites = fields.texts("suites").value_or(std::vector<std::string>{}),
                          .components = fields.texts("components").value_or(std::vector<std::string>{})};
    if (const Value* key = fields.optional("key_sha256"); key != nullptr) {
        repository.key_sha256 = sha256_at(fields, "key_sha256");
    }
    fields.finish();
    return repository;
}

LockedLayer read_layer(const document::Entry& given, Faults& faults) {
    const auto where = "layers." + given.key;
    Fields fields(given.value, where, faults);
    LockedLayer layer{.name = given.key,
                      .asked_for = fields.texts("asked_for").value_or(std::vector<std::string>{}),
                      .position = given.position};
    if (const Value* list = fields.required("packages"); list != nullptr && list->sequence() != nullptr) {
        for (const auto& item : *list->sequence()) {
            layer.packages.push_back(read_package(item, where + ".packages", faults));
        }
    } else if (list != nullptr) {
        faults.add(list->position, text::format("{}.packages: expected a list, found {}", where, list->kind()));
    }
    fields.finish();
    std::ranges::sort(layer.asked_for);
    std::ranges::sort(layer.packages, {}, [](const LockedPackage& entry) { return entry.package.name; });
    return layer;
}

/// Calls `read` with each entry of the mapping under `key`.
template <typename Read>
void each(Fields& fields, std::string_view key, Read read) {
    const Value* value = fields.required(key);
    if (value == nullptr) { return; }
    if (value->mapping() == nullptr) {
        fields.faults().add(value->position, text::format("{}: expected a mapping, found {}", key, value->kind()));
        return;
    }
    for (const auto& entry : *value->mapping()) { read(entry); }
}

void find_repetitions(const Lock& lock, Faults& faults) {
    std::map<std::string, const LockedPackage*> seen;
    for (const auto& layer : lock.layers) {
        for (const auto& entry : layer.packages) {
            const auto [known, fresh] = seen.emplace(entry.package.name, &entry);
            if (fresh) { continue; }
            faults.add(entry.position, text::format("{} stands in line {} already", entry.package.name,
                                                    known->second->position.line));
        }
    }
}

} // namespace

Lock parse(std::string_view text, std::string_view file, Faults& faults) {
    Lock lock{.file = std::string(file)};
    Faults found;
    const Value root = document::parse(text, file, found);
    if (!found.empty()) {
        faults.merge(std::move(found));
        return lock;
    }
    Fields fields(root, "", faults);
    if (const Value* version = fields.required("version")) {
        document::as_number(*version, kVersion, kVersion, faults);
    }
    lock.role = fields.required_text("role");
    lock.suite = fields.required_text("suite");
    lock.architecture = fields.required_text("architecture");
    each(fields, "repositories",
         [&](const document::Entry& entry) { lock.repositories.push_back(read_repository(entry, faults)); });
    each(fields, "layers", [&](const document::Entry& entry) { lock.layers.push_back(read_layer(entry, faults)); });
    fields.finish();
    find_repetitions(lock, faults);
    return lock;
}

} // namespace ingot::builder::lock
