#include "builder/serve/world/images.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include "builder/artefacts/manifest.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::serve {

namespace fs = std::filesystem;

namespace {

constexpr int kPartial = 206;
constexpr int kUnsatisfiable = 416;

HttpAnswer not_found() { return {.status = 404, .body = "there is no such file\n"}; }

} // namespace

HttpAnswer file_answer(const fs::path& file, const std::string& range) {
    files::Fd fd(
        ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)); // NOLINT(cppcoreguidelines-pro-type-vararg)
    struct stat status{};
    if (!fd.valid() || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) { return not_found(); }
    const auto size = static_cast<std::uint64_t>(status.st_size);
    const auto wanted = range_of(range, size);
    HttpAnswer answer{.type = "application/octet-stream", .headers = {{"Accept-Ranges", "bytes"}}};
    if (wanted.kind == RangeKind::unsatisfiable) {
        return {.status = kUnsatisfiable,
                .headers = {{"Content-Range", text::format("bytes */{}", size)}},
                .body = "the file has no such part\n"};
    }
    if (wanted.kind == RangeKind::part) {
        answer.status = kPartial;
        answer.headers["Content-Range"] =
            text::format("bytes {}-{}/{}", wanted.part.offset, wanted.part.offset + wanted.part.length - 1, size);
    }
    answer.file = FileBody{.fd = std::move(fd), .offset = wanted.part.offset, .length = wanted.part.length};
    return answer;
}

bool Images::is_listed(const std::string& role, const std::string& name) {
    if (name == "manifest.json" || name == "manifest.json.sig") { return true; }
    const auto file = folder_ / role / "manifest.json";
    std::error_code problem;
    const auto time = fs::last_write_time(file, problem);
    if (problem) { return false; }
    const std::lock_guard lock(mutex_);
    auto& known = known_[role];
    if (known.names.empty() || known.time != time) {
        known = {.time = time, .names = {}};
        const auto text = files::read(file);
        const auto manifest = text ? artefacts::parse_manifest(*text) : Result<artefacts::Manifest>(text.error());
        if (!manifest) { return false; }
        for (const auto& listed : manifest->files) { known.names.insert(listed.name); }
    }
    return known.names.contains(name);
}

HttpAnswer Images::answer(const std::string& role, const std::string& name, const std::string& range) {
    return is_listed(role, name) ? file_answer(folder_ / role / name, range) : not_found();
}

std::set<std::string> Images::roles() const {
    std::set<std::string> found;
    for (const auto& name : files::list(folder_).value_or(std::vector<std::string>{})) {
        if (files::exists(folder_ / name / "boot.ipxe")) { found.insert(name); }
    }
    return found;
}

} // namespace ingot::builder::serve
