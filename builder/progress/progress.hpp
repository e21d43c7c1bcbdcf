// Progress of several things at once: on a terminal one live line each, elsewhere a plain line per phase.
#pragma once

#include <chrono>
#include <cstdio>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace ingot::builder::progress {

/// "4.2 s", "1 min 07 s".
std::string elapsed_text(std::chrono::milliseconds elapsed);

/// Safe to call from several threads.
class Progress {
  public:
    /// Writes to `stream`; live if `live`.
    Progress(std::FILE* stream, bool live) : stream_(stream), live_(live) {}
    /// To standard error, live if that is a terminal.
    static bool stderr_is_terminal();

    /// `name` is now in `phase`; `detail` ("17%") changes often and is shown live only.
    void phase(std::string_view name, std::string_view phase, std::string_view detail = {});
    /// `name` has ended; `text` says how.
    void done(std::string_view name, std::string_view text);

  private:
    struct Line {
        std::string name;
        std::string phase;
        std::string detail;
        std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
        std::chrono::milliseconds took{0};
        bool ended = false;
    };
    Line& line(std::string_view name);
    void draw();

    std::FILE* stream_;
    bool live_;
    std::mutex mutex_;
    std::vector<Line> lines_;
    std::size_t drawn_ = 0;
    std::chrono::steady_clock::time_point last_drawn_{};
};

} // namespace ingot::builder::progress
