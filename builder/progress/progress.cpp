#include "builder/progress/progress.hpp"

#include <algorithm>

#include <sys/ioctl.h>
#include <unistd.h>

#include "common/text/text.hpp"

namespace ingot::builder::progress {

namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kRedrawInterval = std::chrono::milliseconds(100);

std::chrono::milliseconds since(Clock::time_point start) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start);
}

/// Longer lines would wrap, and then there are more of them on the screen than we drew.
std::size_t terminal_width(std::FILE* stream) {
    constexpr std::size_t kUsual = 80;
    winsize size{};
    if (::ioctl(::fileno(stream), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) { return kUsual; }
    return size.ws_col;
}

void put(std::FILE* stream, const std::string& text) {
    // Progress that cannot be shown is no reason to stop.
    static_cast<void>(std::fwrite(text.data(), 1, text.size(), stream));
    static_cast<void>(std::fflush(stream));
}

} // namespace

std::string elapsed_text(std::chrono::milliseconds elapsed) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(elapsed).count();
    constexpr int kMinute = 60;
    if (seconds >= kMinute) { return text::format("{} min {:02} s", seconds / kMinute, seconds % kMinute); }
    return text::format("{:.1f} s", std::chrono::duration<double>(elapsed).count());
}

bool Progress::stderr_is_terminal() { return ::isatty(STDERR_FILENO) == 1; }

Progress::Line& Progress::line(std::string_view name) {
    const auto found = std::ranges::find(lines_, name, &Line::name);
    if (found != lines_.end()) { return *found; }
    lines_.push_back({.name = std::string(name)});
    return lines_.back();
}

void Progress::phase(std::string_view name, std::string_view phase, std::string_view detail) {
    const std::lock_guard lock(mutex_);
    auto& entry = line(name);
    const bool is_new = entry.phase != phase;
    entry.ended = false;
    entry.phase = phase;
    entry.detail = detail;
    if (!live_) {
        if (is_new) { put(stream_, text::format("{}: {}\n", name, phase)); }
    } else if (is_new || Clock::now() - last_drawn_ >= kRedrawInterval) {
        draw();
    }
}

void Progress::done(std::string_view name, std::string_view text) {
    const std::lock_guard lock(mutex_);
    auto& entry = line(name);
    entry.took = since(entry.started);
    entry.phase = text;
    entry.detail.clear();
    entry.ended = true;
    if (live_) {
        draw();
    } else {
        put(stream_, text::format("{}: {} ({})\n", name, text, elapsed_text(entry.took)));
    }
}

void Progress::draw() {
    // Up to the first of our lines, then each anew; nothing else writes to this terminal meanwhile.
    std::string out = drawn_ == 0 ? std::string() : text::format("\x1b[{}A", drawn_);
    const auto width = terminal_width(stream_);
    for (const auto& entry : lines_) {
        const auto took = entry.ended ? entry.took : since(entry.started);
        const auto line =
            text::format("{:<8} {:>8}  {} {}", entry.name, elapsed_text(took), entry.phase, entry.detail);
        out += text::format("\r\x1b[K{}\n", std::string_view(line).substr(0, width - 1));
    }
    drawn_ = lines_.size();
    last_drawn_ = Clock::now();
    put(stream_, out);
}

} // namespace ingot::builder::progress
