// ingot lab: a whole cluster on this one machine.
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "builder/cli/commands.hpp"
#include "builder/lab/client/control.hpp"
#include "builder/lab/client/create.hpp"
#include "builder/lab/client/down.hpp"
#include "builder/lab/client/enter.hpp"
#include "builder/lab/client/preflight.hpp"
#include "builder/lab/client/up.hpp"
#include "builder/lab/world/supervise.hpp"
#include "common/files/files.hpp"
#include "common/json/json.hpp"
#include "common/process/process.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::cli {

namespace {

/// All options of all subcommands: only one of them runs.
struct LabArguments {
    std::string name = "lab";
    lab::UpOptions up;
    std::string cluster_file;
    std::string driver = "nspawn";
    std::string role;
    std::string hostname;
    std::vector<std::string> options;
    std::string member;
    std::vector<std::string> members;
    std::vector<std::string> words;
    std::string unit;
    std::string user_data_file;
    int patience = 180;
    bool all = false;
    bool json = false;
    bool keep = false;
    bool follow = false;
    bool new_instance = false;
    bool replica = false;
    bool primary = false;
    bool pool = false;
};
using Arguments = std::shared_ptr<LabArguments>;

void print(const std::string& text) { std::fputs(text.c_str(), stdout); }

/// Adds a subcommand with --name, that needs root.
CLI::App* add(CLI::App& parent, const char* name, const char* help, const Arguments& arguments, Action& action,
              std::function<Result<int>(const lab::Paths&)> body) {
    auto* const command = parent.add_subcommand(name, help);
    command->add_option("--name", arguments->name, "The lab's name")->capture_default_str();
    command->callback([arguments, &action, name, body = std::move(body)] {
        action = [arguments, name, body]() -> Result<int> {
            INGOT_TRY(lab::check_root(std::string("ingot lab ") + name), "");
            INGOT_TRY(lab::check_lab_name(arguments->name), "");
            return body(lab::Paths::of(arguments->name));
        };
    });
    return command;
}

Result<int> run_up(const LabArguments& arguments) {
    process::PosixProcesses processes;
    auto options = arguments.up;
    options.name = arguments.name;
    options.patience = std::chrono::seconds(arguments.patience);
    options.keep_failed = arguments.keep;
    if (!arguments.cluster_file.empty()) { options.source.cluster_file = arguments.cluster_file; }
    INGOT_ASSIGN(const auto outcome, lab::up(processes, options), "");
    print("\n" + lab::to_table(outcome.report) + "\n");
    if (options.cold) { return 0; }
    if (outcome.first_write) {
        print(text::format(
            "power-on to first committed write through the pool: {:.1f} s; to all machines healthy: {:.1f} s\n\n",
            static_cast<double>(outcome.first_write->count()) / 1000.0,
            static_cast<double>(outcome.all_healthy->count()) / 1000.0));
    }
    print(lab::to_connect_text(outcome.connect, outcome.report.ports));
    return 0;
}

Result<int> run_status(const lab::Paths& paths, bool as_json) {
    INGOT_ASSIGN(const auto seen, lab::look(paths, true), "");
    print(as_json ? json::to_text(lab::to_json(seen.report)) : lab::to_table(seen.report));
    return lab::all_healthy(seen.report) ? 0 : exit_code(ErrorKind::transient);
}

Result<int> run_request(const lab::Paths& paths, const json::Json& request) {
    INGOT_TRY(lab::ask(paths, request), "");
    return 0;
}

Result<int> run_psql(const lab::Paths& paths, const LabArguments& arguments, const std::vector<std::string>& extra) {
    INGOT_ASSIGN(const auto info, lab::connect_info(paths), "");
    INGOT_ASSIGN(const auto state, lab::read_state(paths), "");
    const auto door = arguments.primary   ? lab::Door::primary
                      : arguments.replica ? lab::Door::replica
                                          : lab::Door::pool;
    return lab::run_psql(paths, info, state.ports, door, extra);
}

Result<int> run_logs(const lab::Paths& paths, const LabArguments& arguments) {
    const auto& member = arguments.member;
    INGOT_ASSIGN(const auto answer, lab::ask(paths, {{"op", "status"}}), "");
    INGOT_ASSIGN(const auto report, lab::report_from_json(json::member(answer, "report")), "");
    for (const auto& entry : report.members) {
        if (entry.member.name != member || entry.machine == "running") { continue; }
        INGOT_ASSIGN(const auto console, files::read_if_exists(paths.console(member)), "");
        print(console.value_or(""));
        return 0;
    }
    std::vector<std::string> argv = {"journalctl", "--no-pager", "--no-hostname"};
    if (arguments.follow) { argv.emplace_back("--follow"); }
    if (!arguments.unit.empty()) { argv.push_back("--unit=" + arguments.unit); }
    return lab::run_inside(paths, member, argv);
}

void add_machine_commands(CLI::App& app, const Arguments& arguments, Action& action) {
    struct Verb {
        const char* name;
        const char* help;
    };
    for (const auto& [name, help] : {Verb{"start", "Switch machines on"}, Verb{"stop", "Shut machines down in order"},
                                     Verb{"kill", "Pull the plug of machines"},
                                     Verb{"freeze", "Stop every process of machines where it is, as when they hang"},
                                     Verb{"thaw", "Let frozen machines go on"}}) {
        auto* const command = add(app, name, help, arguments, action, [arguments, name](const lab::Paths& paths) {
            auto request = lab::request_for(name, arguments->members, arguments->all);
            request["options"] = arguments->options;
            request["new_instance"] = arguments->new_instance;
            return run_request(paths, request);
        });
        if (std::string_view(name) == "start") {
            command->add_option("--option", arguments->options,
                                "One more word for the kernel command line, this once");
        }
        auto* const members = command->add_option("NODE", arguments->members, "Machines");
        if (std::string_view(name) == "start") {
            command->add_flag("--new-instance", arguments->new_instance,
                              "Under another instance-id: as a server made of a snapshot of this one");
        }
        members->excludes(command->add_flag("--all", arguments->all, "All machines"));
    }
    auto* const more =
        add(app, "add", "One more machine of a role", arguments, action,
            [arguments](const lab::Paths& paths) -> Result<int> {
                json::Json request{{"op", "add"}, {"role", arguments->role}, {"hostname", arguments->hostname}};
                if (!arguments->user_data_file.empty()) {
                    INGOT_ASSIGN(request["user_data"], files::read(arguments->user_data_file), "");
                }
                INGOT_ASSIGN(const auto answer, lab::ask(paths, request), "");
                print(json::string_at(answer, "name").value_or("") + "\n");
                return 0;
            });
    more->add_option("ROLE", arguments->role, "db, etcd or proxy")->required();
    more->add_option("--hostname", arguments->hostname, "What the metadata calls it (default: its name in the lab)");
    more->add_option(
        "--user-data", arguments->user_data_file,
        "User-data of this machine alone: a delayed replica, or a machine of another cluster in the same "
        "network");
    add(app, "wipe", "Pull the plug of machines and give them empty disks", arguments, action,
        [arguments](const lab::Paths& paths) {
            return run_request(paths, lab::request_for("wipe", arguments->members));
        })
        ->add_option("NODE", arguments->members, "Machines")
        ->required();
    add(app, "remove", "Pull the plug of a machine and throw its disk away", arguments, action,
        [arguments](const lab::Paths& paths) {
            return run_request(paths, lab::request_for("remove", arguments->members));
        })
        ->add_option("NODE", arguments->members, "Machines")
        ->required();
    add(app, "partition", "Cut a machine off from all others, or from those named after it", arguments, action,
        [arguments](const lab::Paths& paths) {
            return run_request(paths, {{"op", "partition"}, {"groups", arguments->words}});
        })
        ->add_option("NODE", arguments->words,
                     "One machine; or a machine (or several with commas between), then the others")
        ->required();
    add(app, "heal", "End all partitions", arguments, action,
        [](const lab::Paths& paths) { return run_request(paths, {{"op", "heal"}}); });
}

void add_inside_commands(CLI::App& app, const Arguments& arguments, Action& action) {
    auto* const exec =
        add(app, "exec", "Run a command on a machine", arguments, action,
            [arguments](const lab::Paths& paths) -> Result<int> {
                // This library leaves the -- among the words.
                if (!arguments->words.empty() && arguments->words.front() == "--") {
                    arguments->words.erase(arguments->words.begin());
                }
                if (arguments->words.empty()) {
                    return fail(ErrorKind::invalid_input, "which command? ingot lab exec NODE -- COMMAND…");
                }
                return lab::run_inside(paths, arguments->member, arguments->words);
            });
    exec->add_option("NODE", arguments->member, "The machine")->required();
    exec->add_option("COMMAND", arguments->words, "The command and its arguments");

    auto* const logs =
        add(app, "logs", "A machine's journal, or what it said on its console when it is off", arguments, action,
            [arguments](const lab::Paths& paths) { return run_logs(paths, *arguments); });
    logs->add_option("NODE", arguments->member, "The machine")->required();
    logs->add_flag("-f,--follow", arguments->follow, "Keep on printing what is added");
    logs->add_option("-u,--unit", arguments->unit, "Only this unit");

    auto* psql = app.add_subcommand("psql", "psql in the lab's database; further arguments are psql's");
    psql->add_option("--name", arguments->name, "The lab's name")->capture_default_str();
    psql->add_flag("--pool", arguments->pool, "Through PgBouncer to the primary (default)");
    psql->add_flag("--primary", arguments->primary, "Through HAProxy to the primary");
    psql->add_flag("--replica", arguments->replica, "Through HAProxy to a replica");
    psql->prefix_command();
    psql->callback([arguments, psql, &action] {
        action = [arguments, extra = psql->remaining()]() -> Result<int> {
            INGOT_TRY(lab::check_root("ingot lab psql"), "");
            INGOT_TRY(lab::check_lab_name(arguments->name), "");
            return run_psql(lab::Paths::of(arguments->name), *arguments, extra);
        };
    });
}

} // namespace

void add_lab(CLI::App& app, Action& action) {
    auto* const lab_app = app.add_subcommand("lab", "Run a whole cluster on this machine");
    lab_app->require_subcommand(1);
    const auto arguments = std::make_shared<LabArguments>();

    auto* const up = add(*lab_app, "up", "Boot the cluster and wait until it takes writes", arguments, action,
                         [arguments](const lab::Paths&) { return run_up(*arguments); });
    up->add_option("CLUSTER", arguments->cluster_file,
                   "cluster.yaml with secrets.yaml beside it (default: a new cluster)");
    up->add_option("--images", arguments->up.images, "Folder of the built images")->capture_default_str();
    up->add_option("--driver", arguments->driver, "How machines are run")
        ->check(CLI::IsMember({"nspawn"}))
        ->capture_default_str();
    up->add_option("--timeout", arguments->patience, "Seconds to wait")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    up->add_flag("--cold", arguments->up.cold, "Leave the machines switched off");
    up->add_option("--part", arguments->up.part,
                   "One more part of every machine's user-data: a file with a #cloud-config or a script; read "
                   "whenever a machine asks");
    up->add_option("--append", arguments->up.words, "A word for the command line of every machine")
        ->allow_extra_args(false);
    up->add_flag("--keep", arguments->keep, "Leave the lab running if it does not become ready");

    add(*lab_app, "status", "How each machine is", arguments, action, [arguments](const lab::Paths& paths) {
        return run_status(paths, arguments->json);
    })->add_flag("--json", arguments->json, "For machines");
    add(*lab_app, "down", "Remove the lab and all it made", arguments, action,
        [arguments](const lab::Paths& paths) -> Result<int> {
            INGOT_TRY(lab::take_down(paths, arguments->keep), "");
            return 0;
        })
        ->add_flag("--keep", arguments->keep, "Keep disks, secrets and logs for the next up");
    add_machine_commands(*lab_app, arguments, action);
    add_inside_commands(*lab_app, arguments, action);

    // What `up` starts in the background. Not for people.
    auto* const supervise = lab_app->add_subcommand("supervise", "")->group("");
    supervise->add_option("NAME", arguments->name)->required();
    supervise->callback([arguments, &action] {
        action = [arguments]() -> Result<int> {
            INGOT_TRY(lab::check_lab_name(arguments->name), "");
            INGOT_TRY(lab::supervise(arguments->name), "");
            return 0;
        };
    });
}

} // namespace ingot::builder::cli
