#include "builder/publish/report.hpp"

#include <cstdio>

#include "common/text/text.hpp"

namespace ingot::builder::publish {

namespace {

constexpr std::int64_t kMillisecond = 1000;

std::uint64_t rate_of(const Amount& amount) {
    const auto milliseconds = static_cast<std::uint64_t>(amount.elapsed.count());
    return milliseconds == 0 ? 0 : amount.done * kMillisecond / milliseconds;
}

} // namespace

std::int64_t seconds_left(const Amount& amount) {
    const auto rate = rate_of(amount);
    if (rate == 0 || amount.done > amount.total) { return -1; }
    return static_cast<std::int64_t>((amount.total - amount.done + rate - 1) / rate);
}

std::string describe(const Amount& amount) {
    auto text = text::format("{} of {}", text::human_bytes(amount.done), text::human_bytes(amount.total));
    const auto rate = rate_of(amount);
    if (rate > 0) { text += text::format(", {}/s", text::human_bytes(rate)); }
    const auto left = seconds_left(amount);
    if (left >= 0 && amount.done < amount.total) {
        text += text::format(", {} left", progress::elapsed_text(std::chrono::seconds(left)));
    }
    return text;
}

void TextReport::phase(std::string_view image, std::string_view phase) { progress_.phase(image, phase); }

void TextReport::amount(std::string_view image, std::string_view phase, const Amount& amount) {
    progress_.phase(image, phase, describe(amount));
}

void TextReport::percent(std::string_view image, std::string_view phase, int percent) {
    progress_.phase(image, phase, text::format("{} %", percent));
}

void TextReport::note(std::string_view image, std::string_view text) { progress_.phase(image, text); }

void TextReport::done(std::string_view image, std::string_view text, const json::Json& /*fields*/) {
    progress_.done(image, text);
}

void JsonReport::print(const json::Json& value) {
    const auto line = json::to_line(value) + "\n";
    const std::lock_guard lock(mutex_);
    std::fputs(line.c_str(), stdout);
    std::fflush(stdout);
}

void JsonReport::phase(std::string_view image, std::string_view phase) {
    print({{"event", "phase"}, {"image", image}, {"phase", phase}});
}

void JsonReport::amount(std::string_view image, std::string_view phase, const Amount& amount) {
    constexpr auto kInterval = std::chrono::seconds(1);
    {
        const std::lock_guard lock(mutex_);
        const auto now = std::chrono::steady_clock::now();
        auto& last = last_amount_[std::string(image)];
        if (now - last < kInterval && amount.done < amount.total) { return; }
        last = now;
    }
    json::Json value = {{"event", "amount"},   {"image", image},        {"phase", phase},
                        {"done", amount.done}, {"total", amount.total}, {"bytes_per_second", rate_of(amount)}};
    const auto left = seconds_left(amount);
    value["seconds_left"] = left < 0 ? json::Json() : json::Json(left);
    print(value);
}

void JsonReport::percent(std::string_view image, std::string_view phase, int percent) {
    print({{"event", "percent"}, {"image", image}, {"phase", phase}, {"percent", percent}});
}

void JsonReport::note(std::string_view image, std::string_view text) {
    print({{"event", "note"}, {"image", image}, {"text", text}});
}

void JsonReport::done(std::string_view image, std::string_view text, const json::Json& fields) {
    json::Json value = {{"event", "done"}, {"image", image}, {"text", text}};
    for (const auto& [key, field] : fields.items()) { value[key] = field; }
    print(value);
}

} // namespace ingot::builder::publish
