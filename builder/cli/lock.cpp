// ingot lock [ROLE...]: which packages exactly, written down.
#include "builder/cli/commands.hpp"

#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>

#include "builder/cli/build_options.hpp"
#include "builder/pipeline/lock_roles.hpp"
#include "builder/progress/progress.hpp"
#include "common/process/process.hpp"

namespace ingot::builder::cli {

namespace {

struct Options : BuildOptions {
    pipeline::LockRequest lock{};
    bool dry_run = false;
};

void print(const pipeline::LockedRole& role) {
    const char* state = role.fresh ? "new" : role.written ? "written" : "not written";
    if (!role.fresh && role.changes.empty()) {
        std::printf("%s: %zu packages, no change\n", role.file.c_str(), role.packages);
        return;
    }
    if (role.fresh) {
        std::printf("%s: %zu packages, %s\n", role.file.c_str(), role.packages,
                    role.written ? "written" : "not written");
        return;
    }
    std::printf("%s: %zu of %zu packages change, %s\n%s", role.file.c_str(), role.changes.size(), role.packages,
                state, lock::render(role.changes).c_str());
}

Result<int> run(Options& options) {
    INGOT_TRY(complete(options), "");
    options.lock.build = options.request;
    options.lock.write = !options.dry_run;
    process::PosixProcesses processes;
    progress::Progress progress(stderr, progress::Progress::stderr_is_terminal());
    INGOT_ASSIGN(const auto locked, pipeline::lock_roles(options.lock, processes, progress), "");
    for (const auto& role : locked) { print(role); }
    return 0;
}

} // namespace

void add_lock(CLI::App& app, Action& action) {
    auto options = std::make_shared<Options>();
    auto* lock = app.add_subcommand("lock", "Write down which packages exactly a role's image is made of");
    lock->add_option("roles", options->request.roles, "Roles to lock (all that no other role extends)");
    auto* update = lock->add_option("--update", options->lock.only,
                                    "Take the newest version of these packages; of all, if none is named");
    update->expected(0, -1);
    lock->add_flag("--dry-run", options->dry_run, "Only print what would change");
    lock->add_flag("--fetch", options->lock.fetch, "Also bring every package into our own store");
    add_build_options(*lock, *options);
    lock->callback([options, update, &action] {
        options->lock.update = update->count() > 0;
        std::erase(options->lock.only, std::string());
        action = [options] { return run(*options); };
    });
}

} // namespace ingot::builder::cli
