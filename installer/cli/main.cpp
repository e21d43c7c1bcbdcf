// ingot-install: writes a signed image to a disk.
#include <csignal>
#include <cstdio>
#include <exception>
#include <optional>

#include "installer/cli/install.hpp"

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN); // NOLINT(cert-err33-c,bugprone-unused-return-value): cannot fail for SIGPIPE
    try {
        std::optional<int> exit;
        const auto options = ingot::installer::parse_arguments(argc, argv, exit);
        if (exit) { return *exit; }
        const auto result = options ? ingot::installer::install(*options) : ingot::Result<int>(options.error());
        if (result) { return *result; }
        std::fprintf(stderr, "ingot-install: %s\n", result.error().to_string().c_str());
        return ingot::exit_code(result.error().kind);
    } catch (const std::exception& problem) {
        std::fprintf(stderr, "ingot-install: this is a bug in ingot-install, please report it: %s\n", problem.what());
        return 1;
    }
}
