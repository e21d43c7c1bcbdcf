// Child processes: by argv, never through a shell; clean environment; both outputs captured and
// bounded; a timeout that ends the whole process group; exec failure reported as what it is.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result/result.hpp"

namespace ingot::process {

/// What to run. Only argv is required.
struct Command {
    std::vector<std::string> argv; ///< argv[0] is looked up in PATH of `environment`
    /// Added to the clean environment (PATH, LC_ALL=C.UTF-8, HOME=/root). Never put secrets here.
    std::map<std::string, std::string> environment{};
    std::optional<std::filesystem::path> directory{};
    std::string input{}; ///< given on standard input; the place for secrets
    std::chrono::milliseconds timeout = std::chrono::minutes(2);
    std::size_t output_limit = 16U << 20U; ///< bytes kept per stream; the rest is read and dropped
    /// Called with each complete line of either output while the child runs (long builds).
    std::function<void(std::string_view line)> on_line{};

    /// The command as a person would type it.
    [[nodiscard]] std::string to_string() const;
};

/// How a child ended.
struct Output {
    int exit_code = 0; ///< 128+N when ended by signal N
    std::string out{};
    std::string err{};
};

/// Runs commands. The one interface through which both programs start children.
class Processes {
  public:
    virtual ~Processes() = default;
    /// Runs to the end and returns whatever exit code came. Fails only if the child could not be
    /// started (not_found: no such program) or took longer than its timeout (transient).
    virtual Result<Output> run(const Command& command) = 0;
};

/// The real thing: fork and exec on this machine.
class PosixProcesses final : public Processes {
  public:
    Result<Output> run(const Command& command) override;
};

/// Runs and demands exit code 0; otherwise tool_failed with the tail of standard error (or output).
Result<Output> run_checked(Processes& processes, const Command& command);

} // namespace ingot::process
