#include "builder/cli/build_options.hpp"

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <system_error>

#include <unistd.h>

#include <CLI/CLI.hpp>

#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::cli {

namespace {

namespace fs = std::filesystem;

/// What stands beside this program: build/ for build/bin/ingot, /usr for /usr/bin/ingot.
fs::path prefix() {
    std::error_code problem;
    return fs::read_symlink("/proc/self/exe", problem).parent_path().parent_path();
}

/// The newest ingot-agent .deb beside this program: build/packages, or where our own package puts it.
std::optional<fs::path> agent_beside_us() {
    std::error_code problem;
    std::optional<fs::path> newest;
    for (const auto& folder : {prefix() / "packages", prefix() / "share/ingot/packages"}) {
        const auto names = files::list(folder);
        for (const auto& name : names ? *names : std::vector<std::string>()) {
            if (!name.starts_with("ingot-agent_") || !name.ends_with("_amd64.deb")) { continue; }
            const auto path = folder / name;
            if (!newest || fs::last_write_time(path, problem) > fs::last_write_time(*newest, problem)) {
                newest = path;
            }
        }
    }
    return newest;
}

/// One's own specs, or those of our package.
fs::path default_specs() {
    auto installed = prefix() / "share/ingot/roles";
    return !files::exists("roles") && files::exists(installed) ? installed : fs::path("roles");
}

/// The installer beside this program; without it the images can be run from RAM only.
fs::path installer_beside_us() {
    std::error_code problem;
    const auto folder = fs::read_symlink("/proc/self/exe", problem).parent_path();
    for (const auto& place : {folder / "ingot-install", folder.parent_path() / "lib/ingot/ingot-install"}) {
        if (files::exists(place)) { return place; }
    }
    return {};
}

Result<std::optional<fs::path>> find_agent(const BuildOptions& options) {
    if (options.without_agent) { return std::optional<fs::path>{}; }
    if (!options.agent_deb.empty()) {
        if (files::exists(options.agent_deb)) { return std::optional(fs::absolute(options.agent_deb)); }
        return fail(ErrorKind::invalid_input, "there is no file " + options.agent_deb);
    }
    auto found = agent_beside_us();
    if (found) { return found; }
    return fail(ErrorKind::not_found, "there is no package of the agent to put into the images: `./dev build` makes "
                                      "one, --agent-deb names one, --without-agent does without");
}

Result<std::optional<std::int64_t>> source_date_epoch() {
    const char* text = std::getenv("SOURCE_DATE_EPOCH");
    if (text == nullptr || *text == '\0') { return std::optional<std::int64_t>{}; }
    const auto number = text::to_number(text);
    if (number && *number >= 0) { return std::optional<std::int64_t>(*number); }
    return fail(ErrorKind::invalid_input, text::format("SOURCE_DATE_EPOCH is '{}', not a number of seconds", text));
}

/// Root's is the machine's; other users have theirs (XDG Base Directory Specification).
fs::path default_cache() {
    if (::geteuid() == 0) { return "/var/cache/ingot"; }
    const char* const cache = std::getenv("XDG_CACHE_HOME"); // NOLINT(concurrency-mt-unsafe): no thread yet
    if (cache != nullptr && *cache == '/') { return fs::path(cache) / "ingot"; }
    const char* const home = std::getenv("HOME"); // NOLINT(concurrency-mt-unsafe)
    return home == nullptr ? fs::path("/var/cache/ingot") : fs::path(home) / ".cache/ingot";
}

} // namespace

void add_build_options(CLI::App& command, BuildOptions& options) {
    auto& request = options.request;
    request.specs = default_specs();
    request.cache = default_cache();
    command.add_option("--suite", request.suite, "Debian suite instead of the spec's");
    command.add_option("--mirror", request.mirror, "Debian mirror instead of the one this machine's apt uses");
    command.add_option("--keyring", request.keyring, "Keys that have to have signed that mirror (Debian's)");
    command.add_option("--roles", request.specs, "Folder of role specs")->capture_default_str();
    command.add_option("--overlays", request.overlays, "Folder of overlays (beside the role specs)");
    command.add_option("--cache", request.cache, "Folder for packages and layers")->capture_default_str();
    command.add_option("--agent-deb", options.agent_deb, "Package of the agent (beside this program)");
    command.add_flag("--without-agent", options.without_agent, "Images without agent, for experiments");
    command.add_flag("--refresh", options.refresh, "Ask the mirror for new indexes, however young ours are");
}

Status complete(BuildOptions& options, AgentNeed need) {
    auto& request = options.request;
    auto agent = find_agent(options);
    if (agent) {
        request.agent_deb = *std::move(agent);
    } else if (need == AgentNeed::required || !options.agent_deb.empty()) {
        return std::move(agent).error();
    }
    request.installer = installer_beside_us();
    INGOT_ASSIGN(request.source_date_epoch, source_date_epoch(), "");
    if (options.refresh) { request.maximum_index_age = std::chrono::seconds(0); }
    if (!request.output.empty()) { request.output = fs::absolute(request.output); }
    request.cache = fs::absolute(request.cache);
    if (request.overlays.empty()) { request.overlays = fs::absolute(request.specs).parent_path() / "overlays"; }
    return {};
}

} // namespace ingot::builder::cli
