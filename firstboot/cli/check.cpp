#include <cstdio>

#include "cloud-init/userdata/userdata.hpp"
#include "common/files/files.hpp"
#include "firstboot/cli/commands.hpp"

namespace ingot::firstboot::cli {

Result<int> check(const std::string& file) {
    INGOT_ASSIGN(const auto content, files::read(file), "");
    const auto parsed = cloud_init::parse(content, file);
    if (!parsed) {
        std::printf("%s\n", parsed.error().message.c_str());
        return exit_code(parsed.error().kind);
    }
    for (const auto& warning : parsed->warnings) { std::printf("warning: %s\n", warning.c_str()); }
    std::printf("%s: ok\n", file.c_str());
    return 0;
}

} // namespace ingot::firstboot::cli
