#include "firstboot/datasource/media/blocks.hpp"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "common/files/files.hpp"

namespace ingot::firstboot::media {

namespace {

class FileBlocks final : public Blocks {
  public:
    FileBlocks(files::Fd file, std::string name) : file_(std::move(file)), name_(std::move(name)) {}

    [[nodiscard]] Result<std::string> read(std::uint64_t offset, std::size_t length) const override {
        std::string bytes(length, '\0');
        std::size_t done = 0;
        while (done < length) {
            const auto got =
                ::pread(file_.get(), bytes.data() + done, length - done, static_cast<off_t>(offset + done));
            if (got < 0 && errno == EINTR) { continue; }
            if (got < 0) { return fail_errno(errno, "reading " + name_); }
            if (got == 0) { return fail(ErrorKind::invalid_input, name_ + " ends before what it should hold"); }
            done += static_cast<std::size_t>(got);
        }
        return bytes;
    }

  private:
    files::Fd file_;
    std::string name_;
};

} // namespace

Result<std::unique_ptr<Blocks>> open_blocks(const std::filesystem::path& path) {
    files::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file.valid()) { return fail_errno(errno, "opening " + path.string()); }
    return std::unique_ptr<Blocks>(std::make_unique<FileBlocks>(std::move(file), path.string()));
}

std::uint32_t number_at(std::string_view bytes, std::size_t offset, std::size_t width) {
    std::uint32_t number = 0;
    if (offset > bytes.size() || bytes.size() - offset < width) { return 0; }
    for (std::size_t index = width; index-- > 0;) {
        number = number << 8U | static_cast<unsigned char>(bytes[offset + index]);
    }
    return number;
}

} // namespace ingot::firstboot::media
