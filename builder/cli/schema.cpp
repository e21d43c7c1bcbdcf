// ingot schema: the JSON Schema of user-data, for the editor of whoever writes it.
#include "builder/cli/commands.hpp"

#include <cstdio>

#include <CLI/CLI.hpp>

#include "cloud-init/schema/schema.hpp"

namespace ingot::builder::cli {

void add_schema(CLI::App& app, Action& action) {
    app.add_subcommand("schema", "Print the JSON Schema of user-data, for editors")->callback([&action] {
        action = []() -> Result<int> {
            std::printf("%s", json::to_text(cloud_init::user_data_schema()).c_str());
            return 0;
        };
    });
}

} // namespace ingot::builder::cli
