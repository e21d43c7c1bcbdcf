#include "installer/cli/options.hpp"

#include <CLI/CLI.hpp>

#include "common/files/files.hpp"

namespace ingot::installer {

namespace {

constexpr const char* kKeyInInitrd = "/etc/ingot/image.pub";

void add_options(CLI::App& app, Options& options, std::string& key_file, std::int64_t& patience) {
    auto& wanted = options.wanted;
    app.add_option("IMAGE", wanted.image, "http:// address of the image's folder: http://server/images/db/");
    app.add_option("--key", key_file, "File of the public key that has to have signed the image");
    app.add_option("--map", wanted.map_sha256, "SHA-256 of the image's disk.map.json, instead of a key");
    app.add_option(
        "--disk", wanted.disk,
        "Which disk: id= serial= wwn= model= size>= size<= rotational= transport= path=, with commas between; "
        "the only disk if not given");
    app.add_option("--wipe", wanted.wipe, "Serial number, id or wwn of the disk that may lose what is on it");
    app.add_option("--again", wanted.again,
                   "A word: a disk installed with another one is installed again, if --wipe "
                   "names it");
    app.add_option("--seed", wanted.seed, "http:// address of the seed that the installed system is to find");
    app.add_option("--report", wanted.report, "http:// address that is told how it goes");
    app.add_option("--file", options.file, "Write to this file instead of a disk");
    app.add_option("--connections", options.write.connections, "At once (by the number of processors)")
        ->check(CLI::Range(1, 64));
    app.add_option("--patience", patience, "Seconds without a byte after which it gives up")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    app.add_flag("--read-back", options.write.read_back, "Read everything back from the disk and compare");
    app.add_flag("!--no-discard", options.write.discard, "Do not discard the disk first");
    app.add_flag("--dry-run", options.dry_run, "Print what would be done as JSON; write nothing");
    app.add_flag("--list", options.list, "Print the disks of this machine as JSON");
    app.add_flag("--from-kernel", options.from_kernel,
                 "Take everything from the kernel's command line (in the initrd)");
}

Status complete(Options& options, const std::string& key_file) {
    if (options.from_kernel) {
        INGOT_ASSIGN(const auto line, files::read("/proc/cmdline"), "");
        INGOT_ASSIGN(options.wanted, parse_line(line), "");
        INGOT_ASSIGN(auto key, files::read_if_exists(kKeyInInitrd), "");
        options.key = std::move(key).value_or("");
        return {};
    }
    if (!key_file.empty()) { INGOT_ASSIGN(options.key, files::read(key_file), "reading the key"); }
    if (options.wanted.image.empty() && !options.list) {
        return fail(ErrorKind::invalid_input, "the image's address is missing; --help says what else there is");
    }
    if (!options.wanted.map_sha256.empty() && !is_sha256(options.wanted.map_sha256)) {
        return fail(ErrorKind::invalid_input, "--map is not a SHA-256");
    }
    return {};
}

} // namespace

Result<Options> parse_arguments(int argc, char** argv, std::optional<int>& exit) {
    Options options;
    std::string key_file;
    std::int64_t patience = options.write.patience.count();
    CLI::App app("Writes a signed image to a disk: all of it and verified, or nothing that boots.", "ingot-install");
    add_options(app, options, key_file, patience);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& problem) {
        exit = app.exit(problem) == 0 ? 0 : 2;
        return options;
    }
    options.write.patience = std::chrono::seconds(patience);
    INGOT_TRY(complete(options, key_file), "");
    return options;
}

} // namespace ingot::installer
