#include "firstboot/node/facts.hpp"

#include <algorithm>
#include <array>
#include <memory>

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>

#include "cloud-init/userdata/network.hpp"
#include "common/text/text.hpp"
#include "firstboot/node/command_line.hpp"

namespace ingot::firstboot {

namespace {

constexpr std::uint64_t kMebibyte = 1ULL << 20U;

std::optional<std::string> address_text(const sockaddr* address) {
    if (address == nullptr) { return std::nullopt; }
    std::array<char, INET6_ADDRSTRLEN> text{};
    const void* raw = nullptr;
    // NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast): the way of the sockets interface
    if (address->sa_family == AF_INET) {
        raw = &reinterpret_cast<const sockaddr_in*>(address)->sin_addr;
    } else if (address->sa_family == AF_INET6) {
        const auto& ipv6 = reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
        if (IN6_IS_ADDR_LINKLOCAL(&ipv6)) { return std::nullopt; }
        raw = &ipv6;
    } else {
        return std::nullopt;
    }
    // NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)
    if (::inet_ntop(address->sa_family, raw, text.data(), text.size()) == nullptr) { return std::nullopt; }
    return std::string(text.data());
}

std::vector<std::string> own_addresses() {
    ifaddrs* first = nullptr;
    if (::getifaddrs(&first) != 0) { return {}; }
    const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> list(first, &::freeifaddrs);
    std::vector<std::string> addresses;
    for (const ifaddrs* entry = list.get(); entry != nullptr; entry = entry->ifa_next) {
        if ((entry->ifa_flags & IFF_LOOPBACK) != 0 || (entry->ifa_flags & IFF_UP) == 0) { continue; }
        if (auto address = address_text(entry->ifa_addr)) { addresses.push_back(*std::move(address)); }
    }
    return addresses;
}

unsigned own_cpus() {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (::sched_getaffinity(0, sizeof set, &set) != 0) { return 1; }
    return static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
}

std::string text_of(const files::Root& root, std::string_view path) {
    auto content = files::read_if_exists(root.at(path));
    return content && *content ? **std::move(content) : std::string();
}

} // namespace

std::uint64_t usable_memory(std::string_view meminfo, std::string_view cgroup_limit,
                            std::optional<std::string> memory_mib) {
    constexpr std::uint64_t kKibibyte = 1024;
    std::optional<std::uint64_t> least;
    const auto consider = [&least](std::uint64_t bytes) {
        if (bytes > 0) { least = std::min(least.value_or(bytes), bytes); }
    };
    for (const auto& line : text::lines(meminfo)) {
        constexpr std::string_view kName = "MemTotal:";
        if (!line.starts_with(kName)) { continue; }
        auto amount = text::trim(std::string_view(line).substr(kName.size()));
        if (amount.ends_with("kB")) { amount = text::trim(amount.substr(0, amount.size() - 2)); }
        if (const auto kibibytes = text::to_number(amount)) {
            consider(static_cast<std::uint64_t>(*kibibytes) * kKibibyte);
        }
    }
    if (const auto limit = text::to_number(text::trim(cgroup_limit))) { // "max" is no number
        consider(static_cast<std::uint64_t>(*limit));
    }
    if (memory_mib) {
        if (const auto mebibytes = text::to_number(*memory_mib); mebibytes && *mebibytes > 0) {
            consider(static_cast<std::uint64_t>(*mebibytes) * kMebibyte);
        }
    }
    return least.value_or(0);
}

bool in_network(std::string_view address, std::string_view network) {
    const auto block = cloud_init::Network::parse(network);
    const auto own = cloud_init::Address::parse(address);
    return block && own && block->contains(*own);
}

Facts read_facts(const files::Root& root) {
    return {.addresses = own_addresses(),
            .memory_bytes = usable_memory(text_of(root, "/proc/meminfo"), text_of(root, "/sys/fs/cgroup/memory.max"),
                                          option(read_command_line(root), "ingot.memory_mib")),
            .cpus = own_cpus(),
            .image_role = std::string(text::trim(text_of(root, "/usr/lib/ingot/role")))};
}

} // namespace ingot::firstboot
