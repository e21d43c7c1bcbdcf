#include "firstboot/system/confine.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <thread>

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace ingot::firstboot {
namespace {

// Calls that anybody may make, so that what is refused is refused by the filter and not for want of rights.
bool may_unshare() { return ::unshare(CLONE_FS) == 0; }
bool may_ask_personality() { return ::personality(0xffffffff) != -1; }

/// Each runs in a process of its own: what was given up does not come back.
int after_confining() {
    std::atomic<int> turn = 0;
    std::atomic<bool> refused_there = false;
    // A thread that is there before, as those that listen are.
    std::thread early([&] {
        if (!may_unshare()) { return; }
        turn = 1;
        while (turn != 2) { std::this_thread::yield(); }
        refused_there = !may_unshare() && errno == EPERM && ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
    });
    while (turn != 1) { std::this_thread::yield(); }
    if (!may_ask_personality()) { return 1; }
    if (!confine()) { return 2; }
    turn = 2;
    early.join();
    if (!refused_there) { return 3; }
    if (may_unshare() || errno != EPERM) { return 4; }
    if (may_ask_personality() || errno != EPERM) { return 5; }
    // What it starts is held as well, and runs.
    if (std::system("true") != 0) { return 6; } // NOLINT(cert-env33-c,concurrency-mt-unsafe)
    if (std::system("unshare --user true 2>/dev/null") == 0) {
        return 7;
    } // NOLINT(cert-env33-c,concurrency-mt-unsafe)
    // A second time is no fault: each run of the duties could call it.
    return confine() ? 0 : 8;
}

TEST(Confine, HoldsForEveryThreadAndForWhatIsStarted) {
    ::testing::FLAGS_gtest_death_test_style = "threadsafe";
    EXPECT_EXIT(::_exit(after_confining()), testing::ExitedWithCode(0), "");
}

} // namespace
} // namespace ingot::firstboot
