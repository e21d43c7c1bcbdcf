#include "firstboot/status/cloud_init.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include "common/document/document.hpp"
#include "common/json/json.hpp"
#include "common/text/text.hpp"

namespace ingot::firstboot {

namespace {

using json::Json;

constexpr std::string_view kEnabled = "enabled-by-generator";

/// RFC 3339, as our status has it, in the form of strftime's "%a, %d %b %Y %H:%M:%S %z".
std::string mail_date(const std::string& rfc3339) {
    constexpr std::size_t kLength = 20; // 2026-11-23T12:00:00Z
    if (rfc3339.size() != kLength) { return {}; }
    const auto number = [&](std::size_t from, std::size_t count) {
        return static_cast<int>(text::to_number(std::string_view(rfc3339).substr(from, count)).value_or(0));
    };
    const std::chrono::year_month_day date{std::chrono::year(number(0, 4)),
                                           std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                           std::chrono::day(static_cast<unsigned>(number(8, 2)))};
    if (!date.ok()) { return {}; }
    constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::chrono::weekday day{std::chrono::sys_days(date)};
    return text::format("{}, {} {} {} {} +0000", kDays.at(day.c_encoding()), rfc3339.substr(8, 2),
                        kMonths.at(static_cast<unsigned>(date.month()) - 1), rfc3339.substr(0, 4),
                        rfc3339.substr(11, 8));
}

/// The newest moment of all.
std::string newest(const NodeStatus& status) {
    auto moment = status.since;
    for (const auto& step : status.steps) { moment = std::max(moment, step.since); } // RFC 3339 sorts as text
    return moment;
}

Json recoverable(const CloudInitAnswer& answer) {
    auto errors = Json::object();
    if (!answer.warnings.empty()) { errors["WARNING"] = answer.warnings; }
    return errors;
}

/// Its keys, sorted as it sorts them. What failed is laid to the last of its stages.
Json to_document(const CloudInitAnswer& answer) {
    const auto stage = [](const Json& errors, const Json& recoverable_errors) {
        return Json{{"errors", errors},
                    {"finished", nullptr},
                    {"recoverable_errors", recoverable_errors},
                    {"start", nullptr}};
    };
    const auto nothing = stage(Json::array(), Json::object());
    return {{"boot_status_code", kEnabled},
            {"datasource", answer.datasource},
            {"detail", answer.detail},
            {"errors", answer.errors},
            {"extended_status", answer.extended},
            {"init", nothing},
            {"init-local", nothing},
            {"last_update", answer.last_update},
            {"modules-config", nothing},
            {"modules-final", stage(answer.errors, recoverable(answer))},
            {"recoverable_errors", recoverable(answer)},
            {"stage", nullptr},
            {"status", answer.status}};
}

std::string bullets(const std::vector<std::string>& lines) {
    std::string text;
    for (const auto& line : lines) { text += "\n\t- " + line; }
    return text;
}

void write_texts(document::Writer& out, std::string_view key, const std::vector<std::string>& texts) {
    out.key(key).begin_sequence();
    for (const auto& text : texts) { out.text(text); }
    out.end_sequence();
}

std::string to_yaml(const CloudInitAnswer& answer) {
    document::Writer out;
    out.begin_mapping().entry("boot_status_code", kEnabled).entry("datasource", answer.datasource);
    out.entry("detail", answer.detail);
    write_texts(out, "errors", answer.errors);
    out.entry("extended_status", answer.extended).entry("last_update", answer.last_update);
    out.key("recoverable_errors").begin_mapping();
    if (!answer.warnings.empty()) { write_texts(out, "WARNING", answer.warnings); }
    out.end_mapping().entry("status", answer.status).end_mapping();
    return out.finish();
}

} // namespace

CloudInitAnswer answer_as_cloud_init(const NodeStatus& status, std::vector<std::string> warnings) {
    CloudInitAnswer answer{
        .datasource = status.datasource, .last_update = mail_date(newest(status)), .warnings = std::move(warnings)};
    const bool begun = !status.steps.empty() || status.state != NodeState::starting;
    std::string running;
    switch (status.state) {
    case NodeState::starting:
    case NodeState::waiting: running = begun ? "running" : "not started"; break;
    case NodeState::ready: running = "done"; break;
    case NodeState::failed:
        running = "done";
        answer.errors = status.messages;
        if (answer.errors.empty()) { answer.errors.emplace_back("the node has failed"); }
        break;
    }
    const bool degraded = !answer.warnings.empty() && begun;
    answer.status = answer.errors.empty() ? running : "error";
    answer.extended = text::format("{}{}",
                                   !answer.errors.empty() ? "error - "
                                   : degraded             ? "degraded "
                                                          : "",
                                   running);
    answer.detail = status.messages.empty() ? text::format("ingot-agent: {}", to_string(status.state))
                                            : text::join(status.messages, "; ");
    return answer;
}

bool is_final(const CloudInitAnswer& answer) { return answer.status == "done" || answer.status == "error"; }

int exit_code_of(const CloudInitAnswer& answer) {
    constexpr int kFailed = 1;
    constexpr int kDegraded = 2;
    if (!answer.errors.empty()) { return kFailed; }
    return answer.warnings.empty() ? 0 : kDegraded;
}

std::string to_text(const CloudInitAnswer& answer, CloudInitFormat format, bool details, bool waited) {
    if (format == CloudInitFormat::json) { return json::to_text(to_document(answer)); }
    if (format == CloudInitFormat::yaml) { return to_yaml(answer); }
    auto text = text::format("{}status: {}\n", waited ? "\n" : "", answer.status);
    if (!details) { return text; }
    text += text::format("extended_status: {}\nboot_status_code: {}\n", answer.extended, kEnabled);
    if (!answer.last_update.empty()) { text += text::format("last_update: {}\n", answer.last_update); }
    text += text::format("detail: {}\nerrors:{}\n", answer.detail,
                         answer.errors.empty() ? " []" : bullets(answer.errors));
    text += text::format("recoverable_errors:{}\n",
                         answer.warnings.empty() ? " {}" : "\nWARNING:" + bullets(answer.warnings));
    return text;
}

} // namespace ingot::firstboot
