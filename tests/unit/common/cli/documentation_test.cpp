// What is written from a command line, tried in the shells themselves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/cli/program.hpp"
#include "common/files/files.hpp"
#include "common/process/process.hpp"
#include "common/text/text.hpp"

namespace {

using namespace ingot;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

cli::Command example() {
    cli::Command build{.name = "build", .help = "Build role images"};
    build.positionals.push_back(
        {.names = {"ROLE"}, .help = "Roles", .takes_value = true, .required = true, .repeats = true});
    build.options = {{.names = {"--help", "-h"}, .help = "Print help"},
                     {.names = {"--format", "-f"},
                      .help = "It's a format: raw",
                      .takes_value = true,
                      .standard = "raw",
                      .choices = {"raw", "qcow2", "netboot"}},
                     {.names = {"--output"}, .help = ".dots and 'quotes' and \\ and `ticks`", .takes_value = true}};
    cli::Command hetzner{.name = "hetzner", .help = "Make snapshots"};
    hetzner.options = {{.names = {"--location"}, .help = "Where", .takes_value = true},
                       {.names = {"--json"}, .help = "Print JSON"}};
    cli::Command upload{.name = "upload", .help = "Publish images", .commands = {hetzner}};
    cli::Command shell{.name = "completion", .help = "Print a script"};
    shell.positionals.push_back(
        {.names = {"SHELL"}, .help = "A shell", .takes_value = true, .required = true, .choices = {"bash", "zsh"}});
    return {.name = "in-got",
            .help = "Example.",
            .options = {{.names = {"--help"}, .help = "Print help"}},
            .commands = {build, upload, shell}};
}

std::vector<std::string> run(const std::vector<std::string>& argv) {
    process::PosixProcesses processes;
    const auto output = processes.run({.argv = argv});
    EXPECT_TRUE(output) << output.error().to_string();
    if (!output) { return {}; }
    EXPECT_EQ(output->exit_code, 0) << output->err;
    EXPECT_EQ(output->err, "");
    return text::lines(output->out);
}

/// What bash offers at the end of these words.
std::vector<std::string> in_bash(const std::vector<std::string>& words) {
    const auto folder = *files::TempDir::create();
    EXPECT_TRUE(files::write(folder.path() / "script", cli::render_bash(example())));
    EXPECT_TRUE(files::write(folder.path() / "file-here", ""));
    std::vector<std::string> argv = {
        "bash", "-c",
        "cd \"$1\"; source ./script; rm script; shift; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); "
        "_in_got; printf '%s\\n' \"${COMPREPLY[@]}\"",
        "bash", folder.path().string()};
    argv.insert(argv.end(), words.begin(), words.end());
    return run(argv);
}

TEST(BashCompletion, OffersCommandsOptionsAndValues) {
    EXPECT_THAT(in_bash({"in-got", ""}), ElementsAre("build", "upload", "completion", "--help"));
    EXPECT_THAT(in_bash({"in-got", "up"}), ElementsAre("upload"));
    EXPECT_THAT(in_bash({"in-got", "upload", ""}), ElementsAre("hetzner"));
    EXPECT_THAT(in_bash({"in-got", "upload", "hetzner", "--"}), ElementsAre("--location", "--json"));
    EXPECT_THAT(in_bash({"in-got", "build", "db", "--format", ""}), ElementsAre("raw", "qcow2", "netboot"));
    EXPECT_THAT(in_bash({"in-got", "build", "-f", "q"}), ElementsAre("qcow2"));
    EXPECT_THAT(in_bash({"in-got", "completion", ""}), ElementsAre("bash", "zsh"));
}

TEST(BashCompletion, TakesValuesOfOptionsForNothingElse) {
    EXPECT_THAT(in_bash({"in-got", "upload", "hetzner", "--location", "build", "--j"}), ElementsAre("--json"));
    EXPECT_THAT(in_bash({"in-got", "build", "--format", "=", "net"}), ElementsAre("netboot")) << "--format=net";
    EXPECT_THAT(in_bash({"in-got", "build", "--format", "=", "raw", "--o"}), ElementsAre("--output"));
    EXPECT_THAT(in_bash({"in-got", "build", "--output", ""}), ElementsAre("file-here"));
    EXPECT_THAT(in_bash({"in-got", "build", "file"}), ElementsAre("file-here"));
}

bool has(const std::string& program) {
    process::PosixProcesses processes;
    return processes.run({.argv = {program, "--version"}}).has_value();
}

TEST(ZshCompletion, IsReadByZshAndOffersTheSame) {
    if (!has("zsh")) { GTEST_SKIP() << "there is no zsh"; }
    const auto folder = *files::TempDir::create();
    ASSERT_TRUE(files::write(folder.path() / "_in-got", cli::render_zsh(example())));
    // Without a terminal there is no completion system: what the function would offer is caught where it hands it
    // over.
    const auto offered = run({"zsh", "-f", "-c",
                              "compdef() { : }; _describe() { print -l -- \"${(@P)3}\" }; _files() { print FILES }; "
                              "compadd() { print -l -- \"${(@P)2}\" }; source $1/_in-got; "
                              "words=(in-got build ''); CURRENT=3; _in_got; "
                              "words=(in-got build --format ''); CURRENT=4; _in_got",
                              "zsh", folder.path().string()});
    EXPECT_THAT(offered, testing::Contains("--format:It's a format: raw"));
    EXPECT_THAT(offered, testing::Contains("FILES"));
    EXPECT_THAT(offered, testing::IsSupersetOf({"raw", "qcow2", "netboot"}));
}

TEST(FishCompletion, OffersTheSame) {
    if (!has("fish")) { GTEST_SKIP() << "there is no fish"; }
    const auto folder = *files::TempDir::create();
    ASSERT_TRUE(files::write(folder.path() / "in-got.fish", cli::render_fish(example())));
    const auto offered = [&](const std::string& line) {
        auto lines =
            run({"fish", "--no-config", "-c",
                 text::format("cd {0}; source {0}/in-got.fish; complete -C '{1}'", folder.path().string(), line)});
        for (auto& entry : lines) { entry = entry.substr(0, entry.find('\t')); }
        return lines;
    };
    EXPECT_THAT(offered("in-got "), UnorderedElementsAre("build", "upload", "completion"));
    EXPECT_THAT(offered("in-got build --format "), UnorderedElementsAre("raw", "qcow2", "netboot"));
    EXPECT_THAT(offered("in-got upload hetzner --location build --"), UnorderedElementsAre("--location", "--json"));
}

TEST(Manual, NamesEveryCommandAndPassesTheLint) {
    const auto page = cli::render_manual(example(), {.section = 1,
                                                     .version = "0.1.0",
                                                     .date = "2026-11-28",
                                                     .title = "an example",
                                                     .environment = {{"NAME", "What it does"}},
                                                     .files = {{"/etc/file", "A file"}},
                                                     .exit_codes = {{"0", "Done"}},
                                                     .see_also = "other(1)"});
    EXPECT_THAT(page, HasSubstr(".SS \"in\\-got upload hetzner\""));
    EXPECT_THAT(page, HasSubstr("\\&.dots and \\(aqquotes\\(aq and \\e and \\(gaticks\\(ga."));
    EXPECT_THAT(page, testing::Not(HasSubstr("\n.dots")));
    if (!has("mandoc") && !files::exists("/usr/bin/mandoc")) { GTEST_SKIP() << "there is no mandoc"; }
    const auto folder = *files::TempDir::create();
    ASSERT_TRUE(files::write(folder.path() / "page.1", page));
    run({"mandoc", "-T", "lint", "-W", "warning", (folder.path() / "page.1").string()});
}

} // namespace
