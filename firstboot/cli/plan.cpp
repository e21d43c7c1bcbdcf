// The plan is made of the same steps that a boot runs: only that nobody calls them.
#include <cstdio>

#include "cloud-init/network/network.hpp"
#include "common/clock/clock.hpp"
#include "common/files/files.hpp"
#include "common/http/http.hpp"
#include "common/process/process.hpp"
#include "common/text/text.hpp"
#include "firstboot/cli/commands.hpp"
#include "firstboot/db/observe.hpp"
#include "firstboot/node/facts.hpp"
#include "firstboot/system/cloud_config.hpp"
#include "firstboot/system/finish.hpp"
#include "firstboot/system/network.hpp"
#include "firstboot/system/services.hpp"

namespace ingot::firstboot::cli {

namespace {

void print_steps(const std::vector<Step>& steps) {
    for (const auto& step : steps) {
        const auto* const often = step.frequency == Frequency::per_instance ? "once" : "every boot";
        std::printf("%s", text::format("  {:<28} {:<11} {}\n", step.name, often, step.description).c_str());
    }
}

/// What PostgreSQL would be told, if the machine were as this one is.
void print_parameters(const cloud_init::IngotConfig& config, Environment& environment) {
    const auto facts = read_facts(environment.root);
    const db::Database database{
        .node = {.name = "this-node", .memory_bytes = facts.memory_bytes, .cpus = facts.cpus, .config = config},
        .environment = environment};
    const auto machine = db::observe_machine(database);
    std::printf("%s", text::format("PostgreSQL {}, on a machine with {} of memory, {} CPUs, a disk of {}:\n",
                                   config.postgres.version, text::human_bytes(machine.memory_bytes), machine.cpus,
                                   text::human_bytes(machine.disk_bytes))
                          .c_str());
    auto parameters = db::machine_parameters(database.node, machine);
    parameters.merge(db::cluster_parameters(database.node, machine));
    for (const auto& [name, value] : parameters) { std::printf("  %s = %s\n", name.c_str(), value.c_str()); }
}

Result<std::string> read_if_named(const std::string& file) {
    if (file.empty()) { return std::string(); }
    return files::read(file);
}

} // namespace

Result<int> plan(const PlanOptions& options) {
    INGOT_ASSIGN(const auto user_data, files::read(options.file), "");
    INGOT_ASSIGN(const auto vendor_data, read_if_named(options.vendor_data), "");
    INGOT_ASSIGN(const auto network_text, read_if_named(options.network), "");
    const auto parsed =
        cloud_init::parse_sources({.user_data = user_data, .vendor_data = vendor_data, .fetch = {}}, options.file);
    if (!parsed) {
        std::printf("%s\n", parsed.error().message.c_str());
        return exit_code(parsed.error().kind);
    }
    process::PosixProcesses processes;
    SystemctlServices services(processes);
    clock::SystemClock clock;
    Environment environment{
        .root = files::Root(), .processes = processes, .services = services, .clock = clock, .make_http = [] {
            return std::make_unique<http::CurlClient>();
        }};
    Metadata metadata{
        .datasource = "the datasource", .instance_id = "the instance", .hostname = "the provider's name"};
    std::printf("access, whatever becomes of the rest:\n");
    if (!network_text.empty()) {
        metadata.network = NetworkDescription{.text = network_text};
        print_steps(network_steps(metadata, environment));
        INGOT_TRY(network(options.network, ""), "");
    }
    std::printf("  the ssh keys that the datasource names, for root\nmachine:\n");
    print_steps(cloud_config_steps(*parsed, metadata, environment));
    if (parsed->ingot) {
        const auto& ingot = *parsed->ingot;
        std::printf("role:\n  %s of the cluster %s, in the network %s\n",
                    std::string(cloud_init::to_string(ingot.role)).c_str(), ingot.cluster.c_str(),
                    ingot.network.c_str());
        if (ingot.role == cloud_init::Role::db) { print_parameters(ingot, environment); }
    }
    if (const auto last = finish_steps(parsed->cloud_config, metadata, environment); !last.empty()) {
        std::printf("when the node is ready:\n");
        print_steps(last);
    }
    for (const auto& warning : parsed->warnings) { std::printf("warning: %s\n", warning.c_str()); }
    return 0;
}

} // namespace ingot::firstboot::cli
