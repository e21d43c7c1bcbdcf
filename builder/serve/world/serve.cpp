#include "builder/serve/world/serve.hpp"

#include <csignal>
#include <cstdio>
#include <mutex>

#include "builder/serve/world/dhcp.hpp"
#include "builder/serve/world/service.hpp"
#include "common/clock/clock.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::serve {

namespace {

/// A line on standard output, from any thread.
void log_line(const std::string& line) {
    static std::mutex mutex;
    const std::lock_guard lock(mutex);
    std::printf("%s %s\n", clock::to_rfc3339(clock::SystemClock().now()).c_str(), line.c_str());
    std::fflush(stdout);
}

/// What would fail only when a machine asks is found out before.
Status check(const Config& config, const ServeOptions& options) {
    const auto roles = Images(options.images).roles();
    const auto check_purpose = [&](const Purpose& purpose, const std::string& name) -> Status {
        if (!roles.contains(purpose.role)) {
            return fail(
                ErrorKind::not_found,
                text::format("{} is to become {}, but {} has no image that boots from the network: ingot build "
                             "{} --format raw.zst,netboot --output {}",
                             name, purpose.role, options.images.string(), purpose.role, options.images.string()));
        }
        if (purpose.mode == Mode::install && !files::exists(options.images / purpose.role / "install.img")) {
            return fail(
                ErrorKind::not_found,
                text::format("the image of {} cannot be installed to a disk: it needs both formats, raw.zst and "
                             "netboot",
                             purpose.role));
        }
        for (const auto& file : {purpose.user_data, purpose.network_config}) {
            if (file.empty()) { continue; }
            INGOT_TRY(files::read(file), text::format("what {} is to become", name));
        }
        return {};
    };
    for (const auto& machine : config.machines) { INGOT_TRY(check_purpose(machine.purpose, machine.name), ""); }
    for (const auto& places : config.roles) { INGOT_TRY(check_purpose(places.purpose, places.names), ""); }
    return {};
}

Result<std::unique_ptr<Dhcp>> start_dhcp(const ServeOptions& options, std::uint16_t port, std::string& url) {
    INGOT_ASSIGN(const auto card, address_of_card(options.dhcp_card), "");
    if (url.empty()) { url = text::format("http://{}:{}", card.address, port); }
    DhcpOptions dhcp{
        .interface = options.dhcp_card, .network = card.network, .server = url, .own_address = card.address};
    if (!options.dhcp_range.empty()) {
        const auto ends = text::split(options.dhcp_range, ',');
        if (ends.size() != 2) { return fail(ErrorKind::invalid_input, "--dhcp-range is FIRST,LAST"); }
        dhcp.first = ends[0];
        dhcp.last = ends[1];
    }
    return Dhcp::start(std::move(dhcp), options.loaders, log_line);
}

} // namespace

Result<int> serve(const ServeOptions& options) {
    const auto file = options.config.empty() ? options.images / "serve.yaml" : options.config;
    INGOT_ASSIGN(const auto text, files::read(file), "reading what machines are to become");
    INGOT_ASSIGN(const auto config, parse_config(text, file.string(), std::filesystem::absolute(file).parent_path()),
                 "");
    INGOT_TRY(check(config, options), file.string());
    // Before any thread: they inherit it, and only this one waits for the signal.
    sigset_t signals{};
    ::sigemptyset(&signals);
    ::sigaddset(&signals, SIGINT);
    ::sigaddset(&signals, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);

    auto url = options.url;
    std::unique_ptr<Dhcp> dhcp;
    if (!options.dhcp_card.empty()) { INGOT_ASSIGN(dhcp, start_dhcp(options, options.port, url), ""); }
    const auto state_file = options.state_file.empty() ? options.images / ".serve-state.json" : options.state_file;
    INGOT_ASSIGN(const auto service,
                 Service::create({.images = options.images,
                                  .state_file = state_file,
                                  .loaders = options.loaders,
                                  .url = url,
                                  .strict = options.strict},
                                 config, log_line),
                 "");
    INGOT_ASSIGN(const auto server,
                 HttpServer::start(options.address, options.port,
                                   [&service](const HttpRequest& request) { return service->answer(request); }),
                 "");
    log_line(text::format("serving {} on {}:{}; iPXE begins with {}/boot.ipxe", options.images.string(),
                          options.address, server->port(),
                          url.empty() ? text::format("http://…:{}", server->port()) : url));
    int received = 0;
    ::sigwait(&signals, &received);
    log_line("ends");
    return 0;
}

} // namespace ingot::builder::serve
