#include "builder/publish/credentials.hpp"

#include <cerrno>
#include <cstdlib>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::publish {

namespace {

constexpr mode_t kOthers = 0077;
constexpr std::size_t kLargest = std::size_t{64} << 10U;

} // namespace

Result<crypto::Secret> read_secret(const std::filesystem::path& file, std::string_view what) {
    const files::Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status{};
    if (!fd.valid() || ::fstat(fd.get(), &status) != 0) {
        return fail_errno(errno, text::format("opening {} {}", what, file.string()));
    }
    if (!S_ISREG(status.st_mode)) { return fail(ErrorKind::refused, file.string() + " is not a file"); }
    if (status.st_uid != ::geteuid() || (status.st_mode & kOthers) != 0) {
        return fail(
            ErrorKind::refused,
            text::format("{} is {} others can read (mode {:04o}, uid {}): take it as known to them, make a new "
                         "one, and keep it with chmod 0600",
                         file.string(), what, status.st_mode & 07777U, status.st_uid));
    }
    std::string content(kLargest, '\0');
    std::size_t size = 0;
    while (size < content.size()) {
        const auto count = ::read(fd.get(), content.data() + size, content.size() - size);
        if (count < 0 && errno == EINTR) { continue; }
        if (count < 0) { return fail_errno(errno, "reading " + file.string()); }
        if (count == 0) { break; }
        size += static_cast<std::size_t>(count);
    }
    content.resize(size);
    crypto::Secret secret{std::string(text::trim(content))};
    if (secret.empty()) { return fail(ErrorKind::invalid_input, file.string() + " is empty"); }
    return secret;
}

Result<crypto::Secret> secret_from(const std::string& file, const char* variable, std::string_view what) {
    if (!file.empty()) { return read_secret(file, what); }
    const char* const value = std::getenv(variable);
    if (value == nullptr || *value == '\0') {
        return fail(
            ErrorKind::invalid_input,
            text::format("there is no {}: put it into the environment as {}, or into a file (mode 0600) that is "
                         "named on the command line",
                         what, variable));
    }
    crypto::Secret secret{std::string(text::trim(value))};
    ::unsetenv(variable);
    return secret;
}

} // namespace ingot::builder::publish
