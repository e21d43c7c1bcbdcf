#include "firstboot/steps/engine.hpp"

#include <gtest/gtest.h>

#include "common/files/files.hpp"

namespace ingot::firstboot {
namespace {

using namespace std::chrono_literals;

class Recorder final : public StepObserver {
  public:
    std::vector<std::string> events{};
    void started(const Step& step) override { events.push_back("started " + step.name); }
    void waiting(const Step& step, const Error& reason) override {
        events.push_back("waiting " + step.name + ": " + reason.message);
    }
    void done(const Step& step) override { events.push_back("done " + step.name); }
    void failed(const Step& step, const Error& reason) override {
        events.push_back("failed " + step.name + ": " + reason.message);
    }
};

class EngineTest : public testing::Test {
  protected:
    Engine engine(Journal* journal = nullptr) {
        return {.clock = clock_,
                .observer = recorder_,
                .pause =
                    [this](std::chrono::milliseconds duration) {
                        clock_.advance(duration);
                        return !stop_;
                    },
                .journal = journal};
    }
    Journal open_journal(const std::string& instance = "i-1") {
        return Journal::open(folder_.path() / "journal.json", instance, clock_).value();
    }

    files::TempDir folder_ = files::TempDir::create().value();
    clock::FakeClock clock_{};
    Recorder recorder_{};
    bool stop_ = false;
};

Step counted(std::string name, int& count, Frequency frequency = Frequency::every_boot) {
    return {.name = std::move(name), .description = "", .frequency = frequency, .apply = [&count]() -> Status {
                ++count;
                return {};
            }};
}

TEST_F(EngineTest, RunsStepsInTheirOrder) {
    int count = 0;
    EXPECT_EQ(run_steps(engine(), std::vector{counted("a", count), counted("b", count)}), Outcome::done);
    EXPECT_EQ(recorder_.events, (std::vector<std::string>{"started a", "done a", "started b", "done b"}));
}

TEST_F(EngineTest, DoesNotApplyWhatTheCheckFindsDone) {
    int count = 0;
    auto step = counted("a", count);
    step.check = []() -> Result<bool> { return true; };
    EXPECT_EQ(run_steps(engine(), std::vector{step}), Outcome::done);
    EXPECT_EQ(count, 0);
}

TEST_F(EngineTest, TriesAgainWhatTimeMayHealAndWaitsLongerTheLongerItTakes) {
    int tries = 0;
    const auto start = clock_.monotonic();
    const Step step{.name = "a", .description = "", .apply = [&]() -> Status {
                        ++tries;
                        if (clock_.monotonic() - start < 10min) {
                            return fail(tries % 2 == 0 ? ErrorKind::transient : ErrorKind::tool_failed, "not yet");
                        }
                        return {};
                    }};
    EXPECT_EQ(run_steps(engine(), std::vector{step}), Outcome::done);
    EXPECT_GT(tries, 120); // at least every five seconds
    EXPECT_LT(tries, 240);
    EXPECT_EQ(recorder_.events[1], "waiting a: not yet");
    EXPECT_EQ(recorder_.events.back(), "done a");
}

TEST_F(EngineTest, TheBackoffGoesFromATenthOfASecondToFive) {
    EXPECT_EQ(backoff(0ms), 100ms);
    EXPECT_EQ(backoff(10s), 500ms);
    EXPECT_EQ(backoff(20s), 1s);
    EXPECT_EQ(backoff(1h), 5s);
}

TEST_F(EngineTest, StopsAtWhatTimeCannotHeal) {
    for (const auto kind : {ErrorKind::refused, ErrorKind::invalid_input, ErrorKind::bug}) {
        recorder_.events.clear();
        int count = 0;
        const Step bad{.name = "a", .description = "", .apply = [kind]() -> Status { return fail(kind, "never"); }};
        EXPECT_EQ(run_steps(engine(), std::vector{bad, counted("b", count)}), Outcome::failed);
        EXPECT_EQ(count, 0);
        EXPECT_EQ(recorder_.events, (std::vector<std::string>{"started a", "failed a: never"}));
    }
}

TEST_F(EngineTest, AFailingCheckCountsLikeAFailingApply) {
    int count = 0;
    auto step = counted("a", count);
    step.check = []() -> Result<bool> { return fail(ErrorKind::refused, "foreign"); };
    EXPECT_EQ(run_steps(engine(), std::vector{step}), Outcome::failed);
    EXPECT_EQ(count, 0);
}

TEST_F(EngineTest, EndsWhenAskedTo) {
    int count = 0;
    stop_ = true;
    EXPECT_EQ(run_steps(engine(), std::vector{counted("a", count)}), Outcome::stopped);
    EXPECT_EQ(count, 0);
}

TEST_F(EngineTest, RunsOncePerInstanceWhatIsToRunOnce) {
    int once = 0;
    int always = 0;
    const std::vector steps{counted("once", once, Frequency::per_instance), counted("always", always)};
    for (int boot = 0; boot < 3; ++boot) {
        auto journal = open_journal();
        EXPECT_EQ(run_steps(engine(&journal), steps), Outcome::done);
    }
    EXPECT_EQ(once, 1);
    EXPECT_EQ(always, 3);
    auto journal = open_journal("i-2");
    EXPECT_EQ(run_steps(engine(&journal), steps), Outcome::done);
    EXPECT_EQ(once, 2);
}

struct PowerCut {};

/// Where the power goes while the second of three steps runs.
enum class CutAt { before_effect, after_effect, in_next_step };

class PowerCuts : public EngineTest, public testing::WithParamInterface<CutAt> {};

TEST_P(PowerCuts, LeaveNothingUndoneAndNothingDoneTwice) {
    bool power = false; // goes at the first boot
    int first = 0;
    int second = 0; // the effect: what is on the disk
    int third = 0;
    const std::vector<Step> steps{
        counted("first", first, Frequency::per_instance),
        {.name = "second",
         .description = "",
         .frequency = Frequency::per_instance,
         .check = [&]() -> Result<bool> { return second > 0; },
         .apply = [&]() -> Status {
             if (!power && GetParam() == CutAt::before_effect) { throw PowerCut(); }
             ++second;
             if (!power && GetParam() == CutAt::after_effect) { throw PowerCut(); }
             return {};
         }},
        {.name = "third", .description = "", .frequency = Frequency::per_instance, .apply = [&]() -> Status {
             if (!power && GetParam() == CutAt::in_next_step) { throw PowerCut(); }
             ++third;
             return {};
         }}};
    {
        auto journal = open_journal();
        EXPECT_THROW(run_steps(engine(&journal), steps), PowerCut);
    }
    power = true;
    auto journal = open_journal();
    EXPECT_EQ(journal.is_done("second"), GetParam() == CutAt::in_next_step);
    EXPECT_EQ(run_steps(engine(&journal), steps), Outcome::done);
    EXPECT_EQ(first, 1);
    EXPECT_EQ(second, 1);
    EXPECT_EQ(third, 1);
}

INSTANTIATE_TEST_SUITE_P(Table, PowerCuts,
                         testing::Values(CutAt::before_effect, CutAt::after_effect, CutAt::in_next_step));

} // namespace
} // namespace ingot::firstboot
