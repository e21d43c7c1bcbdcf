#include "firstboot/system/as_user.hpp"

#include <iterator>

#include "common/text/text.hpp"

namespace ingot::firstboot {

process::Command as_user(const std::string& user, std::vector<std::string> argv, std::chrono::milliseconds timeout) {
    constexpr auto kOwnWay = std::chrono::seconds(5); // systemd's, beside the program's time
    std::vector<std::string> whole = {
        "systemd-run", "--quiet", "--pipe", "--wait", "--collect", "--service-type=exec",
        text::format("--uid={}", user), "--working-directory=/", "--setenv=LC_ALL=C.UTF-8",
        text::format("--property=RuntimeMaxSec={}ms", timeout.count()), "--property=NoNewPrivileges=yes",
        // That it begins and ends is no news.
        "--property=LogLevelMax=notice", "--"};
    whole.insert(whole.end(), std::make_move_iterator(argv.begin()), std::make_move_iterator(argv.end()));
    return {.argv = std::move(whole), .directory = "/", .timeout = timeout + kOwnWay};
}

} // namespace ingot::firstboot
