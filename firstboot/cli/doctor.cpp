#include "firstboot/doctor/doctor.hpp"

#include <algorithm>
#include <cstdio>

#include "firstboot/cli/commands.hpp"
#include "firstboot/system/services.hpp"

namespace ingot::firstboot::cli {

Result<int> doctor() {
    process::PosixProcesses processes;
    SystemctlServices services(processes);
    clock::SystemClock clock;
    Environment environment{
        .root = files::Root(), .processes = processes, .services = services, .clock = clock, .make_http = [] {
            return std::make_unique<http::CurlClient>();
        }};
    const auto findings = doctor::judge(doctor::observe(environment));
    std::printf("%s", doctor::to_screen_text(findings).c_str());
    const bool bad =
        std::ranges::any_of(findings, [](const auto& finding) { return finding.verdict == doctor::Verdict::bad; });
    return bad ? 1 : 0;
}

} // namespace ingot::firstboot::cli
