#include "firstboot/timeline/timeline.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <tuple>

#include <time.h>

#include "common/files/files.hpp"
#include "common/json/json.hpp"
#include "common/text/text.hpp"

namespace ingot::firstboot::timeline {

namespace {

constexpr std::int64_t kMicroPerMilli = 1000;

/// The clock of systemd's monotonic time stamps.
std::int64_t now_ms() {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return std::int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1'000'000;
}

using Properties = std::map<std::string, std::string>;

/// Blocks of "Key=value" lines, parted by empty lines.
std::vector<Properties> blocks_of(std::string_view text) {
    std::vector<Properties> blocks(1);
    for (const auto& line : text::lines(text)) {
        if (line.empty()) {
            blocks.emplace_back();
        } else if (const auto equals = line.find('='); equals != std::string::npos) {
            blocks.back()[line.substr(0, equals)] = line.substr(equals + 1);
        }
    }
    return blocks;
}

std::int64_t milliseconds(const Properties& properties, const std::string& key) {
    const auto found = properties.find(key);
    return found == properties.end() ? 0 : text::to_number(found->second).value_or(0) / kMicroPerMilli;
}

} // namespace

void Recorder::begin(std::string_view step) {
    bars_.push_back({.name = std::string(step), .begin_ms = now_ms(), .end_ms = 0});
}

void Recorder::end(std::string_view step) {
    const auto found =
        std::ranges::find_if(bars_, [&](const Bar& bar) { return bar.name == step && bar.end_ms == 0; });
    if (found == bars_.end()) { return; }
    found->end_ms = now_ms();
    json::Json list = json::Json::array();
    for (const auto& bar : bars_) {
        if (bar.end_ms != 0) {
            list.push_back({{"name", bar.name}, {"begin_ms", bar.begin_ms}, {"end_ms", bar.end_ms}});
        }
    }
    static_cast<void>(files::write(file_, json::to_text(list)).has_value());
}

Result<std::vector<Bar>> read_steps(const std::filesystem::path& file) {
    INGOT_ASSIGN(const auto content, files::read(file), "the agent's steps of this boot");
    INGOT_ASSIGN(const auto list, json::parse(content), "the agent's steps of this boot");
    std::vector<Bar> bars;
    if (!list.is_array()) { return bars; }
    for (const auto& entry : list) {
        bars.push_back({.name = json::string_at(entry, "name").value_or("?"),
                        .begin_ms = json::number_at(entry, "begin_ms").value_or(0),
                        .end_ms = json::number_at(entry, "end_ms").value_or(0)});
    }
    return bars;
}

std::vector<Bar> phases_of(std::string_view manager_properties) {
    std::vector<Bar> bars;
    const auto blocks = blocks_of(manager_properties);
    const auto& properties = blocks.front();
    const auto initrd = milliseconds(properties, "InitRDTimestampMonotonic");
    const auto userspace = milliseconds(properties, "UserspaceTimestampMonotonic");
    const auto finish = milliseconds(properties, "FinishTimestampMonotonic");
    const auto add = [&bars](const char* name, std::int64_t begin, std::int64_t end) {
        if (end > begin) {
            bars.push_back({.name = name, .begin_ms = begin, .end_ms = end, .kind = Bar::Kind::phase});
        }
    };
    add("kernel", 0, initrd > 0 ? initrd : userspace);
    if (initrd > 0) { add("initrd", initrd, userspace); }
    add("userspace", userspace, finish);
    return bars;
}

std::vector<Bar> units_of(std::string_view unit_properties) {
    std::vector<Bar> bars;
    for (const auto& properties : blocks_of(unit_properties)) {
        const auto id = properties.find("Id");
        const auto begin = milliseconds(properties, "InactiveExitTimestampMonotonic");
        const auto end = milliseconds(properties, "ActiveEnterTimestampMonotonic");
        if (id == properties.end() || begin == 0 || end < begin) { continue; }
        bars.push_back({.name = id->second, .begin_ms = begin, .end_ms = end, .kind = Bar::Kind::unit});
    }
    return bars;
}

std::vector<Bar> from_own_begin(std::vector<Bar> bars) {
    const auto userspace = std::ranges::find(bars, "userspace", &Bar::name);
    if (userspace == bars.end()) { return bars; }
    const auto origin = userspace->begin_ms;
    std::erase_if(bars, [origin](const Bar& bar) { return bar.begin_ms < origin; });
    for (auto& bar : bars) {
        bar.begin_ms -= origin;
        bar.end_ms -= origin;
    }
    return bars;
}

Result<std::vector<Bar>> read(process::Processes& processes, const std::vector<std::filesystem::path>& files,
                              bool container) {
    std::vector<Bar> bars;
    for (const auto& file : files) {
        INGOT_ASSIGN(auto steps, read_steps(file), "");
        for (auto& bar : steps) { bars.push_back(std::move(bar)); }
    }
    const auto show = [&](std::vector<std::string> arguments) -> Result<std::string> {
        std::vector<std::string> argv{"systemctl", "show"};
        argv.insert(argv.end(), arguments.begin(), arguments.end());
        INGOT_ASSIGN(const auto output,
                     process::run_checked(processes, {.argv = std::move(argv), .timeout = std::chrono::seconds(20)}),
                     "asking systemd");
        return output.out;
    };
    INGOT_ASSIGN(const auto manager,
                 show({"--property=InitRDTimestampMonotonic,UserspaceTimestampMonotonic,FinishTimestampMonotonic"}),
                 "");
    INGOT_ASSIGN(
        const auto units,
        show({"--type=service", "--property=Id,InactiveExitTimestampMonotonic,ActiveEnterTimestampMonotonic", "*"}),
        "");
    for (auto& bar : phases_of(manager)) { bars.push_back(std::move(bar)); }
    for (auto& bar : units_of(units)) { bars.push_back(std::move(bar)); }
    if (container) { bars = from_own_begin(std::move(bars)); }
    std::ranges::sort(bars, {}, [](const Bar& bar) { return std::tuple(bar.begin_ms, -bar.end_ms, bar.name); });
    return bars;
}

} // namespace ingot::firstboot::timeline
