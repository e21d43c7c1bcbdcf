// Logging at the edge, once per event. Library code returns errors instead.
//
// Under systemd (JOURNAL_STREAM is set) lines carry the <N> priority prefix that journald reads;
// elsewhere they are plain lines on standard error. Fields are written key=value by the caller.
// A Secret cannot be formatted, so it cannot be logged.
#pragma once

#include <string>
#include <string_view>

namespace ingot::log {

enum class Level { debug, info, warning, error };

/// Sets the lowest level that is written. Default: info.
void set_level(Level level);
void debug(std::string_view message);
void info(std::string_view message);
void warning(std::string_view message);
void error(std::string_view message);

} // namespace ingot::log
