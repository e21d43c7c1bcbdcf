#include "firstboot/proxy/pool.hpp"

#include <algorithm>

namespace ingot::firstboot::proxy {

int pool_size(std::optional<int> asked, std::optional<int> max_connections, int proxies) {
    constexpr int kLeast = 100; // what cluster_parameters() never goes below
    constexpr int kPercent = 80;
    if (asked) { return *asked; }
    return std::max(1, max_connections.value_or(kLeast) * kPercent / 100 / std::max(1, proxies));
}

} // namespace ingot::firstboot::proxy
