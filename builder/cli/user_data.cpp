#include "builder/cli/commands.hpp"

namespace ingot::builder::cli {

void add_user_data(CLI::App& /*app*/, Action& /*action*/) {}

} // namespace ingot::builder::cli
