#include "firstboot/timeline/timeline.hpp"

#include <cstdio>

#include "common/files/files.hpp"
#include "common/process/process.hpp"
#include "firstboot/cli/commands.hpp"

namespace ingot::firstboot::cli {

Result<int> timeline(const std::string& svg_file) {
    process::PosixProcesses processes;
    INGOT_ASSIGN(
        const auto bars,
        timeline::read(processes, {kSetupTimelineFile, kTimelineFile}, files::exists("/run/systemd/container")), "");
    if (svg_file.empty()) {
        std::printf("%s", timeline::to_text(bars).c_str());
        return 0;
    }
    const auto status = read_status();
    const auto title = status && !status->node.empty() ? status->node : std::string("this machine");
    INGOT_TRY(files::write(svg_file, timeline::to_svg(bars, title)), "");
    return 0;
}

} // namespace ingot::firstboot::cli
