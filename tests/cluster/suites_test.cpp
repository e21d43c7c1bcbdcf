// Images other than the shipped ones: another PostgreSQL beside the suite's own. Nightly, because it builds.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "common/files/files.hpp"
#include "common/process/process.hpp"
#include "common/text/text.hpp"
#include "tests/cluster/lab_driver.hpp"
#include "tests/places/places.hpp"

namespace ingot::tests {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto kName = "majors";

process::Output run(std::vector<std::string> words, std::chrono::seconds patience = 60s) {
    process::PosixProcesses processes;
    auto output = processes.run({.argv = std::move(words), .timeout = patience});
    if (!output) { return {.exit_code = -1, .out = {}, .err = output.error().to_string()}; }
    return *std::move(output);
}

/// The Debian mirror of this machine's apt.
std::string mirror() {
    for (const auto& line : text::lines(run({"apt-get", "indextargets", "--format", "$(REPO_URI) $(ORIGIN)"}).out)) {
        const auto words = text::split(line, ' ');
        const bool is_debian = words.size() == 2 && words[1] == "Debian";
        if (is_debian && words[0].find("security") == std::string::npos) { return words[0]; }
    }
    return {};
}

/// A copy of the project's specs with one more: db15, which extends db by PostgreSQL 15 from Debian 12.
void write_specs(const fs::path& specs) {
    fs::create_directories(specs / "keys");
    for (const auto& entry : fs::directory_iterator(source_dir() / "roles")) {
        if (entry.is_regular_file()) { fs::copy(entry.path(), specs / entry.path().filename()); }
    }
    fs::copy("/usr/share/keyrings/debian-archive-keyring.gpg", specs / "keys/debian.gpg");
    ASSERT_TRUE(
        files::write(specs / "db15.yaml",
                     text::format("extends: db\nsources:\n  bookworm:\n    uris: [{}]\n    suites: [bookworm]\n"
                                  "    components: [main]\n    signed_by: keys/debian.gpg\n"
                                  "packages: [postgresql-15]\n",
                                  mirror())));
}

class Majors : public testing::Test {
  protected:
    Majors() : folder_(*files::TempDir::create()), lab_(kName, (folder_.path() / "images").string()) {}
    ~Majors() override { lab_.down(); }

    files::TempDir folder_;
    LabDriver lab_;
};

TEST_F(Majors, TheUserDataChoosesAmongThoseOfTheImage) {
    const char* images = std::getenv("INGOT_IMAGES");
    ASSERT_NE(images, nullptr);
    write_specs(folder_.path() / "roles");
    const auto built = run({INGOT_PROGRAM, "build", "db15", "--roles", (folder_.path() / "roles").string(),
                            "--overlays", (source_dir() / "overlays").string(), "--format", "squashfs", "--output",
                            (folder_.path() / "built").string()},
                           900s);
    ASSERT_EQ(built.exit_code, 0) << built.err;
    fs::create_directories(folder_.path() / "images");
    fs::create_directory_symlink(folder_.path() / "built/db15", folder_.path() / "images/db");
    for (const auto* role : {"etcd", "proxy"}) {
        fs::create_directory_symlink(fs::absolute(fs::path(images) / role), folder_.path() / "images" / role);
    }

    const auto cluster = folder_.path() / "cluster";
    ASSERT_EQ(run({INGOT_PROGRAM, "cluster", "init", kName, "--directory", cluster.string()}).exit_code, 0);
    auto text = *files::read(cluster / "cluster.yaml");
    for (const auto& [from, to] : {std::pair("version: 17", "version: 15"), std::pair("  db: 3", "  db: 2")}) {
        ASSERT_NE(text.find(from), std::string::npos) << text;
        text = text::replace_all(text, from, to);
    }
    ASSERT_TRUE(files::write(cluster / "cluster.yaml", text));
    const auto up = lab_.lab({"up", "--images", lab_.images(), (cluster / "cluster.yaml").string()}, 240s);
    ASSERT_EQ(up.exit_code, 0) << up.out << up.err;

    EXPECT_TRUE(lab_.sql("--pool", "SHOW server_version").out.starts_with("15."));
    const auto switched = lab_.exec(lab_.primary(), {"ingot-agent", "switchover"});
    EXPECT_EQ(switched.exit_code, 0) << switched.err;
    EXPECT_TRUE(lab_.wait_healthy(60s)) << "the one that led before follows again";
    EXPECT_EQ(lab_.sql("--pool", "CREATE TABLE after_it (n int)").exit_code, 0);
    EXPECT_TRUE(LabDriver::wait(60s, [&] {
        return lab_.exec(lab_.primary(), {"ingot-agent", "backup", "list"}).out.find("full ") != std::string::npos;
    })) << lab_.exec(lab_.primary(), {"ingot-agent", "backup", "list"}).out;
}

} // namespace
} // namespace ingot::tests
