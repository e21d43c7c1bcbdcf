#include "firstboot/watch/stop.hpp"

namespace ingot::firstboot {

void Stop::request() {
    {
        const std::scoped_lock lock(mutex_);
        requested_ = true;
    }
    changed_.notify_all();
}

bool Stop::requested() const {
    const std::scoped_lock lock(mutex_);
    return requested_;
}

bool Stop::pause(std::chrono::milliseconds duration) {
    std::unique_lock lock(mutex_);
    return !changed_.wait_for(lock, duration, [this] { return requested_; });
}

} // namespace ingot::firstboot
