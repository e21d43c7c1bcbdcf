#include "installer/cli/report.hpp"

#include <condition_variable>
#include <cstdio>
#include <mutex>

#include "common/json/json.hpp"
#include "common/text/text.hpp"

namespace ingot::installer {

Reporter::Reporter(std::string machine, const std::string& address) : machine_(std::move(machine)) {
    if (address.empty()) { return; }
    auto url = parse_url(address);
    if (url) {
        address_ = *std::move(url);
    } else {
        say(url.error().to_string());
    }
}

void Reporter::say(const std::string& line) {
    std::printf("ingot-install: %s\n", line.c_str());
    std::fflush(stdout);
}

void Reporter::post(const News& news) {
    if (!address_) { return; }
    const json::Json value = {{"machine", machine_},
                              {"state", news.state},
                              {"detail", news.detail},
                              {"done", news.done},
                              {"total", news.total}};
    const auto posted = client_.post(*address_, json::to_line(value));
    if (posted || complained_) { return; }
    complained_ = true;
    say("nobody hears how it goes: " + posted.error().to_string());
}

Display::Display(const Progress& progress, std::uint64_t total, std::uint64_t compressed, Reporter& reporter)
    : progress_(progress), total_(total), compressed_(compressed), reporter_(reporter),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Display::~Display() = default;

void Display::run(const std::stop_token& stop) {
    constexpr auto kEvery = std::chrono::seconds(2);
    const auto started = std::chrono::steady_clock::now();
    std::mutex mutex;
    std::condition_variable_any wake;
    std::uint64_t broken = 0;
    for (;;) {
        std::unique_lock lock(mutex);
        if (wake.wait_for(lock, stop, kEvery, [] { return false; }) || stop.stop_requested()) { return; }
        const std::uint64_t written = progress_.written;
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
        const auto rate = static_cast<double>(written) / took.count();
        const auto left = rate > 0 ? static_cast<double>(total_ - written) / rate : 0;
        constexpr double kMega = 1e6;
        Reporter::say(text::format("{:3} %  {} of {}  {:.0f} MB/s  {:.0f} s left",
                                   written * 100 / std::max<std::uint64_t>(total_, 1), text::human_bytes(written),
                                   text::human_bytes(total_), rate / kMega, left));
        const std::uint64_t now_broken = progress_.broken_connections;
        if (now_broken != broken) {
            broken = now_broken;
            Reporter::say(text::format("connections broke {} times; it goes on where it was", broken));
        }
        reporter_.post({.state = "installing",
                        .detail = text::format("{} compressed", text::human_bytes(compressed_)),
                        .done = written,
                        .total = total_});
    }
}

} // namespace ingot::installer
