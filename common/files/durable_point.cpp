#include "common/files/durable_point.hpp"

#include <atomic>

namespace ingot::files {

namespace {

std::atomic<DurableHook> hook = nullptr; // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

} // namespace

void set_durable_hook(DurableHook wanted) { hook = wanted; }

void pass_durable_point(const std::filesystem::path& path) {
    if (const auto function = hook.load()) { function(path); }
}

} // namespace ingot::files
