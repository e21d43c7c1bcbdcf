// `cloud-init status` for the tools that wait on it (Terraform, Packer, Ansible): firstboot/status/cloud_init.hpp has
// what it says.
#include <cstdio>
#include <thread>

#include "common/files/files.hpp"
#include "common/json/json.hpp"
#include "common/text/text.hpp"
#include "firstboot/cli/commands.hpp"
#include "firstboot/status/cloud_init.hpp"

namespace ingot::firstboot::cli {

namespace {

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

CloudInitFormat format_of(std::string_view word) {
    if (word == "json") { return CloudInitFormat::json; }
    return word == "yaml" ? CloudInitFormat::yaml : CloudInitFormat::tabular;
}

} // namespace

Result<int> cloud_init_status(const CloudInitStatusOptions& options) {
    constexpr auto kPause = std::chrono::milliseconds(250);
    const auto format = format_of(options.format);
    for (;;) {
        // Not readable yet or no more: whoever waits goes on waiting, as with cloud-init.
        const auto current = read_status();
        if (!current && !options.wait) { return current.error(); }
        const auto answer = answer_as_cloud_init(current.value_or(NodeStatus{}), failed_commands());
        if (!options.wait || is_final(answer)) {
            std::printf("%s", to_text(answer, format, options.details, options.wait).c_str());
            return exit_code_of(answer);
        }
        if (format == CloudInitFormat::tabular) { std::printf("."); }
        std::fflush(stdout);
        std::this_thread::sleep_for(kPause);
    }
}

} // namespace ingot::firstboot::cli
