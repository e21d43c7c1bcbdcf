// Errors as values, for both programs.
//
// A function that can fail returns Result<T>. The class is [[nodiscard]] by itself (std::expected of
// g++ 12 is not), so that dropping an error does not compile. An Error says in `kind` what its
// receiver can do about it, in `message` what happened, and in `trail` what was being done meanwhile,
// outermost first: each level that passes it on adds one line with INGOT_TRY.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ingot {

/// What the receiver of an error can do about it; never where it happened.
enum class ErrorKind {
    invalid_input, ///< a person has to change what they wrote
    not_found,     ///< the thing asked for is not there
    transient,     ///< time may heal it: try again with backoff
    refused,       ///< a safety rule said no: never retried as if it were transient
    tool_failed,   ///< a child process or a daemon reported failure
    bug,           ///< this program contradicts itself
};

/// The kind as one word, as it stands in JSON and in logs.
std::string_view to_string(ErrorKind kind);

/// The exit code of a program that stops because of this kind:
/// 1 failed, 2 bad input, 3 refused, 75 try again (sysexits EX_TEMPFAIL).
int exit_code(ErrorKind kind);

/// A place in a text that a person wrote. Lines and columns start at 1; 0 means unknown.
struct Position {
    std::string file;
    int line = 0;
    int column = 0;

    /// "file:line:column", leaving out what is unknown.
    [[nodiscard]] std::string to_string() const;
};

/// One failure, with the context it gathered on its way up.
struct Error {
    ErrorKind kind = ErrorKind::bug;
    std::string message;
    std::vector<std::string> trail{}; ///< innermost first
    std::optional<Position> position{};

    /// Adds what was being done when this happened ("reading roles/db.yaml").
    [[nodiscard]] Error with_context(std::string_view doing) &&;
    /// "outer: inner: message", for a person.
    [[nodiscard]] std::string to_string() const;
};

/// A value or an Error. Cannot be ignored.
template <typename T>
class [[nodiscard]] Result : public std::expected<T, Error> {
  public:
    using std::expected<T, Error>::expected;
    // NOLINTNEXTLINE(google-explicit-constructor): an Error is a failed Result, like std::unexpected
    Result(Error error) : std::expected<T, Error>(std::unexpect, std::move(error)) {}
};

/// Success of something that gives no value.
using Status = Result<void>;

/// Makes an Error; `fail(ErrorKind::transient, "…")` reads as a sentence.
[[nodiscard]] Error fail(ErrorKind kind, std::string message);
/// An Error from errno: "WHAT: No such file or directory"; kind not_found for ENOENT, transient for
/// EAGAIN, EINTR, ENOSPC, EIO, ETIMEDOUT and the connection errors, else tool_failed.
[[nodiscard]] Error fail_errno(int error_number, std::string_view what);

/// Collects the independent faults of one input, so that all are reported at once.
class Faults {
  public:
    /// Records a fault at `position`. `hint`, if not empty, says what to do.
    void add(Position position, std::string message, std::string hint = {});
    /// Takes over all faults of another collection.
    void merge(Faults other);
    [[nodiscard]] bool empty() const { return faults_.empty(); }
    [[nodiscard]] std::size_t size() const { return faults_.size(); }
    /// One line per fault, sorted by position: "file:line:column: message (hint)".
    [[nodiscard]] std::vector<std::string> lines() const;
    /// All lines as one Error of kind invalid_input. Only for a collection that is not empty.
    [[nodiscard]] Error to_error() const;

  private:
    struct Fault {
        Position position;
        std::string message;
        std::string hint;
    };
    std::vector<Fault> faults_;
};

} // namespace ingot

#define INGOT_CONCAT_IMPL(a, b) a##b
#define INGOT_CONCAT(a, b) INGOT_CONCAT_IMPL(a, b)

/// Runs `expression` (a Result); on failure returns its error with `doing` as context.
#define INGOT_TRY(expression, doing)                                                                                 \
    do {                                                                                                             \
        auto ingot_try_result = (expression);                                                                        \
        if (!ingot_try_result) { return std::move(ingot_try_result).error().with_context(doing); }                   \
    } while (false)

/// Declares or assigns `target` from a Result; on failure returns its error with `doing` as context.
// NOLINTBEGIN(bugprone-macro-parentheses): `target` is a declaration and cannot be put in parentheses
#define INGOT_ASSIGN(target, expression, doing)                                                                      \
    auto INGOT_CONCAT(ingot_assign_, __LINE__) = (expression);                                                       \
    if (!INGOT_CONCAT(ingot_assign_, __LINE__)) {                                                                    \
        return std::move(INGOT_CONCAT(ingot_assign_, __LINE__)).error().with_context(doing);                         \
    }                                                                                                                \
    target = *std::move(INGOT_CONCAT(ingot_assign_, __LINE__))
// NOLINTEND(bugprone-macro-parentheses)
