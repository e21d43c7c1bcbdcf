// ingot build ROLE...: images from role specs.
#include "builder/cli/commands.hpp"

#include <csignal>
#include <cstdio>
#include <memory>
#include <string_view>

#include <unistd.h>

#include <CLI/CLI.hpp>

#include "builder/cli/build_options.hpp"
#include "builder/pipeline/explain.hpp"
#include "builder/pipeline/pipeline.hpp"
#include "builder/pipeline/plan.hpp"
#include "builder/progress/progress.hpp"
#include "builder/spec/spec.hpp"
#include "builder/trust/keys.hpp"
#include "common/crypto/signature.hpp"
#include "common/json/json.hpp"
#include "common/process/process.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::cli {

namespace {

struct Options : BuildOptions {
    std::vector<std::string> formats{};
    std::string architecture = pipeline::kArchitecture;
    bool no_layer_cache = false;
    std::string key_file{};
    bool explain = false;
    bool json = false;
};

/// Says what ^C did, then lets it do it. Only what a signal handler may call.
void say_interrupted(int signal) {
    constexpr std::string_view kText = "\ningot: interrupted. What was fetched and finished is kept; the next build "
                                       "goes on from there.\n";
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, kText.data(), kText.size());
    ::raise(signal); // SA_RESETHAND: this time it ends us
}

void announce_interruption() {
    struct sigaction action{};
    action.sa_handler = say_interrupted;
    action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_NODEFER;
    for (const int signal : {SIGINT, SIGTERM}) { ::sigaction(signal, &action, nullptr); }
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

Result<int> explain(const Options& options) {
    process::PosixProcesses processes;
    progress::Progress progress(stderr, progress::Progress::stderr_is_terminal());
    INGOT_ASSIGN(const auto explanation, pipeline::explain(options.request, processes, progress), "");
    const auto text =
        options.json ? json::to_text(pipeline::to_json(explanation)) : pipeline::render_text(explanation);
    std::fputs(text.c_str(), stdout);
    return 0;
}

Result<int> run(Options& options) {
    announce_interruption();
    auto& request = options.request;
    INGOT_TRY(check_architecture(options.architecture), "");
    INGOT_ASSIGN(request.formats, formats_of(options.formats), "");
    INGOT_TRY(complete(options), "");
    if (!options.key_file.empty()) {
        INGOT_ASSIGN(request.signing_key, trust::read_private_key(options.key_file), "");
        INGOT_ASSIGN(request.public_key, crypto::public_key_of(*request.signing_key), "");
    }
    request.use_layer_cache = !options.no_layer_cache;
    if (options.explain) { return explain(options); }

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
    auto* build = app.add_subcommand("build", "Build role images");
    build->add_option("roles", request.roles, "Roles to build: the names of files in roles/")->required();
    build->add_option("--output", request.output, "Folder for the images")->capture_default_str();
    build
        ->add_option("--format", options->formats,
                     "Instead of the specs' formats: " + text::join(spec::format_names(), ", "))
        ->delimiter(',');
    build->add_option("--arch", options->architecture, "Architecture of the images")->capture_default_str();
    add_build_options(*build, *options);
    build->add_flag("--locked", request.locked,
                    "Take just the packages that roles/<role>.lock.yaml names; ask no index");
    build->add_option("--sign", options->key_file, "Sign the manifests with the key in this file (ingot key new)");
    auto* explained =
        build->add_flag("--explain", options->explain, "Say what a build would do and why; build nothing");
    build->add_flag("--json", options->json, "With --explain: print JSON")->needs(explained);
    build->add_option("--jobs", request.jobs, "Roles to build at once (as many as processors)")
        ->check(CLI::Range(1, 64));
    build->add_flag("--no-layer-cache", options->no_layer_cache, "Make all layers anew; packages stay cached");
    build->callback([options, &action] { action = [options] { return run(*options); }; });
}

} // namespace ingot::builder::cli
