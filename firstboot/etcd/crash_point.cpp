#include "firstboot/etcd/crash_point.hpp"

#include <csignal>
#include <cstdlib>

namespace ingot::firstboot::etcd {

void pass_crash_point(std::string_view name) {
    const char* const wanted = std::getenv("INGOT_CRASH_AT"); // NOLINT(concurrency-mt-unsafe): never set here
    if (wanted != nullptr && name == wanted) { static_cast<void>(std::raise(SIGKILL)); }
}

} // namespace ingot::firstboot::etcd
