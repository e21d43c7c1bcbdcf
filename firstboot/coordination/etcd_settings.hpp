// What an operator may set about the care of etcd: /etc/ingot/etcd-settings.json, which `write_files` of the
// user-data can make, on etcd nodes and on db nodes. Read whenever it counts, so that a change needs no restart.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "common/files/files.hpp"
#include "common/result/result.hpp"

namespace ingot::firstboot {

inline constexpr std::string_view kEtcdSettingsFile = "/etc/ingot/etcd-settings.json";

struct EtcdSettings {
    /// How long a member has to be silent until a machine that waits may take its place.
    std::chrono::seconds replace_after{300};
    /// Where snapshots are copied besides: an absolute path that the etcd machines share; empty: nowhere.
    std::string snapshot_folder{};
    /// How often db nodes put a snapshot into the backup repositories.
    std::chrono::seconds repository_snapshots{3600};
};

/// invalid_input names every fault. No file: as above.
Result<EtcdSettings> read_etcd_settings(const files::Root& root);
Result<EtcdSettings> etcd_settings_from_json(std::string_view text);

} // namespace ingot::firstboot
