// What PostgreSQL asks about WAL files, each a short run of this program as user postgres.
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <iostream>

#include <unistd.h>

#include "common/process/process.hpp"
#include "firstboot/cli/commands.hpp"
#include "firstboot/db/timeline.hpp"

namespace ingot::firstboot::cli {

namespace {

/// Whoever archives such a segment first keeps what a leader wrote that nobody followed. Another one's is not needed.
Result<int> archive_past_fork(const std::string& name, const std::vector<std::string>& command) {
    constexpr int kDuplicate = 45; // pgBackRest's ArchiveDuplicateError
    process::PosixProcesses processes;
    INGOT_ASSIGN(const auto done, processes.run({.argv = command, .timeout = std::chrono::minutes(10)}), "");
    if (done.exit_code == kDuplicate) {
        std::cerr << name
                  << " is in the archive as another member had it; a newer timeline forks off in it or before "
                  << "it, so this one is not needed\n";
        return 0;
    }
    std::cerr << done.err;
    return done.exit_code;
}

} // namespace

Result<int> may_restore(const std::string& file, const std::string& path) {
    INGOT_ASSIGN(const bool may, db::leads_to_newest(std::filesystem::path(path).parent_path(), file), "");
    if (!may) { std::cerr << file << " is not restored: a newer timeline forks off in it or before it\n"; }
    return may ? 0 : 1;
}

Result<int> archive(const std::string& path, const std::vector<std::string>& command) {
    const std::filesystem::path file(path);
    const auto leads = db::leads_to_newest(file.parent_path(), file.filename().string());
    if (leads && !*leads) { return archive_past_fork(file.filename().string(), command); }
    if (!leads) { std::cerr << leads.error().to_string() << '\n'; }
    std::vector<char*> argv;
    auto words = command;
    argv.reserve(words.size() + 1);
    for (auto& word : words) { argv.push_back(word.data()); }
    argv.push_back(nullptr);
    ::execvp(argv.front(), argv.data());
    return fail_errno(errno, "starting " + command.front());
}

} // namespace ingot::firstboot::cli
