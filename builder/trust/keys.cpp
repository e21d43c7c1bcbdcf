#include "builder/trust/keys.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::trust {

namespace {

namespace fs = std::filesystem;

constexpr mode_t kPrivate = 0600;
constexpr mode_t kOthers = 0077;
constexpr std::size_t kLargestKey = 16384;

fs::path public_file(const fs::path& file) { return file.string() + ".pub"; }

/// Creates a file that was not there; never follows a link.
Status create(const fs::path& file, std::string_view content, mode_t mode) {
    const files::Fd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
    if (!fd.valid() && errno == EEXIST) {
        return fail(ErrorKind::refused, file.string() + " is there already, and a key is never overwritten");
    }
    if (!fd.valid()) { return fail_errno(errno, "creating " + file.string()); }
    if (::fchmod(fd.get(), mode) != 0) { return fail_errno(errno, "protecting " + file.string()); }
    while (!content.empty()) {
        const auto count = ::write(fd.get(), content.data(), content.size());
        if (count < 0 && errno == EINTR) { continue; }
        if (count < 0) { return fail_errno(errno, "writing " + file.string()); }
        content.remove_prefix(static_cast<std::size_t>(count));
    }
    if (::fsync(fd.get()) != 0) { return fail_errno(errno, "writing " + file.string() + " to disk"); }
    return {};
}

} // namespace

Result<std::string> write_new_key(const fs::path& file) {
    constexpr mode_t kReadable = 0644;
    if (files::exists(public_file(file))) {
        return fail(ErrorKind::refused,
                    public_file(file).string() + " is there already, and a key is never overwritten");
    }
    INGOT_ASSIGN(const auto key, crypto::make_signing_key(), "");
    INGOT_ASSIGN(auto fingerprint, crypto::key_fingerprint(key.public_pem), "");
    INGOT_TRY(create(file, key.private_pem.reveal(), kPrivate), "");
    INGOT_TRY(create(public_file(file), key.public_pem, kReadable), "");
    INGOT_TRY(files::sync_directory(fs::absolute(file).parent_path()), "");
    return fingerprint;
}

Result<crypto::Secret> read_private_key(const fs::path& file) {
    const files::Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid()) { return fail_errno(errno, "opening the key " + file.string()); }
    struct stat status{};
    if (::fstat(fd.get(), &status) != 0) { return fail_errno(errno, "looking at the key " + file.string()); }
    if (!S_ISREG(status.st_mode)) { return fail(ErrorKind::refused, file.string() + " is not a file"); }
    if (status.st_uid != ::geteuid()) {
        return fail(ErrorKind::refused, text::format("the key {} belongs to another user (uid {}, you are {})",
                                                     file.string(), status.st_uid, ::geteuid()));
    }
    if ((status.st_mode & kOthers) != 0) {
        return fail(ErrorKind::refused,
                    text::format("others may read the key {} (mode {:04o}); take it as known to them and make a new "
                                 "one, or: chmod 0600 {}",
                                 file.string(), status.st_mode & 07777U, file.string()));
    }
    std::string content(kLargestKey, '\0');
    std::size_t size = 0;
    while (size < content.size()) {
        const auto count = ::read(fd.get(), content.data() + size, content.size() - size);
        if (count < 0 && errno == EINTR) { continue; }
        if (count < 0) { return fail_errno(errno, "reading the key " + file.string()); }
        if (count == 0) { break; }
        size += static_cast<std::size_t>(count);
    }
    content.resize(size); // in place: no copy of it is left behind
    crypto::Secret key(std::move(content));
    INGOT_TRY(crypto::public_key_of(key), "reading the key " + file.string());
    return key;
}

Result<std::string> sign_image(const fs::path& folder, const crypto::Secret& key) {
    const auto manifest = folder / "manifest.json";
    INGOT_ASSIGN(const auto text, files::read(manifest), "reading " + manifest.string());
    INGOT_ASSIGN(const auto signature, crypto::sign(key, text), "signing " + manifest.string());
    INGOT_TRY(files::write(folder / kSignatureFile, signature), "");
    INGOT_ASSIGN(const auto public_pem, crypto::public_key_of(key), "");
    return crypto::key_fingerprint(public_pem);
}

} // namespace ingot::builder::trust
