#include "firstboot/db/sizing.hpp"

#include <algorithm>

#include "common/text/text.hpp"
#include "firstboot/db/render.hpp"

namespace ingot::firstboot::db {

namespace {

constexpr std::uint64_t kMiB = 1ULL << 20U;
constexpr std::uint64_t kGiB = 1ULL << 30U;

std::string mebibytes(std::uint64_t bytes) { return text::format("{}MB", bytes / kMiB); }

/// Memory sizes: a quarter for PostgreSQL's own cache, three quarters are what it may expect to find
/// cached in all, and sorting gets what the connections can share of the rest.
void add_memory(Parameters& parameters, const Machine& machine) {
    if (machine.memory_bytes == 0) { return; }
    const auto shared = std::max(machine.memory_bytes / 4, 64 * kMiB);
    const auto connections = static_cast<std::uint64_t>(max_connections(machine));
    const auto work = (machine.memory_bytes - std::min(shared, machine.memory_bytes)) / (connections * 3);
    parameters["shared_buffers"] = mebibytes(shared);
    parameters["effective_cache_size"] = mebibytes(std::max(machine.memory_bytes / 4 * 3, 128 * kMiB));
    parameters["maintenance_work_mem"] = mebibytes(std::clamp(machine.memory_bytes / 16, 64 * kMiB, 2 * kGiB));
    parameters["work_mem"] = mebibytes(std::clamp(work, 4 * kMiB, 64 * kMiB));
}

/// WAL: far apart checkpoints as the disk allows; a slot whose replica is gone may not fill it.
void add_disk(Parameters& parameters, const Machine& machine) {
    if (machine.disk_bytes == 0) { return; }
    parameters["max_wal_size"] = mebibytes(std::clamp(machine.disk_bytes / 10, kGiB, 16 * kGiB));
    parameters["min_wal_size"] = mebibytes(std::clamp(machine.disk_bytes / 100, 80 * kMiB, kGiB));
    // For a standby cluster that has no slot, and for pg_rewind.
    parameters["wal_keep_size"] = mebibytes(std::clamp(machine.disk_bytes / 50, 128 * kMiB, 4 * kGiB));
    parameters["max_slot_wal_keep_size"] = mebibytes(std::max(machine.disk_bytes / 4, kGiB));
}

} // namespace

int max_connections(const Machine& machine) {
    constexpr std::uint64_t kPerConnection = 20 * kMiB; // with its share of work_mem
    constexpr std::uint64_t kFewest = 100;
    constexpr std::uint64_t kMost = 500; // more is the pooler's work
    return static_cast<int>(std::clamp(machine.memory_bytes / kPerConnection, kFewest, kMost));
}

Parameters cluster_parameters(const NodeSpec& node, const Machine& machine) {
    Parameters parameters = {
        {"wal_level", "replica"},
        {"hot_standby", "on"},
        {"wal_log_hints", "on"}, // pg_rewind, should checksums ever be switched off
        {"max_connections", std::to_string(max_connections(machine))},
        {"max_worker_processes", std::to_string(std::max(8U, machine.cpus))},
        // Replicas that come and go leave their slots for half an hour (member_slots_ttl): they may not run out.
        {"max_wal_senders", "40"},
        {"max_replication_slots", "80"},
        {"max_locks_per_transaction", "128"},
        {"archive_mode", "on"}, // always: switching it on later needs a restart
        {"archive_command", archive_command(node)},
        {"archive_timeout", "60s"},
        {"hot_standby_feedback", "on"},
        // A leader that hands over waits until its replicas have all, also for one that is gone without goodbye.
        {"wal_sender_timeout", text::format("{}s", timing_of(node.config.postgres.failover).ttl / 2)},
        // A replica that lost its primary asks again soon: at bootstrap its slot is there a moment later.
        {"wal_retrieve_retry_interval", "500ms"},
        {"password_encryption", "scram-sha-256"},
        {"wal_compression", "lz4"},
        {"default_toast_compression", "lz4"},
        {"checkpoint_timeout", "15min"},
        {"jit", "off"},
        {"tcp_keepalives_idle", "60"},
        {"tcp_keepalives_interval", "10"},
        {"tcp_keepalives_count", "6"},
        {"log_checkpoints", "on"},
        {"log_lock_waits", "on"},
        {"log_temp_files", "64MB"},
        {"log_autovacuum_min_duration", "10s"},
        {"log_line_prefix", "[%p] %q%u@%d/%a "}, // the journal has the time
        {"log_timezone", "UTC"},
        {"timezone", "UTC"},
        {"track_io_timing", "on"},
    };
    for (const auto& [name, value] : node.config.postgres.parameters) { parameters[text::lower(name)] = value; }
    return parameters;
}

Parameters machine_parameters(const NodeSpec& node, const Machine& machine) {
    Parameters parameters = {
        {"max_parallel_workers", std::to_string(std::max(2U, machine.cpus))},
        {"max_parallel_workers_per_gather", std::to_string(std::clamp(machine.cpus / 2, 1U, 4U))},
        {"max_parallel_maintenance_workers", std::to_string(std::clamp(machine.cpus / 2, 1U, 4U))},
        {"random_page_cost", machine.rotational ? "4" : "1.1"},
        {"effective_io_concurrency", machine.rotational ? "2" : "200"},
        {"huge_pages", "try"},
    };
    // What a delayed replica has not seen yet, it must not keep the primary from cleaning up.
    if (node.config.postgres.delayed) { parameters["hot_standby_feedback"] = "off"; }
    add_memory(parameters, machine);
    add_disk(parameters, machine);
    if (machine.set_for_all) {
        for (const auto& name : *machine.set_for_all) { parameters.erase(name); }
    } else {
        for (const auto& [name, value] : node.config.postgres.parameters) { parameters.erase(text::lower(name)); }
    }
    return parameters;
}

} // namespace ingot::firstboot::db
