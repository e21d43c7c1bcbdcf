// ingot check: every fault of every file, one per line, on standard output.
#include "builder/cli/commands.hpp"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "builder/spec/spec.hpp"
#include "cloud-init/cluster/check.hpp"
#include "common/files/files.hpp"

namespace ingot::builder::cli {

namespace {

constexpr int kBadInput = 2;

/// Prints what is wrong with one file; true if nothing is.
bool check_file(const std::string& path) {
    const auto content = files::read(path);
    if (!content) {
        std::printf("%s\n", content.error().to_string().c_str());
        return false;
    }
    auto report = cloud_init::check_text(*content, path);
    if (report.kind == cloud_init::FileKind::role_spec) {
        Faults faults;
        spec::parse(*content, path, std::filesystem::path(path).stem().string(), faults);
        report.faults = faults.lines();
    }
    for (const auto& warning : report.warnings) { std::printf("warning: %s\n", warning.c_str()); }
    for (const auto& fault : report.faults) { std::printf("%s\n", fault.c_str()); }
    if (report.faults.empty()) { std::printf("%s: ok\n", path.c_str()); }
    return report.faults.empty();
}

} // namespace

void add_check(CLI::App& app, Action& action) {
    auto paths = std::make_shared<std::vector<std::string>>();
    auto* command = app.add_subcommand("check", "Check user-data, cluster.yaml, secrets.yaml and role specs");
    command->add_option("FILE", *paths, "Files to check")->required();
    command->callback([paths, &action] {
        action = [paths]() -> Result<int> {
            bool good = true;
            for (const auto& path : *paths) { good = check_file(path) && good; }
            return good ? 0 : kBadInput;
        };
    });
}

} // namespace ingot::builder::cli
