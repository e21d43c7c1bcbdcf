#include "firstboot/status/cloud_init.hpp"

#include <gtest/gtest.h>

#include "common/json/json.hpp"

namespace ingot::firstboot {
namespace {

NodeStatus in_state(NodeState state, std::vector<std::string> messages = {}) {
    return {.node = "db-1",
            .state = state,
            .since = "2026-11-23T12:00:00Z",
            .messages = std::move(messages),
            .steps = {{.name = "a", .state = "done", .since = "2026-11-23T12:00:05Z"}},
            .datasource = "hetzner"};
}

struct Row {
    std::string name;
    NodeStatus status;
    std::vector<std::string> warnings;
    // What cloud-init's documentation (explanation/return_codes, explanation/failure_states) has for it.
    std::string word;
    std::string extended;
    int code;
    bool final;
};

class AsCloudInit : public testing::TestWithParam<Row> {};

TEST_P(AsCloudInit, HasItsWordsAndExitCodes) {
    const auto& row = GetParam();
    const auto answer = answer_as_cloud_init(row.status, row.warnings);
    EXPECT_EQ(answer.status, row.word);
    EXPECT_EQ(answer.extended, row.extended);
    EXPECT_EQ(exit_code_of(answer), row.code);
    EXPECT_EQ(is_final(answer), row.final);
    const auto document = json::parse(to_text(answer, CloudInitFormat::json, false, false)).value();
    EXPECT_EQ(json::string_at(document, "status"), row.word);
    EXPECT_EQ(json::string_at(document, "extended_status"), row.extended);
}

const std::vector<std::string> kFailed = {"runcmd 2 exits 1"};

INSTANTIATE_TEST_SUITE_P(
    States, AsCloudInit,
    testing::Values(
        Row{"nothing_yet", {}, {}, "not started", "not started", 0, false},
        Row{"starting", in_state(NodeState::starting), {}, "running", "running", 0, false},
        Row{"waiting", in_state(NodeState::waiting, {"for etcd"}), {}, "running", "running", 0, false},
        Row{"degraded_running", in_state(NodeState::waiting), kFailed, "running", "degraded running", 2, false},
        Row{"done", in_state(NodeState::ready), {}, "done", "done", 0, true},
        Row{"degraded_done", in_state(NodeState::ready), kFailed, "done", "degraded done", 2, true},
        Row{"error", in_state(NodeState::failed, {"u:1:1: bad"}), {}, "error", "error - done", 1, true},
        Row{"error_and_degraded", in_state(NodeState::failed, {"x"}), kFailed, "error", "error - done", 1, true},
        Row{"error_without_words", in_state(NodeState::failed), {}, "error", "error - done", 1, true}),
    [](const auto& row) { return row.param.name; });

TEST(AsCloudInitText, SaysItInEachFormat) {
    const auto answer = answer_as_cloud_init(in_state(NodeState::ready), kFailed);
    EXPECT_EQ(to_text(answer, CloudInitFormat::tabular, false, false), "status: done\n");
    EXPECT_EQ(to_text(answer, CloudInitFormat::tabular, true, true),
              "\nstatus: done\nextended_status: degraded done\nboot_status_code: enabled-by-generator\n"
              "last_update: Mon, 23 Nov 2026 12:00:05 +0000\ndetail: ingot-agent: ready\nerrors: []\n"
              "recoverable_errors:\nWARNING:\n\t- runcmd 2 exits 1\n");
    EXPECT_EQ(
        to_text(answer, CloudInitFormat::yaml, false, false),
        "boot_status_code: enabled-by-generator\ndatasource: hetzner\ndetail: \"ingot-agent: ready\"\nerrors: []\n"
        "extended_status: degraded done\nlast_update: Mon, 23 Nov 2026 12:00:05 +0000\nrecoverable_errors:\n"
        "  WARNING:\n    - runcmd 2 exits 1\nstatus: done\n");
    const auto document = json::parse(to_text(answer, CloudInitFormat::json, false, false)).value();
    std::vector<std::string> keys;
    for (const auto& [key, value] : document.items()) { keys.push_back(key); }
    EXPECT_EQ(keys, (std::vector<std::string>{"boot_status_code", "datasource", "detail", "errors", "extended_status",
                                              "init", "init-local", "last_update", "modules-config", "modules-final",
                                              "recoverable_errors", "stage", "status"}));
    EXPECT_EQ(document.at("recoverable_errors").at("WARNING").at(0), "runcmd 2 exits 1");
    EXPECT_EQ(document.at("modules-final").at("recoverable_errors").at("WARNING").at(0), "runcmd 2 exits 1");
}

} // namespace
} // namespace ingot::firstboot
