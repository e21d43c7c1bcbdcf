// A client of PostgreSQL that never waits longer than it is told to.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "common/result/result.hpp"

struct pg_conn;

namespace ingot::tests {

class Postgres {
  public:
    using Clock = std::chrono::steady_clock;

    /// `conninfo` as libpq takes it. transient with libpq's words if there is no session before `patience` is over.
    static Result<Postgres> connect(const std::string& conninfo, std::chrono::milliseconds patience);
    /// One statement; the first column of the first row (empty if there is none). After a timeout the session is
    /// of no use any more: whether the statement was executed is not known.
    Result<std::string> run(const std::string& statement, std::chrono::milliseconds patience);
    /// One statement; all rows, fields with '|' between.
    Result<std::string> table(const std::string& statement, std::chrono::milliseconds patience);
    /// False once the server has hung up.
    [[nodiscard]] bool usable() const;

  private:
    struct Close {
        void operator()(pg_conn* connection) const;
    };
    explicit Postgres(pg_conn* connection) : connection_(connection) {}
    [[nodiscard]] std::string problem() const;
    std::unique_ptr<pg_conn, Close> connection_;
};

} // namespace ingot::tests
