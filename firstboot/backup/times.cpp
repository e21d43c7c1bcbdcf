#include "firstboot/backup/times.hpp"

#include <algorithm>

#include "common/text/text.hpp"

namespace ingot::firstboot::backup {

clock::WallTime time_at(const json::Json& object, std::string_view key) {
    return clock::WallTime(std::chrono::seconds(json::number_at(object, key).value_or(0)));
}

std::string age(clock::WallTime then, clock::WallTime now) {
    using namespace std::chrono_literals;
    const auto passed = std::max(now - then, 0ms);
    if (passed < 2h) { return text::format("{} minutes", passed / 1min); }
    if (passed < 48h) { return text::format("{} hours", passed / 1h); }
    return text::format("{} days", passed / 24h);
}

} // namespace ingot::firstboot::backup
