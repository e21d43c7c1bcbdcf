#include "builder/lab/world/control_server.hpp"

#include <chrono>

#include <sys/socket.h>

#include "builder/lab/model/protocol.hpp"
#include "builder/lab/world/sockets.hpp"
#include "common/log/log.hpp"

namespace ingot::builder::lab {

namespace {

constexpr auto kControlTick = std::chrono::milliseconds(200);
constexpr auto kRequestTime = std::chrono::seconds(5);

} // namespace

Status ControlServer::start(ControlServer& server, files::Fd socket, Handler handler,
                            std::function<void(const std::string& op)> answered) {
    constexpr int kBacklog = 64;
    // listen() also notes who serves, which the client asks for by SO_PEERCRED to find our processes.
    if (::listen(socket.get(), kBacklog) != 0) { return fail_errno(errno, "listening on the control socket"); }
    server.listener_ = std::move(socket);
    server.handler_ = std::move(handler);
    server.answered_ = std::move(answered);
    server.thread_ = std::jthread([&server](const std::stop_token& stop) { server.serve(stop); });
    return {};
}

void ControlServer::serve(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        auto accepted = accept_within(listener_, kControlTick);
        if (!accepted) { continue; }
        // Detached: a request may take long, and the supervisor lives until its process ends.
        std::thread([this, socket = std::move(accepted->socket)] {
            const auto line = receive_line(socket, kRequestTime);
            if (line.empty()) { return; }
            const auto request = json::parse(line);
            auto answer = request ? handler_(*request) : Result<json::Json>(request.error());
            if (answer) { (*answer)["ok"] = true; }
            const auto sent = send_line(socket, json::to_line(answer ? *answer : to_answer(answer.error())));
            if (!sent) { log::warning("the client has gone: " + sent.error().to_string()); }
            answered_(request ? json::string_at(*request, "op").value_or("") : "");
        }).detach();
    }
}

} // namespace ingot::builder::lab
