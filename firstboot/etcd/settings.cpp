#include "firstboot/etcd/settings.hpp"

#include "common/json/json.hpp"
#include "common/text/text.hpp"

namespace ingot::firstboot::etcd {

Result<Settings> settings_from_json(std::string_view text) {
    constexpr std::int64_t kShortest = 5;
    constexpr std::int64_t kLongest = 7 * 24 * 3600;
    INGOT_ASSIGN(const auto document, json::parse(text), "");
    if (!document.is_object()) { return fail(ErrorKind::invalid_input, "expected an object"); }
    Settings settings;
    Faults faults;
    for (const auto& [key, value] : document.items()) {
        if (key == "replace_after_seconds") {
            const auto seconds = value.is_number_integer() ? json::number_at(document, key) : std::nullopt;
            if (!seconds || *seconds < kShortest || *seconds > kLongest) {
                faults.add({}, text::format("{}: expected {} to {}", key, kShortest, kLongest));
            } else {
                settings.replace_after = std::chrono::seconds(*seconds);
            }
        } else if (key == "snapshot_folder") {
            settings.snapshot_folder = json::string_at(document, key).value_or("");
            if (!settings.snapshot_folder.starts_with('/')) {
                faults.add({}, text::format("{}: expected an absolute path", key));
            }
        } else {
            faults.add({}, text::format("{}: there is no such setting", key),
                       "replace_after_seconds and snapshot_folder are known");
        }
    }
    if (!faults.empty()) { return faults.to_error(); }
    return settings;
}

Result<Settings> read_settings(const files::Root& root) {
    INGOT_ASSIGN(const auto content, files::read_if_exists(root.at(kSettingsFile)), "");
    if (!content) { return Settings{}; }
    INGOT_ASSIGN(auto settings, settings_from_json(*content), text::format("reading {}", kSettingsFile));
    return settings;
}

} // namespace ingot::firstboot::etcd
