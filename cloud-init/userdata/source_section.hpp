// Readers and writers of restore: and standby_of:, for user-data and cluster.yaml alike.
#pragma once

#include <string>

#include "cloud-init/userdata/sections.hpp"

namespace ingot::cloud_init {

/// `own_id`: of the cluster that is described. `with_secrets` in user-data, where the secrets of the source stand.
RestoreConfig read_restore(const document::Value& section, std::string where, const std::string& own_id,
                           bool with_secrets, Faults& faults);
StandbyConfig read_standby(const document::Value& section, std::string where, const std::string& own_id,
                           bool with_secrets, Faults& faults);
void write_restore(document::Writer& writer, const RestoreConfig& restore, bool with_secrets);
void write_standby(document::Writer& writer, const StandbyConfig& standby, bool with_secrets);

} // namespace ingot::cloud_init
