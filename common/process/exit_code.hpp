// How a child ended, as one number.
#pragma once

#include <sys/wait.h>

namespace ingot::process {

/// From the status of waitpid(2): the exit code, or 128 and the number of the signal, as shells have it.
inline int exit_code_of(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

} // namespace ingot::process
