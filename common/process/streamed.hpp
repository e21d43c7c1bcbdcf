// A child that is fed while it runs, and can be told to end: for data that does not fit into memory, and for ^C.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "common/process/process.hpp"
#include "common/result/result.hpp"

namespace ingot::process {

struct StreamedCommand : Command {
    /// What comes after `input`, asked for when everything before it has been taken; nothing ends the input.
    std::function<std::optional<std::string>()> feed{};
    /// Looked at several times a second; once true, the child is ended, and the result is `refused`.
    std::function<bool()> cancelled{};
};

/// Like PosixProcesses::run().
Result<Output> run_streamed(const StreamedCommand& command);

/// The same, passed in.
using StreamedRunner = std::function<Result<Output>(const StreamedCommand&)>;

} // namespace ingot::process
