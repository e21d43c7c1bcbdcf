#include "firstboot/system/notify.hpp"

#include <cstdint>
#include <string>

#include <systemd/sd-daemon.h>

#include "common/text/text.hpp"

namespace ingot::firstboot::notify {

namespace {

/// A lost notification is not worth a failure: systemd repeats nothing and neither do we.
void send(const std::string& message) { static_cast<void>(::sd_notify(0, message.c_str())); }

} // namespace

void ready() { send("READY=1"); }

void status(std::string_view line) { send("STATUS=" + text::replace_all(std::string(line), "\n", "; ")); }

void stopping() { send("STOPPING=1"); }

void watchdog() { send("WATCHDOG=1"); }

std::optional<std::chrono::microseconds> watchdog_interval() {
    std::uint64_t interval = 0;
    if (::sd_watchdog_enabled(0, &interval) <= 0) { return std::nullopt; }
    return std::chrono::microseconds(interval);
}

} // namespace ingot::firstboot::notify
