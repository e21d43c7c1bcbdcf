#include "builder/lab/client/control.hpp"

#include <cerrno>

#include <sys/socket.h>

#include "builder/lab/model/protocol.hpp"
#include "builder/lab/world/sockets.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::lab {

namespace {

Error not_running(const Paths& paths) {
    if (files::exists(paths.lab_json())) {
        return fail(
            ErrorKind::not_found,
            text::format("the lab {0} is not running; start it again with: ingot lab up --name {0}", paths.name));
    }
    return fail(ErrorKind::not_found, text::format("there is no lab {}; make one with: ingot lab up", paths.name));
}

Result<files::Fd> connect(const Paths& paths) {
    auto socket = connect_unix(paths.socket());
    if (!socket && socket.error().kind == ErrorKind::not_found) { return not_running(paths); }
    return socket;
}

} // namespace

bool is_running(const Paths& paths) { return connect_unix(paths.socket()).has_value(); }

Result<json::Json> ask(const Paths& paths, const json::Json& request, std::chrono::milliseconds patience) {
    INGOT_ASSIGN(const auto socket, connect(paths), "");
    INGOT_TRY(send_line(socket, json::to_line(request)), "asking the lab");
    const auto line = receive_line(socket, patience);
    if (line.empty()) {
        return fail(ErrorKind::tool_failed,
                    text::format("the supervisor of the lab {} went away without an answer; see {}", paths.name,
                                 (paths.logs() / "supervisor.log").string()));
    }
    INGOT_ASSIGN(auto answer, json::parse(line), "reading the supervisor's answer");
    return from_answer(std::move(answer));
}

json::Json request_for(const std::string& op, const std::vector<std::string>& members, bool all) {
    json::Json request = {{"op", op}};
    if (all) {
        request["all"] = true;
    } else {
        request["members"] = members;
    }
    return request;
}

Result<Look> look(const Paths& paths, bool deep) {
    INGOT_ASSIGN(const auto answer, ask(paths, {{"op", "status"}, {"deep", deep}}), "");
    INGOT_ASSIGN(auto report, report_from_json(json::member(answer, "report")), "");
    return Look{.report = std::move(report), .pool_open = json::flag_at(answer, "pool_open")};
}

Result<pid_t> supervisor_pid(const Paths& paths) {
    INGOT_ASSIGN(const auto socket, connect(paths), "");
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
        return fail_errno(errno, "asking who serves the lab");
    }
    return credentials.pid;
}

Result<LabState> read_state(const Paths& paths) {
    INGOT_ASSIGN(const auto text, files::read_if_exists(paths.lab_json()), "");
    if (!text) { return not_running(paths); }
    return parse_state(*text);
}

} // namespace ingot::builder::lab
