#include "builder/packages/messages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::builder::packages {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(AptSettings, AreTheWayToTheNetworkAndNothingThatWeakensIt) {
    const auto settings = acquire_settings("APT::Install-Recommends \"true\";\n"
                                           "Acquire::http::Proxy \"http://proxy:3142\";\n"
                                           "Acquire::https::Verify-Peer \"false\";\n"
                                           "Acquire::AllowInsecureRepositories \"true\";\n"
                                           "Acquire::Check-Valid-Until \"false\";\n"
                                           "Acquire::Languages \"de\";\n"
                                           "Acquire::Retries \"5\";\n"
                                           "DPkg::Post-Invoke:: \"rm -f /x\";\n");
    EXPECT_EQ(settings, "Acquire::http::Proxy \"http://proxy:3142\";\nAcquire::Check-Valid-Until \"false\";\n"
                        "Acquire::Retries \"5\";\n");
}

struct Failure {
    const char* name;
    const char* said;
    ErrorKind kind;
    const char* message;
};

class AptFailure : public testing::TestWithParam<Failure> {};

TEST_P(AptFailure, IsToldByWhatToDoAboutIt) {
    const auto error = explain_failure("doing it", GetParam().said);
    EXPECT_EQ(error.kind, GetParam().kind) << error.message;
    EXPECT_EQ(error.message, std::string("doing it: ") + GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Table, AptFailure,
    testing::Values(
        Failure{"no_package", "E: Unable to locate package nosuch\n", ErrorKind::invalid_input,
                "Unable to locate package nosuch"},
        Failure{"no_suite",
                "Err:3 http://m/debian nosuch Release\n  404  Not Found\nE: The repository 'http://m/debian nosuch "
                "Release' does not have a Release file.\n",
                ErrorKind::invalid_input,
                "The repository 'http://m/debian nosuch Release' does not have a Release file."},
        Failure{"unknown_key",
                "W: GPG error: http://m/debian trixie InRelease: NO_PUBKEY 6ED0E7B82643E131\n"
                "E: The repository 'http://m/debian trixie InRelease' is not signed.\n",
                ErrorKind::refused,
                "GPG error: http://m/debian trixie InRelease: NO_PUBKEY 6ED0E7B82643E131; The repository "
                "'http://m/debian trixie InRelease' is not signed."},
        Failure{"no_answer",
                "E: Failed to fetch http://m/x  Could not connect\nE: Failed to fetch http://m/x  Could not connect\n"
                "E: Some index files failed to download. They have been ignored, or old ones used instead.\n",
                ErrorKind::transient, "Failed to fetch http://m/x  Could not connect"},
        Failure{"silent", "Segmentation fault\n", ErrorKind::transient, "Segmentation fault"}),
    [](const auto& test) { return test.param.name; });

TEST(AptFailures, NameThePackageInQuestion) {
    EXPECT_EQ(package_in_question("resolving: Unable to locate package nosuch; more"), "nosuch");
    EXPECT_EQ(package_in_question("E: Package 'pg' has no installation candidate"), "pg");
    EXPECT_EQ(package_in_question("the network is down"), "");
}

TEST(FetchFailures, AreToldByTheStatusAndNotByThePortOfTheMirror) {
    const auto kind = [](const std::string& reason) {
        return fetch_failure("E: Failed to fetch http://mirror/a.deb  " + reason + "\n", "http://mirror/a.deb").kind;
    };
    EXPECT_EQ(kind("404  Not Found [IP: 127.0.0.1 80]"), ErrorKind::not_found);
    EXPECT_EQ(kind("410  Gone [IP: 127.0.0.1 80]"), ErrorKind::not_found);
    EXPECT_EQ(kind("File not found - /srv/a.deb (2: No such file or directory)"), ErrorKind::not_found);
    EXPECT_EQ(kind("Undetermined Error [IP: 127.0.0.1 41069]"), ErrorKind::transient);
    EXPECT_EQ(kind("Connection failed [IP: 10.4.0.4 40404]"), ErrorKind::transient);
    EXPECT_EQ(kind("Hash Sum mismatch"), ErrorKind::refused);
    EXPECT_EQ(fetch_failure("", "http://mirror/a.deb").kind, ErrorKind::transient);
}

} // namespace
} // namespace ingot::builder::packages
