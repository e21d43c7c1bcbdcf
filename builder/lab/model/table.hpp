// The status of a lab, as a table for people and as JSON for machines; and how to connect.
#pragma once

#include <string>
#include <vector>

#include "builder/lab/model/observation.hpp"
#include "builder/lab/model/state.hpp"
#include "common/json/json.hpp"

namespace ingot::builder::lab {

/// What `ingot lab status` knows.
struct LabReport {
    std::string name{};
    std::string cluster{};
    HostPorts ports{};
    std::vector<MemberReport> members{};
    std::vector<std::string> partitions{};
};

[[nodiscard]] bool all_healthy(const LabReport& report);

json::Json to_json(const LabReport& report);
/// The inverse of to_json(), for the client of the supervisor.
Result<LabReport> report_from_json(const json::Json& value);
/// A table with one line per member; ends with a line end.
std::string to_table(const LabReport& report);

/// What a machine is doing, in few words for a line of progress: without the error of the last try, which changes
/// often.
std::string progress_of(const MemberReport& member);

/// Whom to connect as, and with which files.
struct ConnectInfo {
    std::string domain{};
    std::string user{};
    std::string database{};
    std::string ca_file{};
    std::string pass_file{};
};
enum class Door { pool, primary, replica };
/// A libpq connection string that works on the host: hostaddr 127.0.0.1, and the host name that the certificate has.
std::string connection_string(const ConnectInfo& info, Door door, int port,
                              const std::string& hostaddr = "127.0.0.1");
/// The three connection strings, as commands to paste.
std::string to_connect_text(const ConnectInfo& info, const HostPorts& ports);

} // namespace ingot::builder::lab
