#include "builder/packages/apt.hpp"

#include <algorithm>
#include <cstdlib>
#include <system_error>

#include "builder/packages/messages.hpp"
#include "builder/packages/package_json.hpp"
#include "common/crypto/crypto.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::packages {

namespace {

/// Its date is that of the indexes.
constexpr auto kStamp = "refreshed";
constexpr auto kNetworkTimeout = std::chrono::minutes(30);
/// Raised when a resolution of an older ingot must not be believed any more.
constexpr std::string_view kSolveRecipe = "1";

std::map<std::string, std::string> apt_environment(const std::filesystem::path& configuration) {
    std::map<std::string, std::string> environment = {{"APT_CONFIG", configuration.string()}};
    for (const char* name : {"http_proxy", "https_proxy", "no_proxy", "ftp_proxy"}) {
        if (const char* value = std::getenv(name)) { environment[name] = value; }
    }
    return environment;
}

std::string said_by(const process::Output& output) { return output.out + output.err; }

std::string configuration_text(const std::filesystem::path& folder, const std::string& architecture,
                               const std::string& acquire) {
    const auto at = [&](std::string_view name) { return (folder / name).string(); };
    std::string text = acquire;
    const auto set = [&](std::string_view key, std::string_view value) {
        text += text::format("{} \"{}\";\n", key, value);
    };
    set("Dir::Etc::main", "/dev/null");
    set("Dir::Etc::parts", at("none"));
    set("Dir::Etc::sourcelist", "/dev/null");
    set("Dir::Etc::sourceparts", at("sources"));
    set("Dir::Etc::preferences", "/dev/null");
    set("Dir::Etc::preferencesparts", at("none"));
    set("Dir::Etc::trusted", "/dev/null");
    set("Dir::Etc::trustedparts", at("none"));
    set("Dir::State", at("state"));
    set("Dir::State::status", at("status"));
    set("Dir::Cache", at("cache"));
    set("Dir::Log", "/dev/null");
    set("APT::Architecture", architecture);
    text += text::format("#clear APT::Architectures;\nAPT::Architectures {{ \"{}\"; }};\n", architecture);
    set("APT::Install-Recommends", "false");
    set("APT::Sandbox::User", "root");
    set("APT::Update::Error-Mode", "any");
    set("Acquire::Languages", "none");
    set("Acquire::ForceHash", "SHA256");
    set("Acquire::AllowInsecureRepositories", "false");
    set("Acquire::AllowDowngradeToInsecureRepositories", "false");
    set("Acquire::Retries", "3");
    // Hooks of the machine (docker-clean and the like) come by parts, which are none here.
    set("Debug::NoLocking", "true"); // our own lock holds the whole cache
    return text;
}

} // namespace

Result<std::vector<SourceEntry>> machine_sources(const files::Root& machine) {
    std::vector<SourceEntry> entries;
    const auto add = [&](std::vector<SourceEntry> found) {
        entries.insert(entries.end(), found.begin(), found.end());
    };
    INGOT_ASSIGN(const auto list, files::read_if_exists(machine.at("/etc/apt/sources.list")), "");
    if (list) { add(parse_one_line_sources(*list)); }
    const auto folder = machine.at("/etc/apt/sources.list.d");
    auto names = files::list(folder);
    if (!names) { return entries; }
    for (const auto& name : *names) {
        const bool one_line = name.ends_with(".list");
        if (!one_line && !name.ends_with(".sources")) { continue; }
        INGOT_ASSIGN(const auto text, files::read(folder / name), "reading " + (folder / name).string());
        add(one_line ? parse_one_line_sources(text) : parse_deb822_sources(text));
    }
    return entries;
}

Apt::Apt(process::Processes& processes, Settings settings)
    : processes_(&processes), settings_(std::move(settings)), configuration_(settings_.folder / "apt.conf") {}

Result<Apt> Apt::open(process::Processes& processes, Settings settings) {
    Apt apt(processes, std::move(settings));
    const auto& folder = apt.settings_.folder;
    for (const auto* name : {"none", "sources", "state/lists/partial", "cache/archives/partial", "solved"}) {
        INGOT_TRY(files::make_directory(folder / name), "preparing apt's folder");
    }
    INGOT_ASSIGN(const auto dump, process::run_checked(processes, {.argv = {"apt-config", "dump"}}),
                 "asking apt for its configuration (is the package 'apt' installed?)");
    const auto text = configuration_text(folder, apt.settings_.architecture, acquire_settings(dump.out));
    INGOT_TRY(files::write_if_different(apt.configuration_, text), "");
    INGOT_TRY(files::write_if_different(folder / "status", ""), "");
    INGOT_TRY(files::write_if_different(folder / "sources/ingot.sources", render_sources(apt.settings_.sources)), "");
    return apt;
}

process::Command Apt::command(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "apt-get");
    return {.argv = std::move(arguments), .environment = apt_environment(configuration_), .timeout = kNetworkTimeout};
}

std::optional<std::chrono::seconds> Apt::index_age() const {
    std::error_code problem;
    const auto written = std::filesystem::last_write_time(settings_.folder / kStamp, problem);
    if (problem) { return std::nullopt; }
    const auto age = std::filesystem::file_time_type::clock::now() - written;
    return std::chrono::duration_cast<std::chrono::seconds>(age);
}

Result<bool> Apt::refresh(std::chrono::seconds maximum_age) {
    const auto age = index_age();
    if (age && *age >= std::chrono::seconds(0) && *age < maximum_age) { return false; }
    INGOT_ASSIGN(const auto output, processes_->run(command({"-q", "update"})), "running apt-get update");
    if (output.exit_code != 0) { return explain_failure("fetching the package indexes", said_by(output)); }
    INGOT_TRY(files::write(settings_.folder / kStamp, ""), "");
    return true;
}

Result<std::string> Apt::index_digest() const {
    const auto lists = settings_.folder / "state/lists";
    INGOT_ASSIGN(const auto names, files::list(lists), "");
    crypto::Sha256 digest;
    for (const auto& name : names) {
        if (!name.ends_with("_InRelease") && !name.ends_with("_Release")) { continue; }
        INGOT_ASSIGN(const auto text, files::read(lists / name), "");
        digest.update(name + "\n" + text);
    }
    return digest.finish_hex();
}

Result<std::string> Apt::solve(const Request& request) {
    std::vector<std::string> arguments = {"-qq", "-y", "--print-uris"};
    if (!request.hold.empty()) {
        const auto preferences = settings_.folder / "hold";
        INGOT_TRY(files::write(preferences, render_hold(request.hold)), "");
        arguments.emplace_back("-o");
        arguments.push_back("Dir::Etc::preferences=" + preferences.string());
    }
    arguments.emplace_back("install");
    if (request.essential) { arguments.emplace_back("?essential"); }
    for (const auto& package : request.base) { arguments.push_back(package.name + "=" + package.version); }
    arguments.insert(arguments.end(), request.names.begin(), request.names.end());
    if (request.local_deb) { arguments.push_back(std::filesystem::absolute(*request.local_deb).string()); }
    INGOT_ASSIGN(const auto output, processes_->run(command(std::move(arguments))), "running apt-get");
    if (output.exit_code != 0) { return explain_failure("resolving the packages", said_by(output)); }
    return output.out;
}

Result<PackageSet> Apt::resolve(const Request& request) {
    INGOT_ASSIGN(const auto indexes, index_digest(), "reading the package indexes");
    std::string key =
        text::format("{}\n{}\n{}\n{}\n", kSolveRecipe, indexes, request.essential, text::join(request.names, " "));
    for (const auto& package : request.base) { key += package.sha256 + "\n"; }
    if (!request.hold.empty()) { key += render_hold(request.hold); }
    if (request.local_deb) {
        INGOT_ASSIGN(const auto control,
                     process::run_checked(*processes_,
                                          {.argv = {"dpkg-deb", "--field", request.local_deb->string(), "Package",
                                                    "Depends", "Pre-Depends", "Conflicts", "Breaks", "Provides"}}),
                     "reading " + request.local_deb->string());
        key += control.out;
    }
    const auto remembered = settings_.folder / "solved" / (crypto::sha256_hex(key) + ".json");
    if (auto text = files::read(remembered)) {
        if (auto value = json::parse(*text)) {
            if (auto set = from_json(*value)) { return set; }
        }
    }
    INGOT_ASSIGN(const auto printed, solve(request), "");
    INGOT_ASSIGN(auto set, parse_uris(printed, {request.local_name}), "");
    INGOT_TRY(files::write(remembered, json::to_text(to_json(set))), "");
    return set;
}

Status Apt::fetch(const PackageSet& set, const Store& store, const std::function<void(std::size_t)>& on_package) {
    if (store.missing(set).empty()) { return {}; }
    INGOT_TRY(store.take_over(set), "");
    const auto missing = store.missing(set);
    if (missing.empty()) { return {}; }
    std::vector<std::string> arguments = {"-q", "download"};
    for (const auto& package : missing) { arguments.push_back(package.name + "=" + package.version); }
    auto download = command(std::move(arguments));
    download.directory = store.incoming();
    std::size_t count = 0;
    download.on_line = [&](std::string_view line) {
        if (line.starts_with("Get:")) { on_package(++count); }
    };
    INGOT_ASSIGN(const auto output, processes_->run(download), "running apt-get download");
    INGOT_TRY(store.take_over(set), "keeping what was downloaded");
    const auto left = store.missing(set);
    if (left.empty()) { return {}; }
    if (output.exit_code != 0) { return explain_failure("downloading packages", said_by(output)); }
    return fail(ErrorKind::transient,
                text::format("{} did not arrive as the signed index describes it", left.front().file_name()));
}

} // namespace ingot::builder::packages
