// The power is cut behind every durable point of a boot, in turn; each time the next boot finishes the work, and what
// must happen once has happened once.
#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include "common/clock/clock.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"
#include "firstboot/journal/fail_at.hpp"
#include "firstboot/journal/journal.hpp"
#include "firstboot/steps/engine.hpp"

namespace ingot::firstboot {
namespace {

class Quiet final : public StepObserver {
  public:
    void started(const Step& /*step*/) override {}
    void waiting(const Step& /*step*/, const Error& /*reason*/) override {}
    void done(const Step& /*step*/) override {}
    void failed(const Step& /*step*/, const Error& /*reason*/) override {}
};

/// Steps whose effects leave a line each. One kind asks the world whether there is anything to do, as all steps with
/// effects that must not be repeated have to; the other may run twice and says the same.
std::vector<Step> boot(const std::filesystem::path& folder) {
    std::vector<Step> steps;
    for (int number = 0; number < 4; ++number) {
        const auto effect = folder / text::format("effect-{}", number);
        steps.push_back({.name = text::format("once-{}", number),
                         .description = "an effect",
                         .frequency = Frequency::per_instance,
                         .check = [effect]() -> Result<bool> { return files::exists(effect); },
                         .apply = [effect]() -> Status {
                             std::ofstream(effect, std::ios::app) << "done\n";
                             return {};
                         }});
        steps.push_back({.name = text::format("always-{}", number),
                         .description = "checked at each boot",
                         .apply = []() -> Status { return {}; }});
    }
    return steps;
}

/// One boot in a process of its own; true if it came to its end.
bool run_boot(const std::filesystem::path& folder, int fail_at, bool each = false) {
    const pid_t child = ::fork();
    if (child == 0) {
        if (each) {
            ::setenv("INGOT_FAIL_AT", ("each:" + (folder / "points").string()).c_str(), 1);
        } else if (fail_at > 0) {
            ::setenv("INGOT_FAIL_AT", std::to_string(fail_at).c_str(), 1);
        } else {
            ::unsetenv("INGOT_FAIL_AT");
        }
        install_fail_at();
        clock::SystemClock clock;
        Quiet observer;
        auto journal = Journal::open(folder / "journal.json", "i-1", clock);
        if (!journal) { ::_exit(2); }
        const auto steps = boot(folder);
        const Engine engine{.clock = clock,
                            .observer = observer,
                            .pause = [](std::chrono::milliseconds) { return true; },
                            .journal = &*journal};
        ::_exit(run_steps(engine, steps) == Outcome::done ? 0 : 3);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE((WIFEXITED(status) && WEXITSTATUS(status) == 0) ||
                (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
    return WIFEXITED(status);
}

TEST(KillSweep, EveryEffectHappensOnceWhereverThePowerIsCut) {
    int points = 0;
    for (int point = 1;; ++point) {
        const auto folder = files::TempDir::create().value();
        const bool finished = run_boot(folder.path(), point);
        ASSERT_TRUE(run_boot(folder.path(), 0)) << "after a cut at point " << point;
        for (int number = 0; number < 4; ++number) {
            EXPECT_EQ(files::read(folder.path() / text::format("effect-{}", number)).value(), "done\n")
                << "effect " << number << " after a cut at point " << point;
        }
        if (finished) { break; } // there was no such point: the sweep is complete
        points = point;
    }
    EXPECT_EQ(points, 12); // begin and end of 4 steps once, end of 4 steps of every boot
}

TEST(KillSweep, ABootThatIsCutAtEachPointOnceGetsThroughThemAll) {
    const auto folder = files::TempDir::create().value();
    int boots = 1;
    while (!run_boot(folder.path(), 0, true)) { ASSERT_LT(++boots, 50); }
    EXPECT_EQ(boots, 11); // one file is cut at ten times at most; and the boot that comes to its end
    EXPECT_EQ(text::lines(files::read(folder.path() / "points").value()).size(), 10U);
    for (int number = 0; number < 4; ++number) {
        EXPECT_EQ(files::read(folder.path() / text::format("effect-{}", number)).value(), "done\n");
    }
}

TEST(KillSweep, ABootThatIsCutAtItsFirstRecordEveryTimeStillEnds) {
    const auto folder = files::TempDir::create().value();
    int boots = 1;
    while (!run_boot(folder.path(), 1)) { ASSERT_LT(++boots, 50); }
    for (int number = 0; number < 4; ++number) {
        EXPECT_EQ(files::read(folder.path() / text::format("effect-{}", number)).value(), "done\n");
    }
}

} // namespace
} // namespace ingot::firstboot
