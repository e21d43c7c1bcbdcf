#include "tests/cluster/postgres.hpp"

#include <libpq-fe.h>
#include <poll.h>

#include "common/text/text.hpp"

namespace ingot::tests {

namespace {

using Clock = Postgres::Clock;

/// Waits for the socket. False if `deadline` passed first.
bool wait_for(PGconn* connection, bool writing, Clock::time_point deadline) {
    pollfd waiting{
        .fd = PQsocket(connection), .events = static_cast<short>(writing ? POLLOUT : POLLIN), .revents = 0};
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    return left > 0 && ::poll(&waiting, 1, static_cast<int>(left)) > 0;
}

std::string rows_of(const PGresult* result) {
    std::string text;
    for (int row = 0; row < PQntuples(result); ++row) {
        for (int column = 0; column < PQnfields(result); ++column) {
            text += std::string(column == 0 ? "" : "|") + PQgetvalue(result, row, column);
        }
        text += '\n';
    }
    return text;
}

} // namespace

void Postgres::Close::operator()(pg_conn* connection) const { PQfinish(connection); }

std::string Postgres::problem() const { return std::string(text::trim(PQerrorMessage(connection_.get()))); }

bool Postgres::usable() const { return PQstatus(connection_.get()) == CONNECTION_OK; }

Result<Postgres> Postgres::connect(const std::string& conninfo, std::chrono::milliseconds patience) {
    const auto deadline = Clock::now() + patience;
    Postgres session(PQconnectStart(conninfo.c_str()));
    auto* const connection = session.connection_.get();
    auto next = PGRES_POLLING_WRITING;
    while (connection != nullptr && PQstatus(connection) != CONNECTION_BAD) {
        if (!wait_for(connection, next == PGRES_POLLING_WRITING, deadline)) {
            return fail(ErrorKind::transient, "no session in time");
        }
        next = PQconnectPoll(connection);
        if (next == PGRES_POLLING_OK) {
            PQsetNoticeProcessor(connection, [](void*, const char*) {}, nullptr);
            return session;
        }
        if (next == PGRES_POLLING_FAILED) { break; }
    }
    return fail(ErrorKind::transient, session.problem());
}

Result<std::string> Postgres::table(const std::string& statement, std::chrono::milliseconds patience) {
    const auto deadline = Clock::now() + patience;
    auto* const connection = connection_.get();
    if (PQsendQuery(connection, statement.c_str()) == 0) { return fail(ErrorKind::transient, problem()); }
    std::string rows;
    std::string refusal;
    for (;;) {
        while (PQisBusy(connection) != 0) {
            if (!wait_for(connection, false, deadline)) { return fail(ErrorKind::transient, "no answer in time"); }
            if (PQconsumeInput(connection) == 0) { return fail(ErrorKind::transient, problem()); }
        }
        const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQgetResult(connection), &PQclear);
        if (!result) { break; }
        const auto status = PQresultStatus(result.get());
        if (status == PGRES_TUPLES_OK) {
            rows = rows_of(result.get());
        } else if (status != PGRES_COMMAND_OK) {
            refusal = text::trim(PQresultErrorMessage(result.get()));
        }
    }
    if (!refusal.empty()) { return fail(ErrorKind::tool_failed, refusal); }
    return rows;
}

Result<std::string> Postgres::run(const std::string& statement, std::chrono::milliseconds patience) {
    INGOT_ASSIGN(const auto rows, table(statement, patience), "");
    return rows.substr(0, rows.find_first_of("|\n"));
}

} // namespace ingot::tests
