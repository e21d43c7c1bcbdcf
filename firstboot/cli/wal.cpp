// What PostgreSQL asks about WAL files, each a short run of this program as user postgres.
#include <cerrno>
#include <filesystem>
#include <iostream>

#include <unistd.h>

#include "firstboot/cli/commands.hpp"
#include "firstboot/db/timeline.hpp"

namespace ingot::firstboot::cli {

Result<int> may_restore(const std::string& file, const std::string& path) {
    INGOT_ASSIGN(const bool may, db::leads_to_newest(std::filesystem::path(path).parent_path(), file), "");
    if (!may) { std::cerr << file << " is not restored: a newer timeline forks off in it or before it\n"; }
    return may ? 0 : 1;
}

Result<int> archive(const std::string& path, const std::vector<std::string>& command) {
    const std::filesystem::path file(path);
    const auto leads = db::leads_to_newest(file.parent_path(), file.filename().string());
    if (leads && !*leads) {
        std::cerr << file.filename().string() << " is not archived: a newer timeline forks off in it or before it\n";
        return 0;
    }
    if (!leads) { std::cerr << leads.error().to_string() << "; the file is archived\n"; }
    std::vector<char*> argv;
    auto words = command;
    argv.reserve(words.size() + 1);
    for (auto& word : words) { argv.push_back(word.data()); }
    argv.push_back(nullptr);
    ::execvp(argv.front(), argv.data());
    return fail_errno(errno, "starting " + command.front());
}

} // namespace ingot::firstboot::cli
