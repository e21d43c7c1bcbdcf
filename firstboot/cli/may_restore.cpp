#include <filesystem>
#include <iostream>

#include "firstboot/cli/commands.hpp"
#include "firstboot/db/timeline.hpp"

namespace ingot::firstboot::cli {

Result<int> may_restore(const std::string& file, const std::string& path) {
    INGOT_ASSIGN(const bool may, db::may_restore(std::filesystem::path(path).parent_path(), file), "");
    if (!may) { std::cerr << file << " is not restored: a newer timeline forks off in it or before it\n"; }
    return may ? 0 : 1;
}

} // namespace ingot::firstboot::cli
