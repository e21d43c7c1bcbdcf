#include <algorithm>

#include "common/text/text.hpp"
#include "firstboot/timeline/timeline.hpp"

namespace ingot::firstboot::timeline {

namespace {

constexpr std::int64_t kMilli = 1000;

std::string seconds(std::int64_t milliseconds) {
    return text::format("{}.{:03}", milliseconds / kMilli, milliseconds % kMilli);
}

std::int64_t end_of(const std::vector<Bar>& bars) {
    std::int64_t end = 1;
    for (const auto& bar : bars) { end = std::max(end, bar.end_ms); }
    return end;
}

std::string escaped(std::string_view text) {
    auto result = text::replace_all(std::string(text), "&", "&amp;");
    result = text::replace_all(std::move(result), "<", "&lt;");
    return text::replace_all(std::move(result), ">", "&gt;");
}

std::string_view colour(Bar::Kind kind) {
    switch (kind) {
    case Bar::Kind::phase: return "#9aa5b1";
    case Bar::Kind::unit: return "#6baed6";
    case Bar::Kind::step: return "#e6894a";
    }
    return "#000000";
}

} // namespace

std::string to_text(const std::vector<Bar>& bars) {
    constexpr std::int64_t kWidth = 60;
    const auto end = end_of(bars);
    std::size_t longest = 0;
    for (const auto& bar : bars) { longest = std::max(longest, bar.name.size()); }
    std::string screen;
    for (const auto& bar : bars) {
        const auto from = static_cast<std::size_t>(bar.begin_ms * kWidth / end);
        const auto length =
            std::max<std::size_t>(1, static_cast<std::size_t>((bar.end_ms - bar.begin_ms) * kWidth / end));
        const char mark = bar.kind == Bar::Kind::phase ? '-' : bar.kind == Bar::Kind::unit ? '=' : '#';
        auto line = std::string(from, ' ') + std::string(length, mark);
        line.resize(static_cast<std::size_t>(kWidth) + 1, ' ');
        screen += text::format("{:<{}} |{}| {:>8} s  +{} s\n", bar.name, longest, line, seconds(bar.begin_ms),
                               seconds(bar.end_ms - bar.begin_ms));
    }
    return screen;
}

std::string to_svg(const std::vector<Bar>& bars, std::string_view title) {
    constexpr std::int64_t kWidth = 1000;
    constexpr std::int64_t kRow = 20;
    constexpr std::int64_t kTop = 50;
    const auto end = end_of(bars);
    const auto rows = static_cast<std::int64_t>(bars.size());
    constexpr std::int64_t kRoom = 360; // for names behind the last bars
    std::string svg = text::format("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" "
                                   "font-family=\"sans-serif\" font-size=\"12\">\n"
                                   "<text x=\"10\" y=\"20\" font-size=\"16\">{}</text>\n",
                                   kWidth + kRoom, kTop + rows * kRow + kRow, escaped(title));
    constexpr std::int64_t kMostLines = 40;
    const auto step = end / kMilli / kMostLines + 1;
    for (std::int64_t second = 0; second * kMilli <= end; second += step) {
        const auto x = 10 + second * kMilli * kWidth / end;
        svg += text::format("<line x1=\"{0}\" y1=\"{1}\" x2=\"{0}\" y2=\"{2}\" stroke=\"#dddddd\"/>"
                            "<text x=\"{0}\" y=\"{1}\" fill=\"#888888\">{3} s</text>\n",
                            x, kTop - 8, kTop + rows * kRow, second);
    }
    std::int64_t row = 0;
    for (const auto& bar : bars) {
        const auto x = 10 + bar.begin_ms * kWidth / end;
        const auto width = std::max<std::int64_t>(1, (bar.end_ms - bar.begin_ms) * kWidth / end);
        const auto y = kTop + row++ * kRow;
        svg += text::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"/>"
                            "<text x=\"{}\" y=\"{}\">{} ({} s)</text>\n",
                            x, y, width, kRow - 4, colour(bar.kind), x + width + 4, y + 13, escaped(bar.name),
                            seconds(bar.end_ms - bar.begin_ms));
    }
    return svg + "</svg>\n";
}

} // namespace ingot::firstboot::timeline
