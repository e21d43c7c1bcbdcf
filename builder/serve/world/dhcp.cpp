#include "builder/serve/world/dhcp.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>

#include "common/process/background.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::serve {

namespace {

constexpr std::array kLoaders = {"undionly.kpxe", "snponly.efi"};

std::string text_of(in_addr address) {
    std::array<char, INET_ADDRSTRLEN> text{};
    return ::inet_ntop(AF_INET, &address, text.data(), text.size()) == nullptr ? "" : text.data();
}

} // namespace

Result<CardAddress> address_of_card(const std::string& name) {
    ifaddrs* list = nullptr;
    if (::getifaddrs(&list) != 0) { return fail_errno(errno, "asking for the addresses of this machine"); }
    const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owned(list, &::freeifaddrs);
    for (const auto* entry = list; entry != nullptr; entry = entry->ifa_next) {
        if (name != entry->ifa_name || entry->ifa_addr == nullptr || entry->ifa_addr->sa_family != AF_INET) {
            continue;
        }
        // NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast): sockets are so
        const auto address = reinterpret_cast<const sockaddr_in*>(entry->ifa_addr)->sin_addr;
        const auto mask = reinterpret_cast<const sockaddr_in*>(entry->ifa_netmask)->sin_addr;
        // NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)
        return CardAddress{.address = text_of(address), .network = text_of({.s_addr = address.s_addr & mask.s_addr})};
    }
    return fail(ErrorKind::not_found, text::format("this machine has no card {} with an IPv4 address", name));
}

Result<std::unique_ptr<Dhcp>> Dhcp::start(DhcpOptions options, const std::filesystem::path& loaders, Log log) {
    INGOT_ASSIGN(auto folder, files::TempDir::create("ingot-serve-"), "");
    options.scratch = folder.path();
    options.tftp = folder.path() / "tftp";
    INGOT_TRY(files::make_directory(options.tftp), "");
    // dnsmasq drops root and then reads these.
    INGOT_TRY(files::set_ownership(folder.path(), {.mode = 0755}), "");
    for (const auto* name : kLoaders) {
        auto content = files::read(loaders / name);
        if (!content) {
            return fail(ErrorKind::not_found,
                        text::format("there is no {}: apt-get install ipxe", (loaders / name).string()));
        }
        INGOT_TRY(files::write(options.tftp / name, *content), "");
    }
    INGOT_TRY(files::write(folder.path() / "dnsmasq.conf", render_dnsmasq(options)), "");
    std::unique_ptr<Dhcp> dhcp(new Dhcp(std::move(folder), std::move(log))); // NOLINT: private constructor
    auto* const self = dhcp.get();
    dhcp->thread_ = std::jthread([self](const std::stop_token& stop) { self->watch(stop); });
    return dhcp;
}

void Dhcp::watch(const std::stop_token& stop) {
    using std::chrono::seconds;
    constexpr auto kLook = std::chrono::milliseconds(200);
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    const auto log_file = folder_.path() / "dnsmasq.log";
    while (!stop.stop_requested()) {
        // In the foreground, as the user that started us: TFTP and DHCP need root to listen at all. It ends with us
        // also when we are killed; the kernel forgets that order when a program changes its group.
        auto child = process::Background::start(
            {.argv = {"setpriv", "--pdeathsig", "TERM", "dnsmasq", "--keep-in-foreground", "--log-facility=-",
                      "--user=root", "--group=root", "--conf-file=" + (folder_.path() / "dnsmasq.conf").string()},
             .log_file = log_file});
        if (!child) {
            log_("dnsmasq cannot be started: " + child.error().to_string());
        } else {
            std::size_t shown = 0;
            std::optional<int> ended;
            while (!ended && !stop.stop_requested()) {
                wake.wait_for(lock, stop, kLook, [] { return false; });
                ended = child->poll();
                const auto lines = text::lines(files::read(log_file).value_or(""));
                for (; shown < lines.size(); ++shown) { log_("dnsmasq: " + lines[shown]); }
            }
            if (!ended) { return; } // ends with `child`
            log_(text::format("dnsmasq ended with {}; it is started again", *ended));
            static_cast<void>(files::remove_file(log_file).has_value());
        }
        wake.wait_for(lock, stop, seconds(2), [] { return false; });
    }
}

} // namespace ingot::builder::serve
