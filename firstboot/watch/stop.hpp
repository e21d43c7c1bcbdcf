// The request to end, shared by all threads.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace ingot::firstboot {

class Stop {
  public:
    void request();
    [[nodiscard]] bool requested() const;
    /// Waits. False, at once, if the program is to end.
    bool pause(std::chrono::milliseconds duration);

  private:
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bool requested_ = false;
};

} // namespace ingot::firstboot
