// Talking to systemd as a Type=notify service: ready, status line, watchdog. Without systemd nothing happens.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace ingot::firstboot::notify {

void ready();
/// The line that `systemctl status` shows.
void status(std::string_view line);
void stopping();
void watchdog();
/// How often watchdog() has to be called at the least, if systemd asks for it.
std::optional<std::chrono::microseconds> watchdog_interval();

} // namespace ingot::firstboot::notify
