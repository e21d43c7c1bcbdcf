#include "common/log/log.hpp"

#include <cstdlib>
#include <memory>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace ingot::log {

namespace {

/// journald reads a syslog priority in angle brackets at the start of a line (sd-daemon(3)).
class JournalPriority final : public spdlog::custom_flag_formatter {
  public:
    void format(const spdlog::details::log_msg& message, const std::tm& /*time*/,
                spdlog::memory_buf_t& destination) override {
        std::string_view prefix = "<6>";
        if (message.level == spdlog::level::debug) { prefix = "<7>"; }
        if (message.level == spdlog::level::warn) { prefix = "<4>"; }
        if (message.level == spdlog::level::err) { prefix = "<3>"; }
        destination.append(prefix.data(), prefix.data() + prefix.size());
    }
    [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
        return spdlog::details::make_unique<JournalPriority>();
    }
};

spdlog::logger& logger() {
    static const auto kInstance = [] {
        if (std::getenv("JOURNAL_STREAM") != nullptr) { // NOLINT(concurrency-mt-unsafe): read once, at start
            auto made = spdlog::stderr_logger_mt("ingot");
            auto formatter = std::make_unique<spdlog::pattern_formatter>();
            formatter->add_flag<JournalPriority>('*').set_pattern("%*%v");
            made->set_formatter(std::move(formatter));
            return made;
        }
        auto made = spdlog::stderr_color_mt("ingot");
        made->set_pattern("%^%l%$: %v");
        return made;
    }();
    return *kInstance;
}

} // namespace

void set_level(Level level) {
    switch (level) {
    case Level::debug: logger().set_level(spdlog::level::debug); break;
    case Level::info: logger().set_level(spdlog::level::info); break;
    case Level::warning: logger().set_level(spdlog::level::warn); break;
    case Level::error: logger().set_level(spdlog::level::err); break;
    }
}

void debug(std::string_view message) { logger().debug("{}", message); }
void info(std::string_view message) { logger().info("{}", message); }
void warning(std::string_view message) { logger().warn("{}", message); }
void error(std::string_view message) { logger().error("{}", message); }

} // namespace ingot::log
