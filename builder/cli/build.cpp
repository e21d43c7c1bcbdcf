// ingot build ROLE...: images from role specs.
#include "builder/cli/commands.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>

#include <unistd.h>

#include <CLI/CLI.hpp>

#include "builder/pipeline/pipeline.hpp"
#include "builder/pipeline/plan.hpp"
#include "builder/progress/progress.hpp"
#include "builder/spec/spec.hpp"
#include "common/files/files.hpp"
#include "common/process/process.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::cli {

namespace {

namespace fs = std::filesystem;

struct Options {
    pipeline::BuildRequest request{};
    std::vector<std::string> formats{};
    std::string architecture = pipeline::kArchitecture;
    std::string agent_deb{};
    bool without_agent = false;
    bool no_layer_cache = false;
    bool refresh = false;
};

/// The newest ingot-agent .deb beside this program: build/bin/ingot → build/packages.
std::optional<fs::path> agent_beside_us() {
    std::error_code problem;
    const auto self = fs::read_symlink("/proc/self/exe", problem);
    if (problem) { return std::nullopt; }
    const auto folder = self.parent_path().parent_path() / "packages";
    std::optional<fs::path> newest;
    const auto names = files::list(folder);
    if (!names) { return std::nullopt; }
    for (const auto& name : *names) {
        if (!name.starts_with("ingot-agent_") || !name.ends_with("_amd64.deb")) { continue; }
        const auto path = folder / name;
        if (!newest || fs::last_write_time(path, problem) > fs::last_write_time(*newest, problem)) { newest = path; }
    }
    return newest;
}

Result<std::optional<fs::path>> find_agent(const Options& options) {
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

Result<std::vector<spec::Format>> formats_of(const std::vector<std::string>& names) {
    std::vector<spec::Format> formats;
    for (const auto& name : names) {
        const auto format = spec::format_of(name);
        if (format && std::ranges::find(formats, *format) == formats.end()) { formats.push_back(*format); }
        if (format) { continue; }
        const auto known = spec::format_names();
        const auto near = text::nearest(name, known);
        return fail(ErrorKind::invalid_input,
                    text::format("--format: '{}' is not a format; there are: {}{}", name, text::join(known, ", "),
                                 near ? text::format(" (did you mean '{}'?)", *near) : std::string()));
    }
    return formats;
}

Status check_architecture(std::string_view architecture) {
    if (architecture == pipeline::kArchitecture) { return {}; }
    if (architecture == "arm64") {
        return fail(ErrorKind::refused,
                    "--arch arm64: images for arm64 cannot be built yet. Packages run their own programs while they "
                    "are installed, which needs qemu-user-static here, and the agent's package has to be compiled "
                    "for arm64 as well; docs/decisions.md says what else it takes");
    }
    return fail(ErrorKind::invalid_input,
                text::format("--arch: '{}' is not an architecture of ingot; there is: amd64", architecture));
}

/// Root's is the machine's; other users have theirs (XDG Base Directory Specification).
fs::path default_cache() {
    if (::geteuid() == 0) { return "/var/cache/ingot"; }
    const char* const cache = std::getenv("XDG_CACHE_HOME"); // NOLINT(concurrency-mt-unsafe): no thread yet
    if (cache != nullptr && *cache == '/') { return fs::path(cache) / "ingot"; }
    const char* const home = std::getenv("HOME"); // NOLINT(concurrency-mt-unsafe)
    return home == nullptr ? fs::path("/var/cache/ingot") : fs::path(home) / ".cache/ingot";
}

Result<int> run(Options& options) {
    auto& request = options.request;
    INGOT_TRY(check_architecture(options.architecture), "");
    INGOT_ASSIGN(request.formats, formats_of(options.formats), "");
    INGOT_ASSIGN(request.agent_deb, find_agent(options), "");
    INGOT_ASSIGN(request.source_date_epoch, source_date_epoch(), "");
    request.use_layer_cache = !options.no_layer_cache;
    if (options.refresh) { request.maximum_index_age = std::chrono::seconds(0); }
    request.output = fs::absolute(request.output);
    request.cache = fs::absolute(request.cache);
    if (request.overlays.empty()) { request.overlays = fs::absolute(request.specs).parent_path() / "overlays"; }

    process::PosixProcesses processes;
    progress::Progress progress(stderr, progress::Progress::stderr_is_terminal());
    INGOT_ASSIGN(const auto built, pipeline::build(request, processes, progress), "");
    for (const auto& role : built) { std::printf("%s\n", role.folder.c_str()); }
    return 0;
}

} // namespace

void add_build(CLI::App& app, Action& action) {
    auto options = std::make_shared<Options>();
    auto& request = options->request;
    request.output = "build/images";
    request.specs = "roles";
    request.cache = default_cache();
    auto* build = app.add_subcommand("build", "Build role images");
    build->add_option("roles", request.roles, "Roles to build: the names of files in roles/")->required();
    build->add_option("--output", request.output, "Folder for the images")->capture_default_str();
    build
        ->add_option("--format", options->formats,
                     "Instead of the specs' formats: " + text::join(spec::format_names(), ", "))
        ->delimiter(',');
    build->add_option("--arch", options->architecture, "Architecture of the images")->capture_default_str();
    build->add_option("--suite", request.suite, "Debian suite instead of the spec's");
    build->add_option("--mirror", request.mirror, "Debian mirror instead of the one this machine's apt uses");
    build->add_option("--keyring", request.keyring, "Keys that have to have signed that mirror (Debian's)");
    build->add_option("--roles", request.specs, "Folder of role specs")->capture_default_str();
    build->add_option("--overlays", request.overlays, "Folder of overlays (beside the role specs)");
    build->add_option("--cache", request.cache, "Folder for packages and layers")->capture_default_str();
    build->add_option("--agent-deb", options->agent_deb, "Package of the agent (beside this program)");
    build->add_option("--jobs", request.jobs, "Roles to build at once (as many as processors)")
        ->check(CLI::Range(1, 64));
    build->add_flag("--without-agent", options->without_agent, "Images without agent, for experiments");
    build->add_flag("--no-layer-cache", options->no_layer_cache, "Make all layers anew; packages stay cached");
    build->add_flag("--refresh", options->refresh, "Ask the mirror for new indexes, however young ours are");
    build->callback([options, &action] { action = [options] { return run(*options); }; });
}

} // namespace ingot::builder::cli
