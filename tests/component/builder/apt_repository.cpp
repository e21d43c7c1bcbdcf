#include "tests/component/builder/apt_repository.hpp"

#include <ctime>
#include <stdexcept>

#include "common/crypto/crypto.hpp"
#include "common/process/process.hpp"
#include "common/text/text.hpp"

namespace ingot::tests {

namespace {

namespace fs = std::filesystem;

/// Runs a tool; what it printed.
std::string tool(const process::Command& command) {
    process::PosixProcesses processes;
    const auto output = run_checked(processes, command);
    if (!output) { throw std::runtime_error(output.error().to_string()); }
    return output->out;
}

void must(const Status& status) {
    if (!status) { throw std::runtime_error(status.error().to_string()); }
}

std::vector<std::string> gpg(const fs::path& home, std::vector<std::string> more) {
    std::vector<std::string> argv = {"gpg", "--homedir", home.string(), "--batch", "--yes", "--quiet"};
    argv.insert(argv.end(), more.begin(), more.end());
    return argv;
}

} // namespace

AptRepository::AptRepository() : folder_(*files::TempDir::create("ingot-repository-")) {
    const auto home = folder_.path() / "gpg";
    must(files::make_directory(home, {.mode = 0700}));
    must(files::make_directory(folder()));
    tool({.argv = gpg(home, {"--pinentry-mode", "loopback", "--passphrase", "", "--quick-generate-key",
                             "Ingot test <test@example.org>", "ed25519", "sign", "never"})});
}

AptRepository::~AptRepository() {
    process::PosixProcesses processes;
    (void)processes.run({.argv = {"gpgconf", "--homedir", (folder_.path() / "gpg").string(), "--kill", "all"}});
}

std::string AptRepository::add(const std::string& name, const std::string& version, const std::string& depends,
                               const std::string& more_fields, std::size_t size) {
    const auto tree = folder_.path() / "tree";
    must(files::remove_tree(tree));
    auto control = text::format("Package: {}\nVersion: {}\nArchitecture: all\nMaintainer: Ingot test "
                                "<test@example.org>\nDescription: for a test\n",
                                name, version);
    if (!depends.empty()) { control += "Depends: " + depends + "\n"; }
    must(files::write(tree / "DEBIAN/control", control + more_fields));
    must(files::write(tree / "usr/share" / name / "version", version + "\n"));
    if (size > 0) { must(files::write(tree / "usr/share" / name / "noise", crypto::random_bytes(size))); }
    const auto file = text::format("pool/main/{}_{}_all.deb", name, version);
    must(files::make_directory((folder() / file).parent_path()));
    tool({.argv = {"dpkg-deb", "--root-owner-group", "--build", tree.string(), (folder() / file).string()}});
    return file;
}

void AptRepository::publish() {
    publish("stable", tool({.argv = {"dpkg-scanpackages", "--multiversion", "pool"}, .directory = folder()}));
    publish("stable-updates", "");
}

void AptRepository::publish(const std::string& suite, const std::string& packages) {
    const auto target = folder() / "dists" / suite;
    must(files::write(target / "main/binary-amd64/Packages", packages));
    const std::time_t now = std::time(nullptr);
    std::string date(64, '\0');
    date.resize(std::strftime(date.data(), date.size(), "%a, %d %b %Y %H:%M:%S UTC", std::gmtime(&now)));
    const auto release = folder_.path() / "Release";
    must(files::write(release, text::format("Origin: Ingot test\nSuite: {}\nCodename: {}\nDate: {}\nArchitectures: "
                                            "amd64\nComponents: main\nSHA256:\n {} {} main/binary-amd64/Packages\n",
                                            suite, suite, date, crypto::sha256_hex(packages), packages.size())));
    tool({.argv = gpg(folder_.path() / "gpg",
                      {"--clearsign", "--output", (target / "InRelease").string(), release.string()})});
}

std::string AptRepository::key() const {
    return tool({.argv = gpg(folder_.path() / "gpg", {"--armor", "--export"})});
}

} // namespace ingot::tests
