// A child that outlives the call that started it: a daemon which this program looks after (the lab's machines).
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "common/result/result.hpp"

namespace ingot::process {

/// What to start. By argv, with a clean environment, standard input empty.
struct BackgroundCommand {
    std::vector<std::string> argv;  ///< argv[0] is looked up in the usual folders
    std::filesystem::path log_file; ///< both outputs are appended to it
    /// A cgroup2 folder that the child enters before it runs its first instruction of the program.
    std::optional<std::filesystem::path> cgroup{};
};

/// A running child. Destroying it ends the child (SIGKILL to its process group) and reaps it.
class Background {
  public:
    static Result<Background> start(const BackgroundCommand& command);
    Background(Background&& other) noexcept;
    Background& operator=(Background&& other) noexcept;
    Background(const Background&) = delete;
    Background& operator=(const Background&) = delete;
    ~Background();

    [[nodiscard]] pid_t pid() const { return pid_; }
    /// The exit code (128+N when ended by signal N) once the child has ended.
    std::optional<int> poll();
    /// Sends a signal to the child alone. Nothing happens if it has ended.
    void signal(int number) const;
    /// Waits until it ends or the time is over.
    std::optional<int> wait(std::chrono::milliseconds timeout);

  private:
    explicit Background(pid_t pid) : pid_(pid) {}
    void end() noexcept;
    pid_t pid_ = -1; ///< -1 once reaped
    std::optional<int> exit_code_{};
};

} // namespace ingot::process
