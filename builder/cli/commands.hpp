// One file per subcommand: it parses arguments, calls a module, prints; nothing else.
#pragma once

#include <functional>

#include "common/result/result.hpp"

namespace CLI { // NOLINT(readability-identifier-naming): the library's own name
class App;
}

namespace ingot::builder::cli {

/// What the chosen subcommand does; set by its CLI11 callback, run by main after parsing. Returns the exit code.
using Action = std::function<Result<int>()>;

/// Each adds its subcommand(s) to `app` and sets `action` when chosen.
void add_build(CLI::App& app, Action& action);     // build.cpp: ingot build ROLE...
void add_lock(CLI::App& app, Action& action);      // lock.cpp: ingot lock [ROLE...]
void add_trust(CLI::App& app, Action& action);     // trust.cpp: ingot key new, ingot sign, ingot verify
void add_reproduce(CLI::App& app, Action& action); // reproduce.cpp: ingot reproduce IMAGE
void add_cluster(CLI::App& app, Action& action);   // cluster.cpp: ingot cluster init NAME
void add_user_data(CLI::App& app, Action& action); // user_data.cpp: ingot user-data ROLE
void add_check(CLI::App& app, Action& action);     // check.cpp: ingot check FILE...
void add_schema(CLI::App& app, Action& action);    // schema.cpp: ingot schema
void add_inspect(CLI::App& app, Action& action);   // inspect.cpp: ingot inspect IMAGE
void add_diff(CLI::App& app, Action& action);      // diff.cpp: ingot diff A B
void add_lab(CLI::App& app, Action& action);       // lab.cpp: ingot lab up|down|status|...
void add_upload(CLI::App& app, Action& action);    // upload.cpp: ingot upload PROVIDER, ingot hetzner list|prune
void add_serve(CLI::App& app, Action& action);     // serve.cpp: ingot serve DIR

} // namespace ingot::builder::cli
