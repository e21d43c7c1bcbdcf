#include "firstboot/etcd/duties.hpp"

#include <algorithm>

#include "common/json/json.hpp"
#include "common/log/log.hpp"
#include "common/text/text.hpp"
#include "firstboot/coordination/etcd_settings.hpp"
#include "firstboot/etcd/care.hpp"
#include "firstboot/etcd/disk.hpp"
#include "firstboot/etcd/observe.hpp"
#include "firstboot/etcd/pace.hpp"
#include "firstboot/etcd/render.hpp"
#include "firstboot/etcd/snapshots.hpp"

namespace ingot::firstboot::etcd {

namespace {

using namespace std::chrono_literals;

constexpr auto kDefragmentationTime = std::chrono::minutes(5);
constexpr auto kBetweenDefragmentations = std::chrono::minutes(11);
constexpr auto kBetweenRecoveries = std::chrono::hours(1);

/// What a duty shows while all is well; written by the duty's own thread, read by the same.
using Words = std::shared_ptr<std::string>;

/// The cluster as the leader's agent sees it; nothing beside a follower.
Result<std::optional<ClusterView>> look_as_leader(Member& member) {
    auto own = member.own_session();
    INGOT_ASSIGN(const auto status, own->status(), "");
    if (status.leader == 0 || status.leader != status.member_id) { return std::optional<ClusterView>{}; }
    INGOT_ASSIGN(const auto listed, own->members(), "");
    const std::scoped_lock lock(member.deciding);
    auto view = observe_members(member, status.cluster_id, listed);
    if (!view.quorate) { return fail(ErrorKind::transient, "the cluster has no quorum at the moment"); }
    return std::optional(std::move(view));
}

/// Promotes and evicts learners, and says how the members are.
class Membership {
  public:
    Membership(SharedMember member, Words words) : member_(std::move(member)), words_(std::move(words)) {}

    Status operator()() {
        INGOT_ASSIGN(const auto view, look_as_leader(*member_), "");
        if (!view) {
            *words_ = "the agent beside the leader looks after the cluster";
            return {};
        }
        INGOT_TRY(tend_learner(*view), "");
        const auto lines = complaints(*view);
        if (!lines.empty()) { return fail(ErrorKind::transient, text::join(lines, "; ")); }
        const auto difference = drift(*view, member_->node.config.etcd.founders);
        *words_ = summarise(*view) + (difference.empty() ? "" : "; " + difference);
        return {};
    }

  private:
    LearnerView observe_learner(const EtcdMember& learner) {
        LearnerView view;
        if (const auto own = member_->own_session()->status()) { view.leader_index = own->raft_index; }
        if (!learner.client_urls.empty()) {
            if (auto status = member_->session_with({learner.client_urls.front()})->status()) {
                view.status = *std::move(status);
            }
        }
        const auto address = address_of(learner);
        const auto path = attest_path(member_->node.address);
        view.agent_answers = ask_agent(member_->environment, learner.name, address, path).answer.has_value();
        const auto now = member_->environment.clock.monotonic();
        const auto applied = view.status ? view.status->applied_index : 0;
        if (learner_ != learner.id || applied != applied_) {
            learner_ = learner.id;
            applied_ = applied;
            progress_ = now;
        }
        view.without_progress = std::chrono::duration_cast<std::chrono::seconds>(now - progress_);
        return view;
    }

    Status tend_learner(const ClusterView& view) {
        const auto* const learner = find_learner(view);
        if (learner == nullptr) { return {}; }
        INGOT_ASSIGN(const auto settings, read_etcd_settings(member_->environment.root), "");
        const auto decision = decide_learner(view, observe_learner(learner->member), settings.replace_after);
        auto own = member_->own_session();
        if (const auto* const promote = std::get_if<Promote>(&decision)) {
            log::info(text::format("making the learner {} a voter", label_of(learner->member)));
            return own->promote_member(promote->id);
        }
        if (const auto* const evict = std::get_if<Evict>(&decision)) {
            log::warning(text::format("removing a learner: {}", evict->reason));
            return own->remove_member(evict->id);
        }
        return {};
    }

    SharedMember member_;
    Words words_;
    std::uint64_t learner_ = 0;
    std::int64_t applied_ = 0;
    clock::Monotonic progress_{};
};

/// Defragmentation, and the way out when the space is used up.
class Space {
  public:
    Space(SharedMember member, Words words) : member_(std::move(member)), words_(std::move(words)) {}

    Status operator()() {
        INGOT_ASSIGN(const auto view, look_as_leader(*member_), "");
        auto own = member_->own_session();
        INGOT_ASSIGN(const auto alarms, own->alarms(), "");
        if (!view) { return describe(own, alarms); } // the agent beside the leader acts
        for (const auto& alarm : alarms) {
            if (alarm.kind != "NOSPACE") {
                return fail(
                    ErrorKind::tool_failed,
                    text::format("etcd raised {} at member {}: its data differs from the others'. Replace that "
                                 "machine; the alarm is never cleared by itself",
                                 alarm.kind, hex_id(alarm.member_id)));
            }
        }
        INGOT_ASSIGN(const auto spaces, measure(*view), "");
        if (!alarms.empty()) { return recover(*view); }
        INGOT_TRY(defragment(*view, spaces), "");
        INGOT_TRY(judge(spaces), "");
        return describe(own, alarms);
    }

  private:
    Result<std::vector<MemberSpace>> measure(const ClusterView& view) const {
        std::vector<MemberSpace> spaces;
        for (const auto& listed : view.members) {
            if (listed.member.learner || listed.member.client_urls.empty()) { continue; }
            auto session = member_->session_with({listed.member.client_urls.front()});
            INGOT_ASSIGN(const auto status, session->status(), "");
            spaces.push_back({.id = listed.member.id,
                              .leader = status.leader == listed.member.id,
                              .size = status.db_size,
                              .in_use = status.db_in_use});
        }
        return spaces;
    }

    Status recover(const ClusterView& view) {
        const auto now = member_->environment.clock.monotonic();
        if (last_recovery_ && now - *last_recovery_ < kBetweenRecoveries) {
            return fail(ErrorKind::tool_failed, "etcd has no space left, and making some did not help: something "
                                                "writes more than it should, or the quota is too small");
        }
        last_recovery_ = now;
        std::vector<ClusterSession> sessions;
        for (const auto& listed : view.members) {
            if (!listed.member.client_urls.empty()) {
                sessions.push_back(member_->session_with({listed.member.client_urls.front()}));
            }
        }
        std::vector<ClusterSession*> members;
        for (auto& session : sessions) { members.push_back(&session); }
        auto own = member_->own_session();
        log::warning("etcd has no space left: compacting and defragmenting");
        return make_space(own, members);
    }

    /// One member at a time, only while every one is healthy; the leader hands its office over to nobody, it is
    /// simply last.
    Status defragment(const ClusterView& view, const std::vector<MemberSpace>& spaces) {
        const auto now = member_->environment.clock.monotonic();
        if (last_defragmentation_ && now - *last_defragmentation_ < kBetweenDefragmentations) { return {}; }
        if (!complaints(view).empty() || find_learner(view) != nullptr) { return {}; }
        const auto chosen = choose_defragmentation(spaces);
        if (!chosen) { return {}; }
        last_defragmentation_ = now;
        for (const auto& listed : view.members) {
            if (listed.member.id != *chosen) { continue; }
            log::info(text::format("defragmenting {}", label_of(listed.member)));
            INGOT_TRY(member_->session_with({listed.member.client_urls.front()})->defragment(kDefragmentationTime),
                      "");
            return member_->session()->put(
                member_->key("defragmented"),
                json::to_line({{"member", label_of(listed.member)},
                               {"at", clock::to_rfc3339(member_->environment.clock.now())}}));
        }
        return {};
    }

    static Status judge(const std::vector<MemberSpace>& spaces) {
        for (const auto& space : spaces) {
            if (is_nearly_full(space, kQuotaBytes)) {
                return fail(ErrorKind::tool_failed,
                            text::format("{} of {} of etcd's space are in use at {}",
                                         text::human_bytes(static_cast<std::uint64_t>(space.in_use)),
                                         text::human_bytes(kQuotaBytes), hex_id(space.id)));
            }
        }
        return {};
    }

    /// Of the own member, for status.
    Status describe(ClusterSession& own, const std::vector<EtcdAlarm>& alarms) const {
        INGOT_ASSIGN(const auto status, own->status(), "");
        INGOT_ASSIGN(const auto metrics, read_metrics(*member_), "");
        INGOT_ASSIGN(const auto last, own->get(member_->key("defragmented")), "");
        SpaceView view{.size = status.db_size,
                       .compacted = gauge_from(metrics, "etcd_debugging_mvcc_compact_revision"),
                       .revision = gauge_from(metrics, "etcd_debugging_mvcc_current_revision")};
        for (const auto& alarm : alarms) { view.alarms.push_back(alarm.kind); }
        if (const auto value = last ? json::parse(last->value) : Result<json::Json>(json::Json())) {
            view.defragmented = json::string_at(*value, "member").value_or("");
            view.defragmented_at = json::string_at(*value, "at").value_or("");
        }
        *words_ = describe_space(view, kQuotaBytes);
        return {};
    }

    SharedMember member_;
    Words words_;
    std::optional<clock::Monotonic> last_defragmentation_{};
    std::optional<clock::Monotonic> last_recovery_{};
};

/// Calls at the founders' addresses. A machine that sits there with an empty disk, and whose user-data is of the
/// first day, learns by it that there is a cluster.
class Calls {
  public:
    Calls(SharedMember member, const Words& /*words*/) : member_(std::move(member)) {}

    Status operator()() const {
        for (const auto& [name, address] : member_->node.config.etcd.founders) {
            if (address == member_->node.address) { continue; }
            // Whether it answers is of no interest here.
            static_cast<void>(ask_agent(member_->environment, name, address, attest_path(member_->node.address)));
        }
        return {};
    }

  private:
    SharedMember member_;
};

/// A duty whose object lives as long as it does. What it finds while all is well is shown, and logged when more of it
/// changes than numbers.
template <typename Work>
Duty make_duty(const std::string& name, std::chrono::milliseconds interval, const SharedMember& member) {
    const auto words = std::make_shared<std::string>();
    const auto work = std::make_shared<Work>(member, words);
    const auto said = std::make_shared<std::string>();
    return {.name = name,
            .interval = interval,
            .run = [name, words, work, said]() -> Status {
                INGOT_TRY((*work)(), "");
                auto gist = *words;
                std::erase_if(gist, [](char letter) { return letter >= '0' && letter <= '9'; });
                if (gist != *said) {
                    *said = std::move(gist);
                    log::info(text::format("{}: {}", name, *words));
                }
                return {};
            },
            .words = [words] { return *words; }};
}

} // namespace

Status make_space(ClusterSession& cluster, const std::vector<ClusterSession*>& members) {
    INGOT_ASSIGN(const auto identity, cluster->identify(), "");
    auto compacted = cluster->compact(identity.revision);
    // Somebody may have compacted to this very revision already.
    if (!compacted && compacted.error().message.find("has been compacted") == std::string::npos) { return compacted; }
    for (auto* const member : members) { INGOT_TRY((*member)->defragment(kDefragmentationTime), ""); }
    INGOT_ASSIGN(const auto alarms, cluster->alarms(), "");
    for (const auto& alarm : alarms) {
        if (alarm.kind == "NOSPACE") { INGOT_TRY(cluster->disarm(alarm), ""); }
    }
    INGOT_TRY(cluster->put("/ingot/probe", "space"), "after making space");
    log::info("etcd takes writes again");
    return {};
}

std::vector<Duty> make_duties(const SharedMember& member) {
    std::vector<Duty> duties;
    duties.push_back(make_duty<Membership>("etcd.members", 2s, member));
    duties.push_back(make_duty<Calls>("etcd.calls", 3s, member));
    duties.push_back(make_duty<Space>("etcd.space", 1min, member));
    duties.push_back(make_duty<Pace>("etcd.pace", 1min, member));
    duties.push_back(make_duty<Snapshots>("etcd.snapshots", 1min, member));
    return duties;
}

} // namespace ingot::firstboot::etcd
