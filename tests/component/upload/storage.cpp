#include "tests/component/upload/storage.hpp"

#include <cstdlib>
#include <thread>

#include "common/files/files.hpp"
#include "common/process/process.hpp"
#include "common/text/text.hpp"
#include "tests/support/port.hpp"

namespace ingot::tests {

namespace {

namespace fs = std::filesystem;

fs::path modules() {
    const char* const given = std::getenv("INGOT_S3");
    return given == nullptr ? fs::path() : fs::path(given);
}

} // namespace

std::string Storage::why_not() {
    if (!files::exists("/usr/bin/node")) { return "there is no node"; }
    if (modules().empty() || !files::exists(modules() / "@20minutes/s3rver")) {
        return "INGOT_S3 names no folder with the storage server; ./dev test fetches it";
    }
    return {};
}

std::unique_ptr<Storage> Storage::start(const fs::path& folder) {
    process::PosixProcesses processes;
    const auto made =
        processes.run({.argv = {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                                "-nodes", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days",
                                "2", "-keyout", (folder / "s3.key").string(), "-out", (folder / "s3.crt").string()}});
    if (!made || made->exit_code != 0) { return nullptr; }
    fs::create_directories(folder / "s3");
    const auto port = free_port();
    auto server = process::Background::start(
        {.argv = {"node", std::string(INGOT_S3_SERVER), modules().string(), "127.0.0.1", std::to_string(port),
                  (folder / "s3").string(), (folder / "s3.crt").string(), (folder / "s3.key").string(), kBucket,
                  kAccessKey, kSecretKey},
         .log_file = folder / "s3.log"});
    if (!server) { return nullptr; }
    std::unique_ptr<Storage> storage(new Storage(folder, port, *std::move(server)));
    constexpr int kTries = 600;
    for (int tries = 0; tries < kTries; ++tries) {
        if (files::read(folder / "s3.log").value_or("").find("serving") != std::string::npos) { return storage; }
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return nullptr;
}

std::string Storage::object(const std::string& key) const {
    return files::read(folder_ / "s3" / kBucket / (key + "._S3rver_object"), 1ULL << 30U).value_or("");
}

std::size_t Storage::objects() const {
    std::size_t count = 0;
    std::error_code ignored;
    for (const auto& entry : fs::recursive_directory_iterator(folder_ / "s3" / kBucket, ignored)) {
        if (entry.path().filename().string().ends_with("._S3rver_object")) { ++count; }
    }
    return count;
}

} // namespace ingot::tests
