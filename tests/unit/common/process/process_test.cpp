// With real children: what is tested here is the kernel's behaviour as much as ours.
#include "common/process/process.hpp"
#include "common/process/streamed.hpp"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <string>
#include <vector>

#include <csignal>
#include <fcntl.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::process {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::chrono_literals;

Result<Output> run(Command command) {
    PosixProcesses processes;
    return processes.run(command);
}

Command shell(std::string script) { return {.argv = {"sh", "-c", std::move(script)}}; }

/// A dead child that nobody has reaped yet does not count.
bool is_running(const std::string& pid) {
    std::ifstream stat("/proc/" + pid + "/stat");
    std::string number;
    std::string name;
    std::string state;
    return (stat >> number >> name >> state) && state != "Z";
}

TEST(Children, GiveBothOutputsAndTheirExitCode) {
    const auto output = run(shell("echo out; echo err >&2; exit 7"));
    ASSERT_TRUE(output.has_value()) << output.error().to_string();
    EXPECT_EQ(output->out, "out\n");
    EXPECT_EQ(output->err, "err\n");
    EXPECT_EQ(output->exit_code, 7);
    EXPECT_EQ(run(shell("kill -TERM $$"))->exit_code, 128 + SIGTERM);
}

TEST(Children, GetTheirArgumentsUntouched) {
    const auto output = run({.argv = {"printf", "%s\\n", "a b", "$HOME", "'", ""}});
    EXPECT_EQ(output->out, "a b\n$HOME\n'\n\n");
}

TEST(Children, GetACleanEnvironment) {
    ASSERT_EQ(::setenv("INGOT_LEAK", "secret", 1), 0);
    const auto output = run({.argv = {"env"}, .environment = {{"MINE", "1"}}});
    EXPECT_THAT(output->out, HasSubstr("MINE=1\n"));
    EXPECT_THAT(output->out, HasSubstr("LC_ALL=C.UTF-8\n"));
    EXPECT_THAT(output->out, testing::Not(HasSubstr("INGOT_LEAK")));
}

/// Descriptors that whoever started this test left open for everybody.
int inherited_descriptors() {
    int count = 0;
    for (int fd = 3; fd < 1024; ++fd) {
        const int flags = ::fcntl(fd, F_GETFD); // NOLINT(cppcoreguidelines-pro-type-vararg)
        if (flags >= 0 && (flags & FD_CLOEXEC) == 0) { ++count; }
    }
    return count;
}

TEST(Children, GetNoDescriptorsOfOurs) {
    const auto output = run({.argv = {"ls", "/proc/self/fd"}});
    // 0, 1, 2 and the folder itself
    EXPECT_EQ(std::ranges::count(output->out, '\n'), 4 + inherited_descriptors()) << output->out;
}

TEST(Children, ReadTheirInput) {
    EXPECT_EQ(run({.argv = {"cat"}, .input = "secret"})->out, "secret");
    EXPECT_EQ(run({.argv = {"cat"}})->out, "");
    const std::string big(std::size_t{3} << 20U, 'x');
    EXPECT_EQ(run({.argv = {"cat"}, .input = big})->out, big);
    // A child that does not read it is no error. (Both programs ignore SIGPIPE from their first line on.)
    ASSERT_NE(std::signal(SIGPIPE, SIG_IGN), SIG_ERR);
    EXPECT_EQ(run({.argv = {"true"}, .input = big})->exit_code, 0);
}

TEST(Children, AreFedAsTheyTakeIt) {
    constexpr int kPieces = 40;
    int pieces = 0;
    StreamedCommand command{{.argv = {"cat"}, .input = "first"}};
    command.feed = [&]() -> std::optional<std::string> {
        if (++pieces > kPieces) { return std::nullopt; }
        return std::string(100'000, 'x');
    };
    const auto output = run_streamed(command);
    ASSERT_TRUE(output);
    EXPECT_EQ(output->out.size(), 5U + kPieces * 100'000);
    StreamedCommand enough{{.argv = {"head", "-c", "3"}}};
    enough.feed = [] { return std::optional<std::string>("more"); };
    EXPECT_EQ(run_streamed(enough)->out, "mor");
}

TEST(Children, EndWhenTheyAreCancelled) {
    const auto began = std::chrono::steady_clock::now();
    StreamedCommand command{{.argv = {"sleep", "100"}}};
    command.cancelled = [] { return true; };
    const auto output = run_streamed(command);
    ASSERT_FALSE(output);
    EXPECT_EQ(output.error().kind, ErrorKind::refused);
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(60));
}

TEST(Children, RunWhereTheyAreTold) {
    EXPECT_EQ(run({.argv = {"pwd"}, .directory = "/usr"})->out, "/usr\n");
    EXPECT_EQ(run({.argv = {"pwd"}, .directory = "/nowhere"}).error().kind, ErrorKind::not_found);
}

TEST(Children, ThatCannotBeStartedSayWhy) {
    const auto missing = run({.argv = {"ingot-no-such-program"}});
    ASSERT_FALSE(missing.has_value());
    EXPECT_EQ(missing.error().kind, ErrorKind::not_found);
    EXPECT_THAT(missing.error().message, HasSubstr("there is no program ingot-no-such-program"));
    EXPECT_FALSE(run({.argv = {"/etc/hostname"}}).has_value());
    EXPECT_EQ(run({.argv = {}}).error().kind, ErrorKind::bug);
}

TEST(Children, ThatTakeTooLongAreEndedWithTheirWholeGroup) {
    const auto start = std::chrono::steady_clock::now();
    auto command = shell("sleep 60 & echo $!; wait");
    command.timeout = 200ms;
    std::string sleeper;
    command.on_line = [&](std::string_view line) { sleeper = line; };
    const auto output = run(command);
    ASSERT_FALSE(output.has_value());
    EXPECT_EQ(output.error().kind, ErrorKind::transient);
    EXPECT_LT(std::chrono::steady_clock::now() - start, 10s);
    ASSERT_FALSE(sleeper.empty());
    // The grandchild was in the group; give the kernel a moment to deliver.
    for (int round = 0; round < 200 && is_running(sleeper); ++round) { ::usleep(10'000); }
    EXPECT_FALSE(is_running(sleeper));
}

TEST(Children, MayLeaveADaemonThatHoldsTheirOutput) {
    const auto start = std::chrono::steady_clock::now();
    const auto output = run(shell("setsid sleep 3 & echo done"));
    ASSERT_TRUE(output.has_value());
    EXPECT_EQ(output->out, "done\n");
    EXPECT_LT(std::chrono::steady_clock::now() - start, 2s);
}

TEST(Children, ThatTalkTooMuchAreCutShort) {
    auto command = shell("head -c 100000 /dev/zero | tr '\\0' x; echo end >&2");
    command.output_limit = 1000;
    const auto output = run(command);
    EXPECT_EQ(output->out.size(), 1000U);
    EXPECT_EQ(output->err, "end\n");
}

TEST(Children, AreHeardLineByLine) {
    std::vector<std::string> lines;
    auto command = shell("echo a; echo b; printf c");
    command.on_line = [&](std::string_view line) { lines.emplace_back(line); };
    ASSERT_TRUE(run(command).has_value());
    EXPECT_THAT(lines, ElementsAre("a", "b", "c"));
}

TEST(CheckedChildren, FailWithTheTailOfWhatTheySaid) {
    PosixProcesses processes;
    const auto failed = run_checked(processes, shell("echo no disk >&2; exit 3"));
    ASSERT_FALSE(failed.has_value());
    EXPECT_EQ(failed.error().kind, ErrorKind::tool_failed);
    EXPECT_EQ(failed.error().message, "sh ended with exit code 3: no disk");
    EXPECT_TRUE(run_checked(processes, shell("true")).has_value());
}

TEST(Commands, CanBeShownAsTyped) { EXPECT_EQ((Command{.argv = {"a", "b c", "$d"}}).to_string(), "a 'b c' '$d'"); }

} // namespace
} // namespace ingot::process
