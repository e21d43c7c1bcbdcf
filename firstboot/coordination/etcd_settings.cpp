#include "firstboot/coordination/etcd_settings.hpp"

#include "common/json/json.hpp"
#include "common/text/text.hpp"

namespace ingot::firstboot {

namespace {

void read_seconds(const json::Json& document, std::string_view key, std::chrono::seconds& setting, Faults& faults) {
    constexpr std::int64_t kShortest = 5;
    constexpr std::int64_t kLongest = 7 * 24 * 3600;
    const auto seconds =
        json::member(document, key).is_number_integer() ? json::number_at(document, key) : std::nullopt;
    if (!seconds || *seconds < kShortest || *seconds > kLongest) {
        faults.add({}, text::format("{}: expected {} to {}", key, kShortest, kLongest));
        return;
    }
    setting = std::chrono::seconds(*seconds);
}

} // namespace

Result<EtcdSettings> etcd_settings_from_json(std::string_view text) {
    INGOT_ASSIGN(const auto document, json::parse(text), "");
    if (!document.is_object()) { return fail(ErrorKind::invalid_input, "expected an object"); }
    EtcdSettings settings;
    Faults faults;
    for (const auto& [key, value] : document.items()) {
        if (key == "replace_after_seconds") {
            read_seconds(document, key, settings.replace_after, faults);
        } else if (key == "repository_snapshot_seconds") {
            read_seconds(document, key, settings.repository_snapshots, faults);
        } else if (key == "snapshot_folder") {
            settings.snapshot_folder = json::string_at(document, key).value_or("");
            if (!settings.snapshot_folder.starts_with('/')) {
                faults.add({}, text::format("{}: expected an absolute path", key));
            }
        } else {
            faults.add({}, text::format("{}: there is no such setting", key),
                       "replace_after_seconds, snapshot_folder and repository_snapshot_seconds are known");
        }
    }
    if (!faults.empty()) { return faults.to_error(); }
    return settings;
}

Result<EtcdSettings> read_etcd_settings(const files::Root& root) {
    INGOT_ASSIGN(const auto content, files::read_if_exists(root.at(kEtcdSettingsFile)), "");
    if (!content) { return EtcdSettings{}; }
    INGOT_ASSIGN(auto settings, etcd_settings_from_json(*content), text::format("reading {}", kEtcdSettingsFile));
    return settings;
}

} // namespace ingot::firstboot
