// The images under test: those that INGOT_IMAGES names (./dev test builds them first).
#pragma once

#include <array>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <unistd.h>

#include "common/process/process.hpp"

namespace ingot::tests {

inline constexpr std::array kRoles = {"etcd", "db", "proxy"};

inline std::filesystem::path images_folder() {
    const char* folder = std::getenv("INGOT_IMAGES");
    return folder == nullptr ? "" : folder;
}

/// Why these tests cannot run here; empty if they can.
inline std::string why_not() {
    if (::geteuid() != 0) { return "building and looking into images needs root"; }
    for (const auto* role : kRoles) {
        if (!std::filesystem::exists(images_folder() / role / "manifest.json")) {
            return "INGOT_IMAGES names no folder with images; ./dev test builds them";
        }
    }
    return {};
}

/// Runs a command of this machine; what it said comes in `out`, both streams together.
inline process::Output run(std::vector<std::string> argv, std::chrono::minutes timeout = std::chrono::minutes(10)) {
    process::PosixProcesses processes;
    auto output = processes.run({.argv = std::move(argv), .timeout = timeout});
    if (!output) { return {.exit_code = -1, .out = output.error().to_string()}; }
    output->out += output->err;
    return *std::move(output);
}

} // namespace ingot::tests
