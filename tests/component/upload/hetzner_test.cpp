// Uploads with something going wrong at every call of the API and at every command on the rescue system. Whatever it
// is, in the end there is a snapshot of a disk that was read back, or nothing is left and the reason was given.
#include <atomic>
#include <functional>
#include <memory>
#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "builder/publish/hetzner/leftovers.hpp"
#include "builder/publish/hetzner/snapshots.hpp"
#include "builder/publish/hetzner/upload.hpp"
#include "builder/publish/image.hpp"
#include "common/clock/clock.hpp"
#include "common/text/text.hpp"
#include "tests/component/upload/fake_hetzner.hpp"
#include "tests/component/upload/fixture.hpp"
#include "tests/component/upload/notes.hpp"
#include "tests/component/upload/rescue.hpp"

namespace ingot::tests {
namespace {

using namespace std::chrono_literals;
namespace publish = builder::publish;
namespace hetzner = builder::publish::hetzner;
using testing::HasSubstr;
using testing::IsEmpty;

/// In a hurry: what takes a real provider seconds takes the fake milliseconds.
const hetzner::Pace kPace{.request = 400ms,
                          .backoff = 5ms,
                          .backoff_most = 40ms,
                          .call = 20s,
                          .poll = 8ms,
                          .poll_most = 30ms,
                          .action = 20s,
                          .snapshot = 20s,
                          .stock = 10ms,
                          .ssh = 30s,
                          .ssh_retry = 30ms,
                          .power_off = 10s};

/// One server at a time: a disk, and the rescue system's programs.
struct Lane {
    explicit Lane(const std::filesystem::path& where) : folder(where) { disk.scribble(); }
    std::filesystem::path folder;
    Disk disk{folder, kDiskSize};
    RescueTools tools{folder, disk};
};

struct World {
    files::TempDir folder = *files::TempDir::create("ingot-upload-test-");
    ImageFixture fixture = make_image(folder.path(), "db");
    publish::Image image = *publish::open_image(fixture.folder, std::nullopt);
    std::vector<std::unique_ptr<Lane>> lanes; ///< at least one

    World() {
        // An upload waits more than it works: so many keep two processors busy.
        constexpr int kLanes = 6;
        for (int number = 0; number < kLanes; ++number) {
            const auto place = folder.path() / text::format("lane-{}", number);
            std::filesystem::create_directories(place);
            lanes.push_back(std::make_unique<Lane>(place));
        }
    }
};

/// Made once: loop devices are dear.
World& world() {
    static World world;
    return world;
}

using Case = std::function<void(Lane&)>;

/// All cases, several at a time, each with a lane to itself; none is begun after one has failed.
void run_cases(const std::vector<Case>& cases) {
    std::atomic<std::size_t> next = 0;
    std::vector<std::jthread> workers;
    for (const auto& lane : world().lanes) {
        workers.emplace_back([&next, &cases, &lane = *lane] {
            while (!testing::Test::HasFailure()) {
                const auto index = next.fetch_add(1);
                if (index >= cases.size()) { return; }
                lane.tools.reset();
                cases[index](lane);
            }
        });
    }
    workers.clear(); // waits
    std::printf("%zu cases\n", cases.size());
}

class Upload : public testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) { GTEST_SKIP() << "needs root for a block device"; }
        for (const auto& lane : world().lanes) {
            ASSERT_TRUE(lane->disk.ready()) << "losetup gives no loop device";
            lane->tools.reset();
        }
    }
    /// Of a test that needs only one.
    static Lane& lane() { return *world().lanes.front(); }

    static hetzner::UploadOptions options(const Lane& lane = Upload::lane()) {
        hetzner::UploadOptions options;
        options.device = lane.disk.device();
        options.streams = 2;
        return options;
    }

    /// An upload to `fake`, whose servers are `processes`' shells.
    static Result<publish::Published> upload(FakeHetzner& fake, const process::StreamedRunner& runner,
                                             const hetzner::UploadOptions& options, Notes& notes,
                                             const hetzner::Pace& pace = kPace) {
        const hetzner::Account account{.endpoint = fake.endpoint(), .token = crypto::Secret(FakeHetzner::kToken)};
        clock::SystemClock clock;
        hetzner::Hetzner provider(account, options, pace, runner, clock);
        const publish::Stop stop;
        return provider.publish(world().image, notes, stop);
    }

    /// The promise.
    static void expect_promise_kept(const Result<publish::Published>& result, const FakeHetzner& fake,
                                    const Notes& notes) {
        EXPECT_EQ(fake.servers(), 0U) << notes.text;
        EXPECT_EQ(fake.keys(), 0U) << notes.text;
        EXPECT_THAT(fake.faults(), IsEmpty()) << notes.text;
        if (result) {
            ASSERT_EQ(fake.snapshots().size(), 1U) << notes.text;
            EXPECT_EQ(fake.snapshots().front()["status"], "available");
            EXPECT_EQ(fake.digest_of_snapshot(), world().fixture.raw_digest);
            EXPECT_THAT(result->left_behind, IsEmpty());
        } else {
            EXPECT_THAT(fake.snapshots(), IsEmpty()) << result.error().to_string();
            EXPECT_GT(result.error().message.size(), 10U);
        }
    }

    /// The operations of an upload without trouble, each as often as it comes there (waits at most three times).
    static std::vector<std::pair<std::string, int>> all_calls() {
        static std::vector<std::pair<std::string, int>> calls;
        if (!calls.empty()) { return calls; }
        LocalRescue rescue(lane().tools, lane().disk, kImageSize);
        FakeHetzner fake(rescue);
        Notes notes;
        hetzner::UploadOptions plain;
        plain.device = lane().disk.device();
        EXPECT_TRUE(upload(fake, rescue.runner(), plain, notes)) << notes.text;
        std::map<std::string, int> seen;
        constexpr int kMost = 3;
        for (const auto& operation : fake.operations()) {
            if (++seen[operation] <= kMost) { calls.emplace_back(operation, seen[operation]); }
        }
        return calls;
    }
};

TEST_F(Upload, GoesOverSshAndMakesASnapshotOfJustTheseBytes) {
    lane().disk.scribble();
    SshRescue rescue(lane().tools, lane().disk, kImageSize, lane().folder);
    FakeHetzner fake(rescue);
    Notes notes;
    auto wished = options();
    wished.ssh_port = rescue.port();
    wished.labels = {{"team", "dba"}};
    const auto result = upload(fake, process::run_streamed, wished, notes);
    ASSERT_TRUE(result) << result.error().to_string() << "\n" << notes.text;
    expect_promise_kept(result, fake, notes);
    const auto labels = fake.snapshots().front()["labels"];
    EXPECT_EQ(labels["ingot-role"], "db");
    EXPECT_EQ(labels["ingot-suite"], "trixie");
    EXPECT_EQ(labels["ingot-version"], "0.1.0");
    EXPECT_EQ(labels["ingot-manifest"], world().image.digest.substr(0, 40));
    EXPECT_EQ(labels["team"], "dba");
    EXPECT_THAT(fake.places_tried(), testing::ElementsAre("cx23@fsn1")) << "the smallest and cheapest that fits";

    const auto again = upload(fake, process::run_streamed, wished, notes);
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->was_there) << "the same image is not uploaded twice";
    EXPECT_EQ(fake.snapshots().size(), 1U);
}

TEST_F(Upload, ReachesAServerThatHasOnlyIPv6) {
    SshRescue rescue(lane().tools, lane().disk, kImageSize, lane().folder);
    rescue.use_ipv6();
    FakeHetzner fake(rescue);
    fake.use_ipv6_only_loopback();
    Notes notes;
    auto wished = options();
    wished.ssh_port = rescue.port();
    wished.ipv6_only = true;
    const auto result = upload(fake, process::run_streamed, wished, notes);
    ASSERT_TRUE(result) << result.error().to_string() << "\n" << notes.text;
    expect_promise_kept(result, fake, notes);
}

TEST_F(Upload, SurvivesOneFaultAtEveryCallOfTheApi) {
    const std::vector<Mischief> of_changes = {Mischief::refuse,      Mischief::lose_answer, Mischief::server_error,
                                              Mischief::bad_gateway, Mischief::garbage,     Mischief::locked,
                                              Mischief::conflict,    Mischief::sold_out,    Mischief::failing_action};
    const std::vector<Mischief> of_questions = {Mischief::refuse, Mischief::server_error, Mischief::garbage};
    std::vector<Case> cases;
    for (const auto& [operation, nth] : all_calls()) {
        for (const auto kind : operation.starts_with("GET") ? of_questions : of_changes) {
            cases.emplace_back([operation, nth, kind](Lane& lane) {
                SCOPED_TRACE(text::format("{} number {}, mischief {}", operation, nth, static_cast<int>(kind)));
                LocalRescue rescue(lane.tools, lane.disk, kImageSize);
                FakeHetzner fake(rescue);
                fake.disturb(operation, nth, kind);
                Notes notes;
                const auto result = upload(fake, rescue.runner(), options(lane), notes);
                EXPECT_TRUE(result) << result.error().to_string() << "\n" << notes.text;
                expect_promise_kept(result, fake, notes);
            });
        }
    }
    ASSERT_GE(cases.size(), 100U);
    run_cases(cases);
}

TEST_F(Upload, WaitsForAnswersThatNeverComeAndForTheRateLimit) {
    std::vector<Case> cases;
    for (const auto& [operation, kind] :
         std::vector<std::pair<std::string, Mischief>>{{"POST /servers", Mischief::hang},
                                                       {"POST /ssh_keys", Mischief::hang},
                                                       {"POST /servers/N/actions/create_image", Mischief::hang},
                                                       {"GET /actions/N", Mischief::rate_limited},
                                                       {"POST /servers", Mischief::rate_limited}}) {
        cases.emplace_back([operation, kind](Lane& lane) {
            SCOPED_TRACE(operation);
            LocalRescue rescue(lane.tools, lane.disk, kImageSize);
            FakeHetzner fake(rescue);
            fake.disturb(operation, 1, kind);
            Notes notes;
            const auto result = upload(fake, rescue.runner(), options(lane), notes);
            EXPECT_TRUE(result) << result.error().to_string();
            expect_promise_kept(result, fake, notes);
        });
    }
    run_cases(cases);
}

TEST_F(Upload, LeavesNothingBehindWhereverItIsRefused) {
    std::vector<Case> cases;
    for (const auto& [operation, nth] : all_calls()) {
        // What the clean-up itself asks is another matter: SaysWhatItCouldNotRemoveAndTheCleanUpFindsIt.
        if (operation.starts_with("DELETE") || nth > 1 || operation == "GET /servers" ||
            operation == "GET /ssh_keys") {
            continue;
        }
        cases.emplace_back([operation, nth](Lane& lane) {
            SCOPED_TRACE(operation);
            LocalRescue rescue(lane.tools, lane.disk, kImageSize);
            FakeHetzner fake(rescue);
            fake.disturb(operation, nth, Mischief::forbidden);
            Notes notes;
            const auto result = upload(fake, rescue.runner(), options(lane), notes);
            expect_promise_kept(result, fake, notes);
            if (!result) { EXPECT_THAT(result.error().to_string(), HasSubstr("forbidden")); }
        });
    }
    run_cases(cases);
}

TEST_F(Upload, SaysWhatItCouldNotRemoveAndTheCleanUpFindsIt) {
    auto impatient = kPace;
    impatient.call = 60ms;
    std::vector<Case> cases;
    for (const auto& [operation, nth] : all_calls()) {
        if (nth > 1) { continue; }
        cases.emplace_back([operation, nth, impatient](Lane& lane) {
            SCOPED_TRACE(operation);
            LocalRescue rescue(lane.tools, lane.disk, kImageSize);
            FakeHetzner fake(rescue);
            fake.break_down_at(operation, nth); // and from then on nobody answers
            Notes notes;
            const auto result = upload(fake, rescue.runner(), options(lane), notes, impatient);
            const auto said = result ? text::join(result->left_behind, "\n") : result.error().to_string();
            if (fake.servers() + fake.keys() > 0) { EXPECT_THAT(said, HasSubstr("--cleanup --run ")) << operation; }

            fake.repair();
            const hetzner::Account account{.endpoint = fake.endpoint(), .token = crypto::Secret(FakeHetzner::kToken)};
            clock::SystemClock clock;
            hetzner::RateLimit limit;
            const publish::Stop stop;
            hetzner::Api api(account, kPace, limit, clock, stop);
            const auto left = fake.servers() + fake.keys();
            const auto young = hetzner::clean_up(api, "", 60min);
            ASSERT_TRUE(young);
            EXPECT_EQ(young->spared.size(), left) << "another run may be at work";
            EXPECT_EQ(fake.servers() + fake.keys(), left);
            const auto all = hetzner::clean_up(api, "", 0min);
            ASSERT_TRUE(all);
            EXPECT_THAT(all->faults, IsEmpty());
            EXPECT_EQ(fake.servers() + fake.keys(), 0U);
        });
    }
    run_cases(cases);
}

TEST_F(Upload, SurvivesOrRefusesTroubleAtEveryCommandOverSsh) {
    int commands = 0;
    {
        SshRescue rescue(lane().tools, lane().disk, kImageSize, lane().folder);
        FakeHetzner fake(rescue);
        Notes notes;
        auto wished = options();
        wished.ssh_port = rescue.port();
        ASSERT_TRUE(upload(fake, process::run_streamed, wished, notes)) << notes.text;
        commands = lane().tools.commands();
    }
    ASSERT_GE(commands, 7) << "login, look, empty, write twice, flush, read back, off";
    std::vector<Case> cases;
    for (int nth = 1; nth <= commands; ++nth) {
        for (const auto trouble : {Trouble::fails, Trouble::dies, Trouble::breaks}) {
            cases.emplace_back([nth, commands, trouble](Lane& lane) {
                SCOPED_TRACE(text::format("command {} of {}, trouble {}", nth, commands, static_cast<int>(trouble)));
                lane.tools.trouble(nth, trouble);
                SshRescue rescue(lane.tools, lane.disk, kImageSize, lane.folder);
                FakeHetzner fake(rescue);
                Notes notes;
                auto wished = options(lane);
                wished.ssh_port = rescue.port();
                const auto result = upload(fake, process::run_streamed, wished, notes);
                expect_promise_kept(result, fake, notes);
                if (trouble != Trouble::fails) {
                    EXPECT_TRUE(result) << result.error().to_string() << "\n" << notes.text;
                }
                if (!result) { EXPECT_THAT(result.error().to_string(), HasSubstr("it says no")); }
            });
        }
    }
    run_cases(cases);
}

TEST_F(Upload, MakesNoSnapshotOfADiskThatHoldsSomethingElse) {
    LocalRescue rescue(lane().tools, lane().disk, kImageSize);
    auto wished = options();
    wished.streams = 1;
    constexpr int kReadBack = 6; // login, look, empty, write, flush, read back
    {
        lane().tools.trouble(kReadBack, Trouble::damages_data);
        FakeHetzner fake(rescue);
        Notes notes;
        const auto result = upload(fake, rescue.runner(), wished, notes);
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().kind, ErrorKind::refused);
        EXPECT_THAT(result.error().to_string(), HasSubstr("does not hold what was written"));
        expect_promise_kept(result, fake, notes);
    }
    // What is no hole where it was discarded is written as zeros, and read back once more.
    lane().tools.reset();
    lane().tools.trouble(kReadBack, Trouble::damages_hole);
    FakeHetzner fake(rescue);
    Notes notes;
    const auto result = upload(fake, rescue.runner(), wished, notes);
    EXPECT_TRUE(result) << result.error().to_string();
    EXPECT_THAT(notes.text, HasSubstr("writing zeros"));
    expect_promise_kept(result, fake, notes);
}

TEST_F(Upload, TriesOtherPlacesWhenSoldOutAndGivesUpInTheEnd) {
    LocalRescue rescue(lane().tools, lane().disk, kImageSize);
    {
        FakeHetzner fake(rescue);
        fake.sell_out({"fsn1", "nbg1"});
        Notes notes;
        const auto result = upload(fake, rescue.runner(), options(), notes);
        expect_promise_kept(result, fake, notes);
        EXPECT_TRUE(result);
        EXPECT_EQ(fake.places_tried().back(), "cx23@hel1");
        EXPECT_THAT(notes.text, HasSubstr("not to be had in fsn1"));
    }
    FakeHetzner fake(rescue);
    fake.sell_out({});
    Notes notes;
    auto wished = options();
    wished.wishes.locations = {"nbg1"};
    const auto result = upload(fake, rescue.runner(), wished, notes);
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error().to_string(), HasSubstr("no server is to be had now"));
    EXPECT_EQ(std::ranges::count(fake.places_tried(), "cx23@fsn1"), 0);
    EXPECT_LE(fake.places_tried().size(), 9U) << "not for ever";
    expect_promise_kept(result, fake, notes);
}

TEST_F(Upload, DeletesOlderSnapshotsOnlyIfTheyAreOursAndNotProtected) {
    LocalRescue rescue(lane().tools, lane().disk, kImageSize);
    FakeHetzner fake(rescue);
    fake.add_snapshot("db", 1);
    fake.add_snapshot("db", 2);
    fake.add_snapshot("db", 3, true);
    fake.add_snapshot("db", 4, false, false);
    fake.add_snapshot("etcd", 5);
    fake.add_snapshot("db", 6);
    Notes notes;
    auto wished = options();
    wished.keep = 2;
    const auto result = upload(fake, rescue.runner(), wished, notes);
    ASSERT_TRUE(result) << result.error().to_string();
    EXPECT_THAT(result->text, HasSubstr("2 older deleted"));
    std::set<std::string> left;
    for (const auto& snapshot : fake.snapshots()) { left.insert(snapshot["description"].get<std::string>()); }
    EXPECT_THAT(left, testing::ElementsAre("db of 1 days ago", "db of 3 days ago", "db of 4 days ago",
                                           "etcd of 5 days ago", HasSubstr("ingot db trixie")));
    EXPECT_THAT(fake.faults(), IsEmpty());
}

TEST_F(Upload, IsRefusedWhenTheImageIsNotWhatWasBuilt) {
    const auto folder = *files::TempDir::create("ingot-upload-bad-");
    const auto bad = make_image(folder.path(), "bad");
    auto bytes = *files::read(bad.folder / "disk.raw.zst");
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    ASSERT_TRUE(files::write(bad.folder / "disk.raw.zst", bytes));
    LocalRescue rescue(lane().tools, lane().disk, kImageSize);
    FakeHetzner fake(rescue);
    const hetzner::Account account{.endpoint = fake.endpoint(), .token = crypto::Secret(FakeHetzner::kToken)};
    clock::SystemClock clock;
    hetzner::Hetzner provider(account, options(), kPace, rescue.runner(), clock);
    const publish::Stop stop;
    Notes notes;
    const auto result = provider.publish(*publish::open_image(bad.folder, std::nullopt), notes, stop);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::refused);
    EXPECT_EQ(std::ranges::count(fake.operations(), "POST /servers"), 0) << "nothing was bought for it";
}

} // namespace
} // namespace ingot::tests
