// `cloud-init status` for the tools that wait on it (Terraform, Packer, Ansible): its words, its JSON, its exit
// codes. 0 done (or running, if nobody waits), 1 failed, 2 done with errors that did not stop it.
#include <algorithm>
#include <cstdio>
#include <thread>

#include "common/files/files.hpp"
#include "common/json/json.hpp"
#include "common/text/text.hpp"
#include "firstboot/cli/commands.hpp"

namespace ingot::firstboot::cli {

namespace {

using json::Json;

struct Answer {
    std::string status; ///< cloud-init's word
    std::string extended;
    std::string detail;
    std::vector<std::string> errors{};
    std::vector<std::string> warnings{};
    std::string since{};
};

/// Commands of the user-data that failed: cloud-init calls such a boot degraded.
std::vector<std::string> failed_commands() {
    std::vector<std::string> failed;
    const auto content = files::read_if_exists("/var/lib/ingot/runcmd.json");
    if (!content || !*content) { return failed; }
    const auto results = json::parse(**content);
    if (!results || !results->is_object()) { return failed; }
    for (const auto& [name, result] : results->items()) {
        const auto code = json::number_at(result, "exit_code").value_or(0);
        const bool number = text::to_number(name).has_value();
        if (code != 0) { failed.push_back(text::format("{}{} exits {}", number ? "runcmd " : "", name, code)); }
    }
    return failed;
}

Answer answer_of(const NodeStatus& status) {
    Answer answer{.since = status.since};
    const bool begun = !status.steps.empty() || status.state != NodeState::starting;
    switch (status.state) {
    case NodeState::starting:
    case NodeState::waiting: answer.status = begun ? "running" : "not started"; break;
    case NodeState::ready: answer.status = "done"; break;
    case NodeState::failed:
        answer.status = "error";
        answer.errors = status.messages;
        break;
    }
    answer.warnings = failed_commands();
    const bool degraded = answer.status == "done" && !answer.warnings.empty();
    answer.extended = (degraded ? "degraded " : "") + answer.status;
    answer.detail = status.messages.empty() ? text::format("ingot-agent: {}", to_string(status.state))
                                            : text::join(status.messages, "; ");
    return answer;
}

std::string to_json(const Answer& answer) {
    Json document{{"boot_status_code", "enabled-by-generator"},
                  {"datasource", "ingot"},
                  {"detail", answer.detail},
                  {"errors", answer.errors}};
    document["extended_status"] = answer.extended;
    document["init"] = {
        {"errors", Json::array()}, {"finished", nullptr}, {"recoverable_errors", Json::object()}, {"start", nullptr}};
    document["last_update"] = answer.since;
    document["recoverable_errors"] = Json::object();
    if (!answer.warnings.empty()) { document["recoverable_errors"]["WARNING"] = answer.warnings; }
    document["schemas"] = Json::object();
    document["stage"] = nullptr;
    document["status"] = answer.status;
    return json::to_text(document);
}

int code_of(const Answer& answer) {
    constexpr int kFailed = 1;
    constexpr int kDegraded = 2;
    if (answer.status == "error") { return kFailed; }
    return answer.status == "done" && !answer.warnings.empty() ? kDegraded : 0;
}

} // namespace

Result<int> cloud_init_status(const CloudInitStatusOptions& options) {
    constexpr auto kPause = std::chrono::milliseconds(250);
    auto current = read_status();
    const auto is_final = [&current] {
        return current && (current->state == NodeState::ready || current->state == NodeState::failed);
    };
    while (options.wait && !is_final()) {
        std::this_thread::sleep_for(kPause);
        current = read_status();
    }
    if (!current) { return std::move(current).error(); }
    const auto answer = answer_of(*current);
    if (options.format == "json") {
        std::printf("%s", to_json(answer).c_str());
    } else {
        std::printf("status: %s\n", answer.status.c_str());
        if (options.details || options.format == "yaml") {
            std::printf("extended_status: %s\ndetail: %s\nlast_update: %s\n", answer.extended.c_str(),
                        answer.detail.c_str(), answer.since.c_str());
        }
    }
    return code_of(answer);
}

} // namespace ingot::firstboot::cli
