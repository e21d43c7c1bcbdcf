// Golden files: what a renderer writes, kept in tests/golden so that a change of it is seen in review.
//
//     expect_golden("db/patroni.yml", rendered);
//
// INGOT_ACCEPT=1 writes the file anew and marks the test as skipped. On a CI machine (CI=true) that is a
// failure: there, nobody would look at what was accepted.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>

#include "tests/places/places.hpp"
#include <gtest/gtest.h>

namespace ingot::tests {

/// Where a golden file is: tests/golden/<name> of the source tree.
inline std::filesystem::path golden_path(std::string_view name) { return source_dir() / "tests/golden" / name; }

namespace detail {

inline bool is_set(const char* variable) {
    const char* value = std::getenv(variable);
    return value != nullptr && *value != '\0' && std::string_view(value) != "0" && std::string_view(value) != "false";
}

inline void accept_golden(const std::filesystem::path& path, std::string_view actual) {
    if (is_set("CI")) { FAIL() << "INGOT_ACCEPT is refused where CI is set: golden files are accepted by people"; }
    std::error_code ignored;
    std::filesystem::create_directories(path.parent_path(), ignored);
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out << actual;
    out.close();
    if (!out) { FAIL() << "cannot write " << path; }
    GTEST_SKIP() << "accepted " << path;
}

/// The first line at which two texts part, for a message that can be read.
inline std::string first_difference(std::string_view expected, std::string_view actual) {
    std::istringstream left{std::string(expected)};
    std::istringstream right{std::string(actual)};
    std::string a;
    std::string b;
    for (int line = 1;; ++line) {
        const bool has_a = static_cast<bool>(std::getline(left, a));
        const bool has_b = static_cast<bool>(std::getline(right, b));
        if (!has_a && !has_b) { return "only the final line end differs"; }
        if (has_a != has_b || a != b) {
            return "line " + std::to_string(line) + "\n  expected: " + (has_a ? a : "<end of file>") +
                   "\n  actual:   " + (has_b ? b : "<end of text>");
        }
    }
}

} // namespace detail

/// Compares `actual` with tests/golden/<name>, byte by byte.
inline void expect_golden(std::string_view name, std::string_view actual) {
    const std::filesystem::path path = golden_path(name);
    if (detail::is_set("INGOT_ACCEPT")) {
        detail::accept_golden(path, actual);
        return;
    }
    std::ifstream in(path, std::ios::binary);
    if (!in) { FAIL() << "no golden file " << path << "; INGOT_ACCEPT=1 writes it. It would be:\n" << actual; }
    const std::string expected{std::istreambuf_iterator<char>(in), {}};
    if (expected != actual) {
        ADD_FAILURE() << path << " differs at " << detail::first_difference(expected, actual)
                      << "\nINGOT_ACCEPT=1 accepts the new text. It is:\n"
                      << actual;
    }
}

} // namespace ingot::tests
