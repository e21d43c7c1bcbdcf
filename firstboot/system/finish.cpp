#include "firstboot/system/finish.hpp"

#include <algorithm>

#include "common/log/log.hpp"
#include "common/text/text.hpp"
#include "firstboot/system/settings.hpp"

namespace ingot::firstboot {

namespace {

/// As a form wants it.
std::string encoded(std::string_view text) {
    std::string result;
    for (const char letter : text) {
        const bool plain = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                           (letter >= '0' && letter <= '9') || letter == '-' || letter == '_' || letter == '.' ||
                           letter == '~';
        if (plain) {
            result += letter;
        } else {
            result += text::format("%{:02X}", static_cast<unsigned char>(letter));
        }
    }
    return result;
}

std::string value_of(const std::string& key, const Metadata& metadata, const std::string& name,
                     const std::string& fqdn, const files::Root& root) {
    if (key == "instance_id") { return metadata.instance_id; }
    if (key == "hostname") { return name; }
    if (key == "fqdn") { return fqdn; }
    constexpr std::string_view kKey = "pub_key_";
    const auto file = text::format("/etc/ssh/ssh_host_{}_key.pub", std::string_view(key).substr(kKey.size()));
    const auto content = files::read_if_exists(root.at(file));
    return content && *content ? **content : std::string("N/A");
}

Step phone_home_step(const cloud_init::CloudConfig& config, const Metadata& metadata, Environment& environment) {
    return tolerant({.name = "system.phone-home",
                     .description = "phoning home",
                     .frequency = Frequency::per_instance,
                     .apply = [home = *config.machine.phone_home, config, metadata, &environment]() -> Status {
                         const auto full = config.fqdn.value_or(config.hostname.value_or(metadata.hostname));
                         const auto name = config.hostname.value_or(full).substr(0, full.find('.'));
                         std::string body;
                         for (const auto& key : home.post) {
                             body += text::format("{}{}={}", body.empty() ? "" : "&", key,
                                                  encoded(value_of(key, metadata, name, full, environment.root)));
                         }
                         auto url = text::replace_all(home.url, "${INSTANCE_ID}", metadata.instance_id);
                         url = text::replace_all(std::move(url), "$INSTANCE_ID", metadata.instance_id);
                         const auto http = environment.make_http();
                         Error last = fail(ErrorKind::transient, "not tried");
                         for (int attempt = 0; attempt < home.tries; ++attempt) {
                             if (attempt > 0) { environment.clock.sleep(std::chrono::seconds(3)); }
                             auto answer = http->send({.method = "POST",
                                                       .url = url,
                                                       .headers = {"Content-Type: application/x-www-form-urlencoded"},
                                                       .body = body,
                                                       .timeout = std::chrono::seconds(5)});
                             constexpr int kRedirects = 300;
                             if (answer && answer->status >= 200 && answer->status < kRedirects) { return {}; }
                             last = answer ? fail(ErrorKind::transient,
                                                  text::format("POST {}: HTTP {}", url, answer->status))
                                           : std::move(answer).error();
                         }
                         return last;
                     }});
}

Step message_step(const std::string& message, const Metadata& metadata, Environment& environment) {
    return {.name = "system.final-message",
            .description = "the final message",
            .frequency = Frequency::per_instance,
            .apply = [message, datasource = metadata.datasource, &environment]() -> Status {
                const auto uptime = files::read_if_exists(environment.root.at("/proc/uptime"));
                auto seconds = uptime && *uptime ? text::split(**uptime, ' ').front() : std::string("?");
                auto line = message;
                for (const auto& [key, value] : {std::pair<std::string, std::string>{"UPTIME", std::move(seconds)},
                                                 {"TIMESTAMP", clock::to_rfc3339(environment.clock.now())},
                                                 {"DATASOURCE", datasource},
                                                 {"VERSION", "ingot-agent"}}) {
                    line = text::replace_all(std::move(line), "$" + key, value);
                    line = text::replace_all(std::move(line), "${" + key + "}", value);
                }
                for (const auto& one : text::lines(line)) { log::info(one); }
                return {};
            }};
}

Step power_step(const cloud_init::PowerState& power, Environment& environment) {
    return tolerant(
        {.name = "system.power-state",
         .description = text::format("{} as the user-data asks", power.mode),
         .frequency = Frequency::per_instance,
         .apply = [power, &environment]() -> Status {
             const auto flag = power.mode == "reboot" ? "--reboot" : power.mode == "halt" ? "--halt" : "--poweroff";
             // A minute at the least where it says now: the record of this step has to be on the disk.
             auto when = power.delay == "now" ? std::string("+1") : power.delay;
             if (!when.starts_with('+')) { when = "+" + when; }
             std::vector<std::string> argv{"shutdown", flag, when};
             if (!power.message.empty()) { argv.push_back(power.message); }
             INGOT_TRY(process::run_checked(environment.processes, {.argv = std::move(argv)}), "");
             return {};
         }});
}

} // namespace

std::vector<Step> finish_steps(const cloud_init::CloudConfig& config, const Metadata& metadata,
                               Environment& environment) {
    std::vector<Step> steps;
    const auto& machine = config.machine;
    if (machine.final_message) { steps.push_back(message_step(*machine.final_message, metadata, environment)); }
    if (machine.phone_home) { steps.push_back(phone_home_step(config, metadata, environment)); }
    if (machine.power_state) { steps.push_back(power_step(*machine.power_state, environment)); }
    return steps;
}

} // namespace ingot::firstboot
