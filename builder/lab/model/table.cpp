#include "builder/lab/model/table.hpp"

#include <algorithm>
#include <array>

#include "common/text/text.hpp"

namespace ingot::builder::lab {

namespace {

constexpr std::size_t kColumns = 6;
using Row = std::array<std::string, kColumns>;

/// Characters, not bytes: details may hold any UTF-8.
std::size_t width(const std::string& text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

json::Json port_json(const HostPorts& ports) {
    return {{"primary", ports.primary}, {"replica", ports.replica}, {"pool", ports.pool}};
}

} // namespace

bool all_healthy(const LabReport& report) {
    return !report.members.empty() && std::ranges::all_of(report.members, &MemberReport::healthy);
}

json::Json to_json(const LabReport& report) {
    json::Json value = {{"version", 1},
                        {"name", report.name},
                        {"cluster", report.cluster},
                        {"healthy", all_healthy(report)},
                        {"ports", port_json(report.ports)},
                        {"partitions", report.partitions},
                        {"members", json::Json::array()}};
    for (const auto& member : report.members) {
        json::Json entry = {{"name", member.member.name},
                            {"role", std::string(cloud_init::to_string(member.member.role))},
                            {"address", member.member.address},
                            {"machine", member.machine},
                            {"agent", member.agent},
                            {"healthy", member.healthy},
                            {"leader", member.leader},
                            {"detail", member.detail}};
        if (!member.patroni_role.empty()) {
            entry["patroni"] = {{"role", member.patroni_role}, {"state", member.patroni_state}};
            if (member.lag) { entry["patroni"]["lag"] = *member.lag; }
        }
        value["members"].push_back(std::move(entry));
    }
    return value;
}

Result<LabReport> report_from_json(const json::Json& value) {
    LabReport report;
    report.name = json::string_at(value, "name").value_or("");
    report.cluster = json::string_at(value, "cluster").value_or("");
    const auto& ports = json::member(value, "ports");
    report.ports = {.primary = static_cast<int>(json::number_at(ports, "primary").value_or(0)),
                    .replica = static_cast<int>(json::number_at(ports, "replica").value_or(0)),
                    .pool = static_cast<int>(json::number_at(ports, "pool").value_or(0))};
    for (const auto& line : json::member(value, "partitions")) {
        if (line.is_string()) { report.partitions.push_back(line.get<std::string>()); }
    }
    for (const auto& entry : json::member(value, "members")) {
        const auto role = cloud_init::role_from(json::string_at(entry, "role").value_or(""));
        if (!role) { return fail(ErrorKind::bug, "the supervisor reports a member without a role"); }
        MemberReport member;
        member.member.name = json::string_at(entry, "name").value_or("");
        member.member.role = *role;
        member.member.address = json::string_at(entry, "address").value_or("");
        member.machine = json::string_at(entry, "machine").value_or("");
        member.agent = json::string_at(entry, "agent").value_or("");
        member.detail = json::string_at(entry, "detail").value_or("");
        member.healthy = json::flag_at(entry, "healthy");
        member.leader = json::flag_at(entry, "leader");
        const auto& patroni = json::member(entry, "patroni");
        member.patroni_role = json::string_at(patroni, "role").value_or("");
        member.patroni_state = json::string_at(patroni, "state").value_or("");
        member.lag = json::number_at(patroni, "lag");
        report.members.push_back(std::move(member));
    }
    return report;
}

std::string to_table(const LabReport& report) {
    std::vector<Row> rows = {{"NAME", "ROLE", "ADDRESS", "MACHINE", "AGENT", "DETAIL"}};
    for (const auto& member : report.members) {
        rows.push_back({member.member.name, std::string(cloud_init::to_string(member.member.role)),
                        member.member.address, member.machine, member.agent, member.detail});
    }
    std::array<std::size_t, kColumns> widths{};
    for (const auto& row : rows) {
        for (std::size_t i = 0; i < kColumns; ++i) { widths.at(i) = std::max(widths.at(i), width(row.at(i))); }
    }
    std::string table;
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < kColumns; ++i) {
            line += row.at(i) + std::string(widths.at(i) - width(row.at(i)) + 2, ' ');
        }
        line.erase(line.find_last_not_of(' ') + 1);
        table += line + "\n";
    }
    const auto healthy = std::ranges::count_if(report.members, &MemberReport::healthy);
    table += text::format("{} of {} machines healthy\n", healthy, report.members.size());
    for (const auto& cut : report.partitions) { table += "cut: " + cut + "\n"; }
    return table;
}

std::string progress_of(const MemberReport& member) {
    if (member.machine != "running") { return member.machine; }
    auto detail = member.detail;
    for (const auto* noise : {": asking ", ": GET ", ": POST "}) { detail = detail.substr(0, detail.find(noise)); }
    if (detail.empty()) { return member.agent; }
    // "waiting: waiting for …" says it twice.
    return detail.starts_with(member.agent) ? detail : member.agent + ": " + detail;
}

std::string connection_string(const ConnectInfo& info, Door door, int port, const std::string& hostaddr) {
    return text::format(
        "host={}.{} hostaddr={} port={} user={} dbname={} sslmode=verify-full sslrootcert={} passfile={}",
        door == Door::replica ? "replica" : "primary", info.domain, hostaddr, port, info.user, info.database,
        info.ca_file, info.pass_file);
}

std::string to_connect_text(const ConnectInfo& info, const HostPorts& ports) {
    return text::format("pool of the primary (PgBouncer):\n  psql \"{}\"\n"
                        "primary:\n  psql \"{}\"\n"
                        "replicas:\n  psql \"{}\"\n",
                        connection_string(info, Door::pool, ports.pool),
                        connection_string(info, Door::primary, ports.primary),
                        connection_string(info, Door::replica, ports.replica));
}

} // namespace ingot::builder::lab
