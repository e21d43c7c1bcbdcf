// A report that keeps what was said.
#pragma once

#include <mutex>
#include <string>

#include "builder/publish/report.hpp"
#include "common/text/text.hpp"

namespace ingot::tests {

class Notes final : public builder::publish::Report {
  public:
    void phase(std::string_view image, std::string_view phase) override { add(image, phase); }
    void amount(std::string_view, std::string_view, const builder::publish::Amount&) override {}
    void percent(std::string_view, std::string_view, int) override {}
    void note(std::string_view image, std::string_view line) override { add(image, line); }
    void done(std::string_view image, std::string_view line, const json::Json&) override { add(image, line); }
    std::string text;

  private:
    void add(std::string_view image, std::string_view line) {
        const std::lock_guard lock(mutex_);
        text += text::format("{}: {}\n", image, line);
    }
    std::mutex mutex_;
};

} // namespace ingot::tests
